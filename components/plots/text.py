"""Attention over a text in bytes, characters or words: a cell each, in reading order, as wide as what stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from components.analysis.attention import shares_in_words
from components.analysis.byte_labels import NEWLINE, SPACE
from components.analysis.text_units import Fitted, Unit, UnitShares, fitted, named, shortened
from components.plots.arrays import attention_arrays, color_arrays, run_arrays
from components.plots.attention import COLOR_BAR_LEFT, add_color_bar, add_shares, footer
from components.plots.bytes import ROOM_FOR_NUMBER, attention_over_bytes
from components.plots.plot import MARGIN, MONO, RULE, SANS, SOFT_INK, Plot, printable, start_plot, wrapped
from components.scale.attention import UNITS, AttentionScale, Scale, ink_on, scaled
from models.schema import AttentionMap, RunInfo

LONGEST_LABEL = 24
"""Characters of a word that stand in its cell."""
LARGEST_LINE, SMALLEST_LINE = 0.9, 0.05
"""Inches from line to line."""
_LETTER = 0.602
"""Width over size of every letter of the upright mono font."""


def attention_over_text(
    attention: AttentionMap, text: str, run: RunInfo, unit: Unit = "words", scale: Scale = "share"
) -> Plot:
    """attention.values: [bytes + 2], the text's own between [CLS] and [SEP].

    More than 2,048 units are drawn as coarser ones, with a note. Raises ValueError for a map over other bytes.
    """
    shown = fitted(text, unit)
    if shown.unit == "bytes":
        labels = ["CLS", *(piece.text for piece in shown.pieces), "SEP"]
        return attention_over_bytes(attention, labels, run, scale, first=-1)
    shares = UnitShares.of(attention, shown.pieces)
    levels = scaled(shares.levels, shares.uniform, scale)
    colors = AttentionScale.over([levels], scale, shares.uniform)
    plot = _start(attention, shown, shares, run, scale)
    plot.arrays |= color_arrays(colors)
    add_shares(plot, attention)
    labels = ["CLS", *(cell_label(piece.text) for piece in shown.pieces), "SEP"]
    numbers = list(map(colors.brief, levels.tolist()))
    starts = [0, *(piece.start for piece in shown.pieces), shown.pieces[-1].stop if shown.pieces else 0]
    draw_units(plot, labels, starts, colors.fills(levels) / 255, numbers)
    add_color_bar(plot, colors)
    return plot


def _start(attention: AttentionMap, shown: Fitted, shares: UnitShares, run: RunInfo, scale: Scale) -> Plot:
    alt = _alt_text(attention, shown, shares, scale)
    plot = start_plot(attention.title, unit_quantity(shown.unit, scale), footer([attention], [run], scale), alt)
    if shown.note:
        for line in wrapped(shown.note, 13, 13.0, lines=2):
            plot.write(MARGIN, plot.top + 0.02, line, color=SOFT_INK)
            plot.top -= 0.26
    texts = np.array(["[CLS]", *(piece.text for piece in shown.pieces), "[SEP]"], dtype=str)
    plot.arrays |= run_arrays(run) | attention_arrays(attention)
    plot.arrays |= {"units": texts, "shares": shares.shares, "sizes": shares.sizes}
    return plot


def unit_quantity(unit: Unit, scale: Scale) -> str:
    """What the colors measure: a mean over the bytes of a unit, so that a long word is not brighter for its length."""
    return f"{UNITS[scale][0].upper()}{UNITS[scale][1:]}, mean over the bytes of each {unit.removesuffix('s')}"


def _alt_text(attention: AttentionMap, shown: Fitted, shares: UnitShares, scale: Scale) -> str:
    names = ["[CLS]", *map(named, shown.pieces), "[SEP]"]
    first = np.argsort(-shares.shares, kind="stable")[:3].tolist()
    most = "; ".join(f"{names[at]}: {shares.in_words(at, scale)}" for at in first)
    said = [attention.title if attention.title.endswith((".", "?", "!")) else f"{attention.title}."]
    said += [shown.note, f"Most attention of {len(shown.pieces):,} {shown.unit}: {most}."]
    if attention.latent_share or attention.query_share:
        said.append(f"Shares: {shares_in_words(attention)}.")
    return " ".join(filter(None, said))


def cell_label(text: str) -> str:
    """A word without the spaces after it; separate spaces and line breaks are shown as symbols."""
    broken = NEWLINE if "\n" in text else ""
    return printable(shortened(text, LONGEST_LABEL).strip() or broken or SPACE, MONO)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where cells stand: boxes float64 [n, 4], left, bottom, width and height in inches, the first line on top."""

    boxes: np.ndarray
    pitch: float
    firsts: tuple[int, ...]

    @property
    def height(self) -> float:
        return self.pitch * len(self.firsts)


