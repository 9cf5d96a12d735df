"""A run as a figure: inputs, latents and outputs, and the attention between them, as the browser lights it up.

The markup has the cells and the maps; `components/js/network.js` shows what a cell attends to and what attends to it.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.colors import to_hex
from PIL.Image import Image

from components.analysis.byte_labels import byte_label
from components.html.charts.network_blocks import network_blocks
from components.html.images.pixels import data_uri
from models.schema import Effects, ModelShape, Stages

GRID = 16
"""Most cells along each side of an image: neighboring inputs share one."""
COLORS = [to_hex(color) for color in matplotlib.colormaps["cividis"](np.linspace(0, 1, 17))]
CELL = Markup('<span class="cell{kind}" role="option" id="{id}" data-index="{index}" aria-label="{name}">{text}</span>')
BOX = Markup('<div class="cells {}" style="{}" role="listbox" tabindex="0" aria-label="{}">{}</div>')
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


@dataclass(frozen=True, slots=True)
class Cells:
    """One side of the figure. names: what each cell is, in words. pool: [M] -> index of each input's cell."""

    markup: Markup
    names: Sequence[str]
    caption: str
    pool: np.ndarray | None = None


def text_cells(
    side: str, labels: Sequence[str], caption: str, marked: Sequence[int] = (), places: Sequence[int] = ()
) -> Cells:
    """Cells with text. marked: masked ones, which are shown as such. places: of the labels among the inputs."""
    names = [f"“{label}” at {place}" for label, place in zip(labels, places, strict=True)] if places else list(labels)
    cells = [_cell(side, number, names[number], label, number in set(marked)) for number, label in enumerate(labels)]
    return Cells(_box(side, "text", Markup("").join(cells)), names, caption)


def byte_cells(content: bytes, marked: Sequence[int] = ()) -> Cells:
    """The bytes that a model reads, between its two special tokens. marked: offsets of masked bytes."""
    labels = ["CLS", *map(byte_label, content), "SEP"]
    shown = [position + 1 for position in marked]
    for position in shown:
        labels[position] = "?"
    return text_cells("inputs", labels, f"{len(labels):,} byte tokens", shown, range(len(labels)))


def image_cells(image: Image, grid: tuple[int, int], caption: str) -> Cells:
    """An image of `grid` inputs, grouped into at most GRID x GRID cells."""
    rows, columns = min(grid[0], GRID), min(grid[1], GRID)
    y, x = (np.arange(size) * cells // size for size, cells in zip(grid, (rows, columns), strict=True))
    names = [f"row {row + 1}, column {column + 1}" for row in range(rows) for column in range(columns)]
    cells = Markup("").join(_cell("inputs", number, name) for number, name in enumerate(names))
    style = f"--columns: {columns}; background-image: url({data_uri(np.asarray(image))})"
    return Cells(_box("inputs", "image", cells, style), names, caption, (y[:, None] * columns + x).ravel())


def network(stages: Stages, shape: ModelShape, inputs: Cells, outputs: Cells, focus: int = 0) -> Markup:
    """The figure. The attention of inputs that share a cell is added up.

    shape: of the model. focus: the output that it shows first.
    """
    encoder, reached = (_pooled(rows, inputs) for rows in (stages.encoder, stages.inputs))
    maps = {
        "names": {"inputs": inputs.names, "latents": _latent_names(stages), "outputs": outputs.names},
        "count": stages.count,
        "decoder": _packed(stages.decoder),
        "encoder": _packed(encoder),
        "inputs": _packed(reached),
        "layers": None if stages.layers is None else [_packed(layer) for layer in stages.layers],
        "colors": COLORS,
        "focus": focus,
        "effects": stages.effects and _effects(stages.effects),
    }
    panels = (("inputs", inputs), ("latents", _latents(stages)), ("outputs", outputs))
    return FIGURE.format(
        maps=json.dumps(maps, separators=(",", ":")),
        panels=Markup("").join(
            PANEL.format(side=side, title=side.capitalize(), caption=cells.caption, cells=cells.markup)
            for side, cells in panels
        ),
        steps="" if stages.layers is None else STEPS.format(last=len(stages.layers) - 1),
        effects=MEASURED if stages.effects else MEASURE,
        blocks=network_blocks(shape, stages.inputs.shape[1], len(stages.decoder)),
    )


def _latents(stages: Stages) -> Cells:
    shown, count, names = len(stages.latents), stages.count, _latent_names(stages)
    cells = (_cell("latents", k, name, str(stages.latents[k])) for k, name in enumerate(names))
    caption = f"{count:,} in the model" + (f", {shown} with most attention shown" if shown < count else "")
    return Cells(_box("latents", "numbers", Markup("").join(cells)), names, caption)


def _latent_names(stages: Stages) -> list[str]:
    return [f"latent {latent}" for latent in stages.latents]


def _effects(effects: Effects) -> dict[str, object]:
    """Probabilities with and without each latent; a correlation that is not defined is null."""
    return {
        "probability": effects.probability.astype(float).round(4).tolist(),
        "without": effects.without.astype(float).round(4).tolist(),
        "correlation": [None if np.isnan(each) else round(float(each), 2) for each in effects.rank_correlation],
    }


def _pooled(rows: np.ndarray, cells: Cells) -> np.ndarray:
    """[R, M] -> [R, cells]."""
    if cells.pool is None:
        return rows
    return np.stack([np.bincount(cells.pool, row, len(cells.names)) for row in rows])


def _packed(rows: np.ndarray) -> dict[str, object]:
    """One byte per share: the square root, as a part of the largest. Small shares keep three digits."""
    most = float(rows.max()) or 1.0
    levels = np.round(255 * np.sqrt(np.clip(rows / most, 0, 1))).astype(np.uint8)
    return {"most": most, "rows": base64.b64encode(levels.tobytes()).decode()}


def _cell(side: str, index: int, name: str, text: str = "", marked: bool = False) -> Markup:
    kind = " masked" if marked else ""
    return CELL.format(kind=kind, id=f"network-{side}-{index}", index=index, name=name, text=text)


def _box(side: str, kind: str, cells: Markup, style: str = "") -> Markup:
    return BOX.format(kind, style, side.capitalize(), cells)
