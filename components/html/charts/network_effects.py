"""Interventions in the figure of a run: the controls with which a visitor leaves out a part, and what that changed."""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from components.analysis.occlusion import EFFECT_COLORS
from components.html.charts.network_cells import Cells
from components.html.charts.network_maps import packed, pooled, steps_of
from models.schema import EachHead, EachLatent, Effects, InputsAt, Intervention, ModelShape, Stages

COLORS = steps_of(EFFECT_COLORS)
BINS = 128
"""Most cells of a map of one head; of more cells, neighbors share one. Those of an image are at most 256."""
CONTROLS = Markup("""<div class="network-controls">
<button type="button" data-mark aria-pressed="false">Mark inputs to leave out</button>
<button type="button" data-without="inputs" disabled>Run without them</button>
<button type="button" data-reset hidden>Show all inputs again</button>
<button type="button" data-without="latents"{measured}>Switch each latent off</button>
<p class="caption">{caption}</p>
</div>""")
HINT = "Leave out inputs or latents, and see how the predictions change."
LATENTS = (
    "Below each latent: change in the probability of the selected output, in percentage points, if the model runs "
    "without that latent."
)
COMPARISON = Markup("""<section class="network-comparison"><h3>Without {count:,} of {inputs:,} inputs</h3>
<div class="network-bars" aria-hidden="true">
<b>Probability of <span data-bar="name"></span></b><span class="network-axis"><span>0%</span><span>100%</span></span>
<span>With all inputs</span><span class="network-bar"><i data-bar="before"></i></span><output data-bar="with"></output>
<span>Without them</span><span class="network-bar"><i data-bar="after"></i><i data-bar="change"></i></span>
<output data-bar="without"></output></div>
<p class="caption" data-bar="says"></p>
<table class="sr-only"><caption>Probability of each output, with and without these inputs</caption>
<thead><tr><th scope="col">Output</th><th scope="col">With all inputs</th><th scope="col">Without them</th>
<th scope="col">Change</th><th scope="col">Attention to them</th></tr></thead><tbody>{rows}</tbody></table>
</section>""")
ROW = Markup(
    '<tr><th scope="row">{}</th><td>{:.1%}</td><td>{:.1%}</td><td>{:+.1f} percentage points</td><td>{:.1%}</td></tr>'
)
HEADS = Markup("""<div class="network-heads">{button}
<p class="caption">{caption}</p>{grid}</div>""")
SWITCH_HEADS = Markup('<button type="button" data-without="heads"{}>Switch each head off</button>')
BEFORE_HEADS = "One head of one layer at a time adds nothing to the output of its layer: what changes?"
TOO_LARGE = "This model is too large to run without each head on this computer. Choose the demo model."
CHANGES = Markup(
    'Change in the probability of <span data-bar="name"></span> without each head, in percentage points. The attention '
    "of every head sums to 1, so there is no rank correlation."
)
GRID = Markup("""<div class="network-scroll" tabindex="0" role="region" aria-label="Effects of heads">
<table class="network-grid" aria-label="Change of the probability without each head, in percentage points">
<thead><tr><th scope="col">Layer</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>
<p class="network-scale diverging"></p>""")
MAPS = Markup("""<div class="network-maps" data-heads="{side}"><p class="caption">{caption}</p>{maps}
<p class="network-scale colored"></p></div>""")
MAP = Markup('<span class="network-map"><canvas role="img"></canvas>head {}: <b></b></span>')


def controls(effects: Mapping[Intervention, Effects] | None) -> Markup:
    """Nothing where the outputs have no probabilities."""
    if effects is None:
        return Markup()
    measured = EachLatent() in effects
    return CONTROLS.format(measured=Markup(" hidden") if measured else "", caption=LATENTS if measured else HINT)


def comparison(stages: Stages, outputs: Cells) -> Markup:
    """Bars, which the browser draws for one output, and a table of all of them; nothing while no input is left out."""
    intervention, effects = _inputs_left_out(stages)
    if intervention is None or effects is None or effects.attention is None:
        return Markup()
    columns = outputs.names, effects.probability, effects.without[0], effects.attention[:, 0]
    rows = (
        ROW.format(name, before, after, 100 * (after - before), attention)
        for name, before, after, attention in zip(*columns, strict=True)
    )
    count, inputs = len(intervention.indices), stages.inputs.shape[1]
    return COMPARISON.format(count=count, inputs=inputs, rows=Markup("").join(rows))