def draw_units(
    plot: Plot, labels: Sequence[str], starts: Sequence[int], fills: np.ndarray, numbers: Sequence[str]
) -> tuple[Axes, np.ndarray]:
    """A cell a unit in lines, as large as they fit into the empty band, which shrinks to them.

    starts: what each line is numbered with, by its first unit. fills: [n, 3], 0 to 1. numbers: below each label where
    there is room. Returns the axes, in inches, and the boxes of the cells: float64 [n, 4], left, bottom, width, height.
    """
    left = MARGIN + 0.6
    width = COLOR_BAR_LEFT - 0.4 - left
    lines = _laid(labels, width, plot.top - plot.bottom - 0.2)
    plot.shrink_band(lines.height + 0.2)
    axes = plot.canvas_at(left, plot.top - lines.height, width, lines.height)
    _draw_boxes(axes, lines, fills)
    # The room that the numbers of an equally high grid have.
    numbered = lines.pitch >= ROOM_FOR_NUMBER
    size = _letter_size(lines.pitch)
    for box, label, number, ink in zip(lines.boxes, labels, numbers, ink_on(fills), strict=True):
        style = {"ha": "center", "va": "center_baseline", "color": ink, "parse_math": False}
        x, y = box[0] + box[2] / 2, box[1] + box[3] * (0.62 if numbered else 0.5)
        axes.text(x, y, label, size=min(size, 72 * 0.9 * box[2] / (_LETTER * len(label))), family=MONO, **style)
        if numbered:
            axes.text(x, box[1] + box[3] * 0.2, number, size=min(0.5 * size, 12), family=SANS, **style)
    for line, first in enumerate(lines.firsts):
        y = lines.height - (line + 0.5) * lines.pitch
        style = {"size": min(11, 72 * 0.8 * lines.pitch), "color": SOFT_INK, "ha": "right", "va": "center"}
        axes.text(-0.12, y, f"{starts[first]}", family=SANS, **style)
    return axes, lines.boxes


def _laid(labels: Sequence[str], width: float, height: float) -> _Lines:
    """As large as they fit."""
    for pitch in np.geomspace(LARGEST_LINE, SMALLEST_LINE, 48):
        lines = _broken(labels, width, float(pitch))
        if lines.height <= height:
            break
    boxes = lines.boxes + np.array([0, lines.height, 0, 0])
    return _Lines(boxes, lines.pitch, lines.firsts)


def _letter_size(pitch: float) -> float:
    """Points."""
    return 72 * pitch * (0.36 if pitch >= ROOM_FOR_NUMBER else 0.55)


def _broken(labels: Sequence[str], width: float, pitch: float) -> _Lines:
    """Into lines of this height from 0 downwards."""
    letter = _letter_size(pitch) / 72 * _LETTER
    room = min(pitch * 0.8, 0.62) if pitch >= ROOM_FOR_NUMBER else pitch * 0.45
    x, y, boxes, firsts = 0.0, -pitch, [], [0]
    for index, label in enumerate(labels):
        wide = min(max((len(label) + 0.8) * letter, room), width)
        if x + wide > width and x:
            x, y = 0.0, y - pitch
            firsts.append(index)
        boxes.append((x, y, wide, pitch))
        x += wide
    return _Lines(np.array(boxes), pitch, tuple(firsts))


def _draw_boxes(axes: Axes, lines: _Lines, fills: np.ndarray) -> None:
    gap = min(0.035 * lines.pitch, 0.022)
    left, bottom, width, height = lines.boxes.T
    x0, x1, y0, y1 = left + gap, left + width - gap, bottom + gap, bottom + height - gap
    corners = [np.stack(point, axis=1) for point in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
    boxes = np.stack(corners, axis=1)
    axes.add_collection(PolyCollection(boxes, facecolors=fills, edgecolors=RULE, linewidths=0.5))
