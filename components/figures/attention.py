"""What every picture of attention has: scale, sheet, colour bar, shares that stayed behind, alt text and export.

Works with matplotlib's objects and never with pyplot, which keeps one list of figures for the whole process: a figure
belongs to whoever asked for it, and several threads may draw at once.
"""

import hashlib
import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from models.schema import AttentionMap, RunInfo

Scale = Literal["linear", "log"]

WIDTH, HEIGHT, DPI = 16.0, 10.0, 100
MARGIN = 0.6
LOG_FLOOR = -3.0
SANS, MONO = "DejaVu Sans", "DejaVu Sans Mono"
INK, SOFT_INK, RULE = "#1a1a1a", "#5c5c5c", "#c8c8c8"
REMINDER = "Attention is not by itself an explanation."
# Viridis for magnitudes; purple to orange, through white at 0, for more or less than uniform.
COLOUR_MAPS = {"linear": "viridis", "log": "PuOr_r"}
_SHARE_COLOURS = ("#21918c", "#a3a3a3", "#5c5c5c")


class Sheet(Figure):
    """A page of 1600 x 1000 pixels, addressed in inches (16 x 10) from its lower left corner.

    heading: the title in full. alt: what the picture says, in words. run: what it was computed with.
    bottom, top: the band, in inches, that is still empty. inputs: what each value was read from, where it has a name.
    """

    def __init__(self, heading: str, alt: str, run: RunInfo) -> None:
        super().__init__(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor="white")
        FigureCanvasAgg(self)
        self.heading, self.alt, self.run = heading, alt, run
        self.bottom, self.top = MARGIN, HEIGHT - MARGIN
        self.inputs: tuple[str, ...] = ()

    def write(self, x: float, y: float, text: str, size: float = 13, color: str = INK, **options) -> Text:
        """Text as it is, never as mathematics: a visitor's dollar signs are dollar signs. size: points."""
        options = {"family": SANS, "parse_math": False, "ha": "left", "va": "baseline"} | options
        return self.text(x / WIDTH, y / HEIGHT, text, size=size, color=color, **options)

    def axes_at(self, left: float, bottom: float, width: float, height: float) -> Axes:
        return self.add_axes((left / WIDTH, bottom / HEIGHT, width / WIDTH, height / HEIGHT))

    def canvas_at(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Axes without frame whose data units are inches."""
        axes = self.axes_at(left, bottom, width, height)
        axes.set(xlim=(0, width), ylim=(0, height))
        axes.set_axis_off()
        return axes


def start_sheet(attention: AttentionMap, run: RunInfo, scale: Scale, alt: str) -> Sheet:
    """A sheet with title, the quantity in words and footer; what is between them is left to the caller."""
    sheet = Sheet(attention.title, alt, run)
    width = WIDTH - 2 * MARGIN
    for line in wrapped(printable(attention.title), 21, width, lines=3, weight="bold"):
        sheet.top -= 0.3
        sheet.write(MARGIN, sheet.top, line, size=21, weight="bold")
        sheet.top -= 0.1
    sheet.top -= 0.26
    sheet.write(MARGIN, sheet.top, quantity(attention, scale), size=15, color=SOFT_INK)
    sheet.top -= 0.3
    facts = (
        f"model {run.model} · {run.weights} weights · method {attention.method} · "
        f"{'linear scale' if scale == 'linear' else f'log scale, floor −{-LOG_FLOOR:.0f}'} · {run.device}, {run.dtype}"
    )
    for line in reversed([*wrapped(printable(facts), 13, width, lines=2), REMINDER]):
        sheet.write(MARGIN, sheet.bottom - 0.2, line, color=SOFT_INK)
        sheet.bottom += 0.26
    sheet.canvas_at(MARGIN, sheet.bottom - 0.1, width, 0.02).axhline(0.01, color=RULE, linewidth=1)
    sheet.bottom += 0.1
    return sheet


def quantity(attention: AttentionMap, scale: Scale) -> str:
    """What the colours measure, for a reader who has not seen the formula."""
    each = "latent" if attention.method == "decoder" else "input"
    if scale == "linear":
        return f"Share of the attention that each {each} received, in %"
    return f"log10 (share × M) for each of M {each}s: 0 is uniform, +1 ten times more, −1 ten times less"


def scaled(attention: AttentionMap, scale: Scale) -> np.ndarray:
    """Float64, of the shape of `attention.values`.

    "linear": shares, 0 to 1. "log": log10(share * M) with M = 1 / uniform, so that 0 is uniform; never below
    LOG_FLOOR, which also stands for a share of 0.
    """
    shares = attention.values.astype(np.float64)
    if scale == "linear":
        return shares
    return np.log10(np.maximum(shares / attention.uniform, 10.0**LOG_FLOOR))


def colours(attention: AttentionMap, scale: Scale) -> tuple[Normalize, Colormap]:
    """From 0 to the largest share, or symmetric about uniform; the uniform level is always within the range.

    The logarithmic range is at least a factor of 2 either way, for an all but uniform map shall look uniform, and
    reaches below a tenth of uniform only as far as above: what is next to nothing shall not bleach what is read.
    """
    values = scaled(attention, scale)
    if scale == "linear":
        norm = Normalize(0.0, max(float(values.max()), attention.uniform))
    else:
        reach = max(float(values.max()), min(-float(values.min()), 1.0), float(np.log10(2)))
        norm = Normalize(-reach, reach)
    return norm, matplotlib.colormaps[COLOUR_MAPS[scale]]


def ink_on(fills: np.ndarray) -> list[str]:
    """Dark or white ink, whichever contrasts more (WCAG relative luminance). fills: [n, 3 or 4], sRGB in 0 to 1."""
    rgb = fills[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return ["#000000" if bright else "#ffffff" for bright in linear @ (0.2126, 0.7152, 0.0722) > 0.179]


def add_colour_bar(sheet: Sheet, attention: AttentionMap, scale: Scale) -> float:
    """Upright along the right margin of the empty band; returns the left edge of the strip it takes, in inches.

    The ends are labelled above and below, the uniform level beside the bar: however near they are, they never touch.
    """
    norm, colour_map = colours(attention, scale)
    left, bottom, height = WIDTH - MARGIN - 1.55, sheet.bottom + 0.3, sheet.top - sheet.bottom - 0.6
    axes = sheet.axes_at(left, bottom, 0.3, height)
    axes.set_label("colour bar")
    bar = sheet.colorbar(ScalarMappable(norm, colour_map), cax=axes)
    bar.outline.set(edgecolor=SOFT_INK, linewidth=0.8)
    uniform = attention.uniform if scale == "linear" else 0.0
    bar.set_ticks([uniform], labels=[""])
    axes.tick_params(length=7, width=1.4, color=INK)
    axes.axhline(uniform, color=ink_on(np.array([colour_map(norm(uniform))]))[0], linewidth=1.4)
    lowest = float(scaled(attention, scale).min())
    bound = "≤ " if scale == "log" and (lowest < norm.vmin or lowest <= LOG_FLOOR) else ""
    sheet.write(left, bottom + height + 0.1, level_text(norm.vmax, scale), size=14)
    sheet.write(left, bottom - 0.1, bound + level_text(norm.vmin, scale), size=14, va="top")
    at = float(norm(uniform))
    # Near an end, the text grows away from it.
    anchor = "bottom" if at < 0.1 else "top" if at > 0.9 else "center"
    level = f"uniform\n1/{round(1 / attention.uniform):,}\n= {percent(attention.uniform)}"
    sheet.write(left + 0.46, bottom + at * height, level, va=anchor, linespacing=1.25)
    return left


def level_text(level: float, scale: Scale) -> str:
    """A value of `scaled` in words: "8.31 %" or "+0.92"."""
    return percent(level) if scale == "linear" else f"{level:+.2f}".replace("-", "−")


def add_shares(sheet: Sheet, attention: AttentionMap) -> None:
    """Along the bottom of the empty band: how much went to the inputs and how much stayed behind, in residuals.

    Nothing where all of it went to the inputs.
    """
    if not (attention.latent_share or attention.query_share):
        return
    parts = {
        "inputs": float(attention.values.sum(dtype=np.float64)),
        "learned latent array": attention.latent_share,
        "output query": attention.query_share,
    }
    width = WIDTH - 2 * MARGIN
    axes = sheet.canvas_at(MARGIN, sheet.bottom + 0.1, width, 0.7)
    start, x = 0.0, 0.0
    for (name, share), colour in zip(parts.items(), _SHARE_COLOURS, strict=True):
        axes.add_patch(Rectangle((start * width, 0.0), share * width, 0.26, color=colour, linewidth=0))
        axes.add_patch(Rectangle((x, 0.42), 0.18, 0.18, color=colour, linewidth=0))
        label = f"{name} {percent(share)}"
        axes.text(x + 0.28, 0.44, label, size=14, color=INK, family=SANS, parse_math=False)
        x += 0.28 + text_width(label, 14) + 0.45
        start += share
    sheet.bottom += 0.95


def percent(share: float) -> str:
    """Three significant digits: 0.01667 is "1.67 %"."""
    return f"{100 * share:.3g} %"


def describe(attention: AttentionMap, labels: Sequence[str], scale: Scale = "linear") -> str:
    """Alt text. labels: a name for each value, in flat order."""
    values = attention.values.ravel()
    if len(labels) != values.size:
        raise ValueError(f"{len(labels)} labels for {values.size} values")
    noun = "latent" if attention.method == "decoder" else "input"
    first = np.argsort(-values, kind="stable")[:3]
    most = ", ".join(f"{labels[i]} ({percent(values[i])})" for i in first)
    said = [
        attention.title if attention.title.endswith((".", "?", "!")) else f"{attention.title}.",
        f"Most attention of {values.size:,} {noun}s: {most}.",
        f"Uniform would be {percent(attention.uniform)} each.",
    ]
    if attention.latent_share or attention.query_share:
        stayed = f"{percent(attention.latent_share)} stayed on the learned latent array"
        said.append(f"{stayed}, {percent(attention.query_share)} on the output query.")
    if scale == "log":
        said.append("Colours show log10 of share times number, 0 being uniform.")
    return " ".join(said)


@cache
def _glyphs(family: str) -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=family))).get_charmap())


def printable(text: str, family: str = SANS) -> str:
    """The text with each character that the font lacks as hex of its code point, bracketed within longer text.

    A control picture stands for a byte and becomes that byte: U+240A is "0A".
    """
    form = "{:02X}" if len(text) == 1 else "[{:02X}]"
    return "".join(c if ord(c) in _glyphs(family) else form.format(_byte_pictured(ord(c))) for c in text)


def _byte_pictured(code: int) -> int:
    return 0x7F if code == 0x2421 else code - 0x2400 if 0x2400 <= code <= 0x2420 else code


@lru_cache(maxsize=4096)  # wrapping tries the same lines again and again, and cells have the same labels
def text_width(text: str, size: float, weight: str = "normal", family: str = SANS) -> float:
    """Inches. size: points."""
    font = FontProperties(family=family, weight=weight, size=size)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def wrapped(text: str, size: float, width: float, lines: int, weight: str = "normal") -> list[str]:
    """At most `lines` lines of even length, none wider than `width` inches; an ellipsis stands for what is left out."""
    best: list[str] = []
    for characters in range(int(width * 72 / size * 4), 4, -1):
        broken = textwrap.wrap(text, characters, max_lines=lines, placeholder=" …")
        if best and (len(broken), " ".join(broken)) != (len(best), " ".join(best)):
            break
        # Hinting makes drawn text a little wider than measured.
        if all(text_width(line, size, weight) <= 0.97 * width for line in broken):
            best = broken
    return best


def to_svg(sheet: Sheet) -> str:
    """An <svg> element, text as paths, to stand in a page or in a file: as wide as its container.

    Its ids and its style rule hold inside of it only, and are the same each time for the same picture.
    """
    drawn = io.StringIO()
    sheet.savefig(drawn, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = re.sub(r"<!--.*?-->", "", drawn.getvalue(), flags=re.DOTALL)
    opening = re.search(r'<svg\b[^>]*viewBox="([^"]*)"[^>]*>', svg)
    numbers: dict[str, int] = {}
    body = re.sub(
        r'(\bid="|href="#|url\(#)([^")]+)',
        lambda found: f"{found[1]}\0{numbers.setdefault(found[2], len(numbers))}",
        svg[opening.end() :],
    )
    name = "sheet-" + hashlib.sha256(body.encode()).hexdigest()[:12]
    # Inlined in HTML, matplotlib's rule for "*" would restyle every icon of the page.
    body = body.replace("\0", name + "-").replace("*{", f"#{name} *{{")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" id="{name}" '
        f'viewBox="{opening[1]}" width="100%" role="img" aria-label={quoteattr(_xml_text(sheet.alt))}>'
        f"<title>{escape(_xml_text(sheet.heading))}</title>{body}"
    )


def _xml_text(text: str) -> str:
    """Without the code points that XML cannot hold, escaped or not."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)


def export_attention(sheet: Sheet, attention: AttentionMap, folder: Path, stem: str) -> tuple[Path, Path, Path]:
    """Writes <stem>.png (1600 x 1000), .svg and .npz (the raw map, uncoloured and unscaled) and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    png, svg, npz = (folder / f"{stem}.{ending}" for ending in ("png", "svg", "npz"))
    sheet.savefig(png, dpi=DPI)
    svg.write_text(to_svg(sheet), encoding="utf-8")
    names = {"model": sheet.run.model, "inputs": np.array(sheet.inputs, dtype=str)}
    np.savez_compressed(npz, allow_pickle=False, **names, **asdict(attention))
    return png, svg, npz
