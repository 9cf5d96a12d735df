"""A run as a figure: inputs, latents and outputs, and the attention between them, as the browser lights it up.

The markup has the cells and the maps; `components/js/network.js` shows what a cell attends to and what attends to it.
"""

import base64
import json

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.colors import to_hex

from components.html.charts.network_blocks import network_blocks
from components.html.charts.network_cells import Cells, box_of, cell_of
from models.schema import EachLatent, Effects, ModelShape, Stages
from models.schema.grouping import sums_in_cells

COLORS = [to_hex(color) for color in matplotlib.colormaps["cividis"](np.linspace(0, 1, 17))]
PANEL = Markup("""<section data-stage="{side}"><h3>{title}</h3><p class="caption">{caption}</p>
{cells}<p class="network-scale"></p></section>""")
FIGURE = Markup("""<figure class="network" data-maps="{maps}">
<div class="network-panels">{panels}<svg class="network-bands" aria-hidden="true"></svg></div>
{steps}
<p class="network-effects">{effects}</p>
<p class="network-says" role="status"></p>
{blocks}
</figure>""")
STEPS = Markup("""<div class="network-steps">
<button type="button" data-play aria-pressed="false">Play</button>
<label>Latents after layer <input type="range" min="0" max="{last}" value="{last}" step="1"></label>
<output>{last} of {last}</output>
</div>""")
MEASURE = Markup(
    '<button type="button" data-effects>Switch each latent off</button> and measure how the predictions change.'
)
MEASURED = (
    "Below each latent: change in the probability of the selected output, in percentage points, if the model runs "
    "without that latent."
)


def network(
    stages: Stages, shape: ModelShape, inputs: Cells, outputs: Cells, focus: int = 0, latents: Cells | None = None
) -> Markup:
    """The figure. The attention of inputs that share a cell is added up.

    shape: of the model. focus: the output that it shows first. latents: their cells, if they are more than numbers.
    """
    latents = latents or _latents(stages)
    encoder, reached = (_pooled(rows, inputs) for rows in (stages.encoder, stages.inputs))
    measured = (stages.effects or {}).get(EachLatent())
    maps = {
        "names": {"inputs": inputs.names, "latents": latents.names, "outputs": outputs.names},
        "count": stages.count,
        "decoder": _packed(stages.decoder),
        "encoder": _packed(encoder),
        "inputs": _packed(reached),
        "layers": None if stages.layers is None else [_packed(layer) for layer in stages.layers],
        "colors": COLORS,
        "focus": focus,
        "effects": measured and _effects(measured),
    }
    panels = (("inputs", inputs), ("latents", latents), ("outputs", outputs))
    return FIGURE.format(
        maps=json.dumps(maps, separators=(",", ":")),
        panels=Markup("").join(
            PANEL.format(side=side, title=side.capitalize(), caption=cells.caption, cells=cells.markup)
            for side, cells in panels
        ),
        steps="" if stages.layers is None else STEPS.format(last=len(stages.layers) - 1),
        effects="" if stages.effects is None else MEASURED if measured else MEASURE,
        blocks=network_blocks(shape, inputs.total or stages.inputs.shape[1], outputs.total or len(stages.decoder)),
    )


def _latents(stages: Stages) -> Cells:
    shown, count = len(stages.latents), stages.count
    names = [f"latent {latent}" for latent in stages.latents]
    cells = (cell_of("latents", k, name, str(stages.latents[k])) for k, name in enumerate(names))
    caption = f"{count:,} in the model" + (f", {shown} with most attention shown" if shown < count else "")
    return Cells(box_of("latents", "numbers", Markup("").join(cells)), names, caption)


def _effects(effects: Effects) -> dict[str, object]:
    """Probabilities with and without each latent; a correlation that is not defined is null."""
    return {
        "probability": effects.probability.astype(float).round(4).tolist(),
        "without": effects.without.astype(float).round(4).tolist(),
        "correlation": [None if np.isnan(each) else round(float(each), 2) for each in effects.rank_correlation],
    }


def _pooled(rows: np.ndarray, cells: Cells) -> np.ndarray:
    """[R, M] -> [R, cells]."""
    return rows if cells.pool is None else sums_in_cells(rows, cells.pool)


def _packed(rows: np.ndarray) -> dict[str, object]:
    """One byte per share: the square root, as a part of the largest. Small shares keep three digits."""
    most = float(rows.max()) or 1.0
    levels = np.round(255 * np.sqrt(np.clip(rows / most, 0, 1))).astype(np.uint8)
    return {"most": most, "rows": base64.b64encode(levels.tobytes()).decode()}
