"""A run as a figure: inputs, latents and outputs, and the attention between them, as the browser lights it up.

The markup has the cells and the maps; `components/js/network.js` shows what a cell attends to and what attends to it.
"""

import json

from markupsafe import Markup

from components.html.charts.network_blocks import network_blocks
from components.html.charts.network_cells import Cells, box_of, cell_of
from components.html.charts.network_effects import comparison, controls, effects_data
from components.html.charts.network_maps import packed, pooled, steps_of
from models.schema import ModelShape, Stages

COLORS = steps_of("cividis")
PANEL = Markup("""<section data-stage="{side}"><h3>{title}</h3><p class="caption">{caption}</p>
{cells}<p class="network-scale"></p></section>""")
FIGURE = Markup("""<figure class="network" data-maps="{maps}">
<div class="network-panels">{panels}<svg class="network-bands" aria-hidden="true"></svg></div>
{steps}
{controls}
{comparison}
<p class="network-says" role="status"></p>
{blocks}
</figure>""")
STEPS = Markup("""<div class="network-steps">
<button type="button" data-play aria-pressed="false">Play</button>
<label>Latents after layer <input type="range" min="0" max="{last}" value="{last}" step="1"></label>
<output>{last} of {last}</output>
</div>""")


def network(
    stages: Stages, shape: ModelShape, inputs: Cells, outputs: Cells, focus: int = 0, latents: Cells | None = None
) -> Markup:
    """The figure. The attention of inputs that share a cell is added up.

    shape: of the model. focus: the output that it shows first. latents: their cells, if they are more than numbers.
    """
    latents = latents or _latents(stages)
    encoder, reached = (pooled(rows, inputs) for rows in (stages.encoder, stages.inputs))
    maps = {
        "count": stages.count,
        "decoder": packed(stages.decoder),
        "encoder": packed(encoder),
        "inputs": packed(reached),
        "layers": None if stages.layers is None else [packed(layer) for layer in stages.layers],
        "colors": COLORS,
        "focus": focus,
        "effects": effects_data(stages, inputs),
    }
    panels = (("inputs", inputs), ("latents", latents), ("outputs", outputs))
    return FIGURE.format(
        maps=json.dumps(maps, separators=(",", ":")),
        panels=Markup("").join(
            PANEL.format(side=side, title=side.capitalize(), caption=cells.caption, cells=cells.markup)
            for side, cells in panels
        ),
        steps="" if stages.layers is None else STEPS.format(last=len(stages.layers) - 1),
        controls=controls(stages.effects),
        comparison=comparison(stages, outputs),
        blocks=network_blocks(stages, shape, inputs.total, outputs.total),
    )


def _latents(stages: Stages) -> Cells:
    shown, count = len(stages.latents), stages.count
    names = [f"latent {latent}" for latent in stages.latents]
    cells = (cell_of("latents", k, name, str(stages.latents[k])) for k, name in enumerate(names))
    caption = f"{count:,} latents" + (f", {shown} with most attention shown" if shown < count else "")
    return Cells(box_of("latents", "numbers", Markup("").join(cells)), names, caption)
