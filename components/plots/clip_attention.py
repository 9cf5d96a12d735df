"""Attention of an output of a clip, as a plot."""

from dataclasses import asdict

import numpy as np
from matplotlib.patches import Rectangle

from components.analysis.attention import most_attended
from components.analysis.clip import part_of
from components.analysis.clip_attention import (
    ReadWindow,
    Share,
    covers_in_words,
    held_in_words,
    masked_in_words,
    most_read_in_words,
    read_window,
    shares,
    title_in_words,
    traced_output,
)
from components.plots.arrays import Arrays, attention_arrays, color_arrays, run_arrays
from components.plots.attention import COLOR_BAR_LEFT, add_color_bar, footer
from components.plots.clip import clip_arrays
from components.plots.no_data import hatch
from components.plots.plot import INK, MARGIN, SANS, SOFT_INK, Plot, start_plot, text_width, wrapped
from components.plots.tracks import draw_pixels, draw_seconds, draw_waveform, outline
from components.scale.attention import AttentionScale, Scale, levels_of
from components.words.numbers import percent, seconds_in_words
from models.schema import AttentionMap, AvAutoencodingResult

SHARE_COLORS = {
    "image": "#0f766e",
    "audio": "#b45309",
    "label": "#6d28d9",
    "latents": "#94a3b8",
    "query": "#475569",
}
_HEAD = 1.6
"""Inches at the left, for what the rows are."""
_BELOW = 5.15
"""Inches for all but the three rows of frames."""
_RIGHT = COLOR_BAR_LEFT - 0.35


def clip_attention_plot(result: AvAutoencodingResult, scale: Scale = "relative", opacity: float = 0.6) -> Plot:
    """Frames, the map over them and below, audio with its map, and shares; the traced output is outlined.

    opacity: of the maps over the frames, 0 to 1. Raises ValueError for a result without a probe of its inputs.
    """
    if result.attention is not None and result.trace is None:
        return _latents_plot(result, result.attention, scale)
    attention, trace = traced_output(result)
    read, parts = read_window(result, scale), shares(attention, trace)
    heading = title_in_words(result)
    said = ", ".join(f"{part.name} {percent(part.share)}" for part in parts)
    alt = f"{heading}. Shares: {said}. {most_read_in_words(result, scale)}."
    plot = start_plot(heading, read.colors.explanation("input"), footer([attention], [result.run], scale), alt)
    plot.arrays |= _arrays(result, attention, read.colors)
    kept = {name: value for name, value in asdict(trace).items() if name != "outputs"}
    plot.arrays |= {f"trace_{name}": np.asarray(value) for name, value in kept.items()}
    plot.arrays |= {"shown": np.array(read.frames), "opacity": opacity}
    top = _draw_frames(plot, result, read, opacity)
    add_color_bar(plot, read.colors)
    top = _draw_sound(plot, result, read, top - 0.5)
    top = _draw_shares(plot, parts, top - 0.5)
    said = [f"{most_read_in_words(result, scale)}.", covers_in_words(trace), held_in_words(read, result)]
    words = " ".join(filter(None, [masked_in_words(result), *said]))
    for at, line in enumerate(wrapped(words[0].upper() + words[1:], 12, _RIGHT - MARGIN, lines=2)):
        plot.write(MARGIN, top - 0.35 - 0.22 * at, line, size=12, color=SOFT_INK)
    return plot


def _arrays(result: AvAutoencodingResult, attention: AttentionMap, colors: AttentionScale) -> Arrays:
    return run_arrays(result.run) | clip_arrays(result) | attention_arrays(attention) | color_arrays(colors)


def _latents_plot(result: AvAutoencodingResult, attention: AttentionMap, scale: Scale) -> Plot:
    """Which latents an output read, from left to right."""
    most, colors = most_attended(attention, scale), AttentionScale.of([attention], scale)
    alt = f"{attention.title}. {most}."
    plot = start_plot(attention.title, colors.explanation("latent"), footer([attention], [result.run], scale), alt)
    plot.arrays |= _arrays(result, attention, colors)
    add_color_bar(plot, colors)
    band = MARGIN, plot.bottom + 1.2, _RIGHT - MARGIN, plot.top - plot.bottom - 2.0
    draw_pixels(plot, band, colors.fills(levels_of(attention, scale))[None])
    plot.write(MARGIN, band[1] - 0.3, f"Latents 0 to {attention.values.size - 1:,}, from left to right; {most}")
    return plot