def heads(stages: Stages, shape: ModelShape) -> Markup:
    """The effects of heads as a grid of layers and heads, which the browser fills for one output."""
    if stages.effects is None:
        return Markup()
    if stages.layers is None:
        return HEADS.format(button="", caption=TOO_LARGE, grid="")
    found = _by_layer(stages)
    if not found:
        return HEADS.format(button=SWITCH_HEADS.format(""), caption=BEFORE_HEADS, grid="")
    last = shape.blocks * shape.layers + 1
    columns = max(len(effects.without) for effects in found.values())
    rows = (
        _grid_row(layer, {0: "Encoder", last: "Decoder"}.get(layer, str(layer)), found, columns)
        for layer in range(last + 1)
    )
    names = Markup("").join(Markup('<th scope="col">{}</th>').format(head) for head in range(columns))
    grid = GRID.format(heads=names, rows=Markup("").join(rows))
    return HEADS.format(button="", caption=CHANGES, grid=grid)


def head_maps(stages: Stages, side: str) -> Markup:
    """Small maps, which the browser draws for one output. side: "encoder" or "decoder"."""
    effects = next(
        (each for layer, each in _by_layer(stages).items() if _side(layer) == side and each.maps is not None), None
    )
    if effects is None:
        return Markup()
    where = "the inputs, through all latents" if side == "encoder" else "the latents"
    maps = Markup("").join(MAP.format(head) for head in range(len(effects.without)))
    return MAPS.format(
        side=side, caption=Markup('Attention of <span data-bar="name"></span> to {}').format(where), maps=maps
    )


def effects_data(stages: Stages, inputs: Cells) -> dict[str, object] | None:
    """What the browser shows of the effects. Probabilities are those of each output."""
    if stages.effects is None:
        return None
    latents, by_layer = stages.effects.get(EachLatent()), _by_layer(stages)
    return {
        "probability": next((_rounded(each.probability) for each in stages.effects.values()), []),
        "latents": latents
        and {
            "without": _rounded(latents.without),
            "correlation": [None if np.isnan(each) else round(float(each), 2) for each in latents.rank_correlation],
        },
        "inputs": _inputs_data(stages, inputs),
        "heads": {layer: _rounded(each.without) for layer, each in by_layer.items()},
        "maps": {
            _side(layer): _packed_heads(each.maps, inputs if layer == 0 else None)
            for layer, each in by_layer.items()
            if each.maps is not None
        },
        "colors": COLORS,
    }


def _inputs_data(stages: Stages, inputs: Cells) -> dict[str, object] | None:
    intervention, effects = _inputs_left_out(stages)
    if intervention is None or effects is None or effects.attention is None:
        return None
    return {
        "cells": _cells_of(intervention.indices, inputs),
        "without": _rounded(effects.without[0]),
        "attention": _rounded(effects.attention[:, 0]),
    }


def _grid_row(layer: int, name: str, found: Mapping[int, Effects], columns: int) -> Markup:
    count = len(found[layer].without) if layer in found else columns
    cells = Markup("").join(Markup("<td>{}</td>").format("" if layer in found else "…") for _ in range(count))
    return Markup('<tr data-layer="{}"><th scope="row">{}</th>{}</tr>').format(layer, name, cells)


def _by_layer(stages: Stages) -> dict[int, Effects]:
    return {each.layer: effects for each, effects in (stages.effects or {}).items() if isinstance(each, EachHead)}


def _side(layer: int) -> str:
    return "decoder" if layer else "encoder"


def _inputs_left_out(stages: Stages) -> tuple[InputsAt | None, Effects | None]:
    found = ((each, effects) for each, effects in (stages.effects or {}).items() if isinstance(each, InputsAt))
    return next(found, (None, None))


def _cells_of(indices: Sequence[int], inputs: Cells) -> list[int]:
    return list(indices) if inputs.pool is None else np.unique(inputs.pool[list(indices)]).tolist()


def _packed_heads(maps: np.ndarray, inputs: Cells | None) -> dict[str, object]:
    """[H, R, M] -> rows of heads and outputs. bin: cells that share one value."""
    rows = maps.reshape(-1, maps.shape[-1])
    rows = rows if inputs is None else pooled(rows, inputs)
    size = 1 if inputs is None or inputs.pool is not None else -(-rows.shape[1] // BINS)
    return {"bin": size, **packed(np.add.reduceat(rows, np.arange(0, rows.shape[1], size), axis=1))}


def _rounded(values: np.ndarray) -> list:
    return values.astype(float).round(4).tolist()
