"""The image that a shared link shows: attention from many inputs to a few latents, and from these to the outputs.

`python -m tools.preview` writes assets/social/preview.png, 1200x630 pixels.
"""

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Curve

FILE = Path(__file__).parents[1] / "assets" / "social" / "preview.png"
SIZE = (12.0, 6.3)
"""Inches, at 100 pixels each."""
BACKGROUND, INK, SOFT = "#0b1220", "#f8fafc", "#cbd5e1"
INPUTS, LATENTS, OUTPUTS = 48, 8, 16
LEFT, MIDDLE, RIGHT = 1.0, 6.0, 11.0
TOP, BOTTOM = 3.9, 0.8


def main() -> None:
    figure = Figure(figsize=SIZE, dpi=100, facecolor=BACKGROUND)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, SIZE[0]), ylim=(0, SIZE[1]))
    axes.set_axis_off()
    axes.text(0.6, 5.25, "Perceiver Playground", size=44, color=INK, weight="bold")
    axes.text(0.6, 4.6, "Run Perceiver models and see which inputs each output attended to.", size=20, color=SOFT)
    draw_network(axes, np.random.default_rng(3))
    FILE.parent.mkdir(exist_ok=True)
    figure.savefig(FILE, facecolor=BACKGROUND)


def draw_network(axes: Axes, rng: np.random.Generator) -> None:
    """Bands as wide as made-up attention, and the inputs, latents and outputs that they join."""
    inputs, latents, outputs = (np.linspace(TOP, BOTTOM, count) for count in (INPUTS, LATENTS, OUTPUTS))
    read = rng.dirichlet(np.full(INPUTS, 0.08), LATENTS)
    answered = rng.dirichlet(np.full(LATENTS, 0.25), OUTPUTS)
    color = colormaps["viridis"]
    for latent, row in enumerate(read):
        for source in np.flatnonzero(row > 0.02):
            draw_band(
                axes, (LEFT, inputs[source]), (MIDDLE, latents[latent]), row[source], color(0.25 + 0.7 * row[source])
            )
    for output, row in enumerate(answered):
        for latent in np.flatnonzero(row > 0.02):
            draw_band(
                axes, (MIDDLE, latents[latent]), (RIGHT, outputs[output]), row[latent], color(0.25 + 0.7 * row[latent])
            )
    for x, rows, size, name in (
        (LEFT, inputs, 22, "inputs"),
        (MIDDLE, latents, 160, "latents"),
        (RIGHT, outputs, 70, "outputs"),
    ):
        axes.scatter(np.full(len(rows), x), rows, s=size, marker="s", color=INK, zorder=3)
        axes.text(x, 0.3, name, size=20, color=SOFT, ha="center")


def draw_band(axes: Axes, start: tuple[float, float], end: tuple[float, float], share: float, color: tuple) -> None:
    """share: of the attention, 0 to 1."""
    (x0, y0), (x1, y1) = start, end
    bend = 0.5 * (x1 - x0)
    curve = Curve(
        [start, (x0 + bend, y0), (x1 - bend, y1), end], [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4]
    )
    axes.add_patch(PathPatch(curve, facecolor="none", edgecolor=color, linewidth=0.8 + 9 * share, alpha=0.75))


if __name__ == "__main__":
    main()