def _draw_frames(plot: Plot, result: AvAutoencodingResult, read: ReadWindow, opacity: float) -> float:
    """Frames, the map over them, and the map, to whose size the page shrinks; returns the lower edge, in inches."""
    trace, maps = result.trace, read.colors.fills(read.image)
    left, count = MARGIN + _HEAD, len(read.frames)
    side = min((_RIGHT - left) / count, (plot.top - plot.bottom - _BELOW) / 3)
    plot.shrink_band(_BELOW + 3 * side)
    for line, name in enumerate(("Frames", "Frames with map", "Attention map")):
        bottom = plot.top - 0.35 - (line + 1) * side - line * 0.08
        plot.write(MARGIN, bottom + side / 2, name, size=12, va="center")
        for at, frame in enumerate(read.frames):
            band = (left + at * side, bottom, side - 0.04, side - 0.04)
            axes = draw_pixels(plot, band, maps[at] if line == 2 else read.pixels[at])
            if line == 1:
                axes.imshow(maps[at], extent=(0, 1, 0, 1), alpha=opacity, interpolation="nearest", aspect="auto")
            if trace.modality == "image" and trace.area[0] == frame:
                _, top, across, height, width = (part / result.frames.shape[1] for part in trace.area)
                outline(axes, across, 1 - top - height, width, height)
            if line == 0:
                said = f"{frame + 1}: {seconds_in_words(frame / result.fps)}"
                said = said if text_width(said, 9.5) < side else str(frame + 1)
                plot.write(band[0] + band[2] / 2, bottom + side + 0.05, said, size=9.5, color=SOFT_INK, ha="center")
    return bottom


def _draw_sound(plot: Plot, result: AvAutoencodingResult, read: ReadWindow, top: float) -> float:
    """The window's waveform with its map below, and the label's share of color; returns the lower edge, in inches."""
    trace, left = result.trace, MARGIN + _HEAD
    loudest = float(np.abs(read.sound).max(initial=0.0)) or 1.0
    wave = left, top - 1.1, _RIGHT - left, 1.1
    heat = left, wave[1] - 0.38, _RIGHT - left, 0.34
    plot.write(MARGIN, top - 0.55, "Sound", size=12, va="center")
    plot.write(MARGIN, heat[1] + 0.17, "Attention map", size=12, va="center")
    drawn = draw_waveform(plot, wave, read.sound, loudest)
    if "audio" in read.masked:
        hatch(drawn, (0.0, -loudest, 1.0, 2 * loudest))
    mapped = draw_pixels(plot, heat, read.colors.fills(read.audio)[None])
    if trace.modality == "audio":
        first, _, width, _ = part_of(range(trace.area[0], sum(trace.area)), read.samples)
        outline(drawn, first, -loudest, width, 2 * loudest)
        outline(mapped, first, 0.0, width, 1.0)
    draw_seconds(plot, heat, read.samples.start / result.sample_rate, len(read.samples) / result.sample_rate)
    label = left, heat[1] - 0.75, 0.34, 0.34
    plot.write(MARGIN, label[1] + 0.17, "Label", size=12, va="center")
    draw_pixels(plot, label, read.colors.fills(np.array([[read.label]])))
    plot.write(left + 0.45, label[1] + 0.17, f"a single input: {read.label_in_words}", size=12, va="center")
    return label[1]


def _draw_shares(plot: Plot, parts: list[Share], top: float) -> float:
    """One bar, its parts named below it; returns the lower edge, in inches."""
    width = _RIGHT - MARGIN
    axes = plot.canvas_at(MARGIN, top - 0.75, width, 0.75)
    start, x = 0.0, 0.0
    for part in parts:
        color, share = SHARE_COLORS[part.kind], part.share
        axes.add_patch(Rectangle((start * width, 0.45), share * width, 0.28, color=color, linewidth=0))
        axes.add_patch(Rectangle((x, 0.1), 0.17, 0.17, color=color, linewidth=0))
        said = f"{part.name} {percent(share)}"
        axes.text(x + 0.26, 0.12, said, size=13, color=INK, family=SANS, parse_math=False)
        x += 0.26 + text_width(said, 13) + 0.4
        start += share
    return top - 0.75
