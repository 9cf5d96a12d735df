"""What a pixel's flow was read from, in both frames."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from PIL.Image import Image

from components.figures.attention import Scale, draw_colour_bar, footer
from components.figures.flow_colours import shrunk_frame
from components.figures.panes import GAP, Pane, draw_panes
from components.figures.shared_scale import SharedScale, multiple, relative
from components.figures.sheet import Sheet, start_sheet
from components.motion import vector_in_words
from components.places import index_at, place_in_words, region, shares_in_words
from models.schema import AttentionMap, RunInfo

Area = tuple[float, float, float, float]
"""Where a grid of inputs lies in a frame: top, left, bottom, right, as shares of its height and width."""
WHOLE: Area = (0.0, 0.0, 1.0, 1.0)
CROSS = "#ff7a1a"
BEYOND = "At this size the frames do not fill what is read at once: the rest is the frames mirrored, and not shown."


@dataclass(frozen=True, slots=True)
class PixelAsked:
    """A pixel of the first frame, and what its flow was read from.

    attention.values: float32 [rows, columns], where each input holds both frames at its place; or [2, rows, columns],
    the frames apart. row, column: the pixel. vector: its flow, right and down, pixels. area: where the grid lies, which
    for a frame that is read in tiles is not all of it. before: right and down, by how much the second frame had been
    moved back when it was read, where that was done in steps.
    """

    attention: AttentionMap
    row: int
    column: int
    vector: tuple[float, float]
    area: Area = WHOLE
    before: tuple[float, float] = (0.0, 0.0)

    @property
    def apart(self) -> bool:
        """Whether the frames have maps of their own."""
        return self.attention.values.ndim == 3

    @property
    def beyond(self) -> bool:
        """Whether inputs lie outside of the frame."""
        return max(self.area) > 1

    @property
    def found(self) -> tuple[float, float] | None:
        """x and y, in pixels of the second frame as it was read, where the middle of the pixel is; None: unknown."""
        x = self.column + 0.5 + self.vector[0] - self.before[0]
        y = self.row + 0.5 + self.vector[1] - self.before[1]
        return (x, y) if np.isfinite([x, y]).all() else None

    @property
    def found_in_words(self) -> str:
        vector = vector_in_words(*self.vector)
        return "where it is found is unknown" if self.found is None else f"ring: where it is found, {vector}"

    @property
    def second_in_words(self) -> str:
        """What the second frame is, as it was read."""
        if not any(self.before):
            return "Second frame"
        return "Second frame, moved back by what was found before: only the rest is seen"

    def in_words(self, size: tuple[int, int]) -> str:
        """Which pixel, how it moves, and where most was read. size: of the frame, width and height."""
        place = place_in_words(self.row * size[0] + self.column, (size[1], size[0]))
        return f"Pixel in {place}: {vector_in_words(*self.vector)}; {most_read(self.attention, self.area)}"


def most_read(attention: AttentionMap, area: Area = WHOLE) -> str:
    """Where in the frame most was read, of inputs that lie in its `area`, and in which frame where they are apart."""
    levels = relative(attention, "linear")
    *frame, row, column = (int(at) for at in np.unravel_index(int(levels.argmax()), levels.shape))
    times = f"{multiple(levels.max())} times uniform"
    top, left, bottom, right = area
    down = top + (bottom - top) * (row + 0.5) / levels.shape[-2]
    across = left + (right - left) * (column + 0.5) / levels.shape[-1]
    if max(down, across) >= 1:
        return f"most attention beyond the frame's edge, where it is mirrored: {times}"
    name = f" of the {('first', 'second')[frame[0]]} frame" if frame else ""
    return f"most attention in the {region(index_at((down, across), (3, 3)), (3, 3))}{name}: {times}"


def flow_attention_sheet(
    frames: tuple[Image, Image], asked: PixelAsked, run: RunInfo, scale: Scale = "linear", opacity: float = 0.6
) -> Sheet:
    """The map over both frames, and alone, on one scale; a cross at the pixel, a ring where it is found.

    frames: first and second, of one size. opacity: of the maps over the frames, 0 to 1. Raises ValueError for frames of
    different sizes.
    """
    if frames[0].size != frames[1].size:
        raise ValueError(f"the frames have sizes {frames[0].size} and {frames[1].size}")
    size = frames[0].size
    attention, apart = asked.attention, asked.apart
    shared = SharedScale.of([attention], scale)
    alt = f"{attention.title}. {asked.in_words(size)}."
    sheet = start_sheet(attention.title, shared.quantity("input"), footer([attention], [run], scale), alt)
    sheet.arrays = _arrays(frames, asked, run)
    low, high = shared.ends
    ends = (low, f"uniform\n{shared.in_words(shared.uniform)}", high)
    right = draw_colour_bar(sheet, (shared.norm, shared.colour_map), shared.uniform, ends) - GAP
    fills = shared.fills(relative(attention, scale))
    fills = fills if apart else np.stack([fills, fills])
    panes = [
        Pane("First frame", f"cross: row {asked.row + 1}, column {asked.column + 1}", shrunk_frame(frames[0])),
        Pane(asked.second_in_words, asked.found_in_words, shrunk_frame(frames[1])),
    ]
    if apart:
        panes += [Pane("First frame's map alone", "", None), Pane("Second frame's map alone", "", None)]
    else:
        panes.append(Pane("The map alone", "each input holds both frames at its place", None))
    shares = shares_in_words(attention)
    if shares:
        panes[-1] = Pane(panes[-1].title, shares if apart else f"of both frames; {shares}", None)
    for axes, pane, at in zip(draw_panes(sheet, panes, size, right), panes, (0, 1, 0, 1), strict=False):
        _lay(axes, fills[at], asked.area, None if pane.pixels is None else opacity)
        _mark(axes, asked, at if apart or pane.pixels is not None else 0)
    return sheet


def _lay(axes: Axes, fills: np.ndarray, area: Area, opacity: float | None) -> None:
    """Not smoothed. axes: in pixels of the frame."""
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    top, left, bottom, right = area
    extent = (left * width, right * width, bottom * height, top * height)
    axes.imshow(fills, alpha=opacity, extent=extent, interpolation="nearest", aspect="auto")
    axes.set(xlim=(0, width), ylim=(height, 0))  # which every picture changes


def _mark(axes: Axes, asked: PixelAsked, frame: int) -> None:
    """A cross at the pixel; in the second frame also a ring where it is found."""
    marks = [("x", (asked.column + 0.5, asked.row + 0.5))]
    if frame == 1 and asked.found is not None:
        marks.append(("o", asked.found))
    for shape, (x, y) in marks:
        for colour, width in (("black", 5.0), ("white", 3.6), (CROSS, 2.0)):
            axes.plot(x, y, shape, color=colour, fillstyle="none", markersize=13, markeredgewidth=width)


def _arrays(frames: tuple[Image, Image], asked: PixelAsked, run: RunInfo) -> dict[str, np.ndarray | str]:
    attention = asked.attention
    return {
        "values": attention.values,
        "latent_share": np.asarray(attention.latent_share),
        "query_share": np.asarray(attention.query_share),
        "uniform": np.asarray(attention.uniform),
        "method": attention.method,
        "title": attention.title,
        "model": run.model,
        "pixel": np.array([asked.row, asked.column]),
        "vector": np.array(asked.vector),
        "area": np.array(asked.area),
        "first": np.asarray(frames[0].convert("RGB")),
        "second": np.asarray(frames[1].convert("RGB")),
    }
