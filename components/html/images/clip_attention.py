"""Attention of an output of a clip, as HTML; data in, HTML out.

The opacity of the maps over the frames is the page's `--map-opacity`.
"""

import numpy as np
from markupsafe import Markup

from components.analysis.clip import Box, part_of
from components.analysis.clip_attention import ReadWindow, Share
from components.analysis.sound import Sounds
from components.html.axis import probability_axis
from components.html.images.film import film, heads, outlined, side_by_side
from components.html.images.frames import photograph
from components.html.images.pixels import color_legend, no_data_key, picture
from components.html.images.sound import time_axis, waveform
from components.scale.attention import AttentionScale, levels_of, share_in_words
from components.words.numbers import percent
from models.schema import AttentionMap

MASKED = Markup('<div class="wave no-data" role="img" aria-label="Sound: masked"></div>')


def share_bar(shares: list[Share]) -> Markup:
    """Shares of the modalities and residual shares, as parts of one bar."""
    read = sum(share.share for share in shares if share.even is not None) or 1.0
    parts = Markup("").join(
        Markup('<i class="{}" style="width:{:.2f}%"></i>').format(share.kind, 100 * share.share) for share in shares
    )
    said = ", ".join(f"{share.name} {percent(share.share)}" for share in shares)
    rows = Markup("").join(
        Markup('<li><i class="{}"></i><span><b>{}</b> {}<small>{}</small></span></li>').format(
            share.kind, share.name, percent(share.share), _of_inputs(share, read)
        )
        for share in shares
    )
    return Markup(
        '<div class="shares"><div class="whole" role="img" aria-label="Shares of the attention: {}">{}</div>{}'
        '<ul role="list">{}</ul></div>'
    ).format(said, parts, probability_axis("share of the attention").markup(), rows)


def _of_inputs(share: Share, read: float) -> str:
    if share.even is None:
        return "residual share"
    return f"{percent(share.share / read)} of the attention to inputs (uniform: {percent(share.even)})"


def read_frames(read: ReadWindow, fps: float, pixel: Box | None, chosen: int | None) -> Markup:
    """The frames with the attention map over them, and the map below. pixel: the traced output, as fractions."""
    mark = "" if pixel is None else outlined(pixel, "marker")
    maps = np.hstack(list(read.colors.fills(read.image)))
    frames = photograph(side_by_side(read.pixels), f"Frames {read.frames[0] + 1} to {read.frames[-1] + 1}", "row crop")
    over = Markup('<div class="reel">{}{}{}</div>').format(
        frames, picture(maps, "Attention map over the frames", "row map"), mark
    )
    alone = Markup('<div class="reel">{}{}</div>').format(picture(maps, "Attention map", "row"), mark)
    return film(heads(read.frames, fps, chosen) + over + alone, len(read.frames))


def read_sound(read: ReadWindow, rate: int, traced: range | None) -> Markup:
    """The waveform of the window, and the attention of its parts below it. traced: the traced samples."""
    sounds = Sounds({"Sound of the window": read.sound}, rate)
    mark = "" if traced is None else outlined(part_of(traced, read.samples), "marker")
    wave = MASKED if "audio" in read.masked else waveform("Sound of the window", read.sound, sounds)
    heat = picture(read.colors.fills(read.audio)[None], "Attention map over the sound", "heat")
    axis = time_axis(sounds.seconds, read.samples.start / rate)
    return Markup('<div class="sound"><div class="tracks">{}{}{}</div>{}</div>').format(wave, heat, mark, axis)


def read_label(read: ReadWindow) -> Markup:
    """The label, which is a single input, in the color of its share."""
    swatch = picture(read.colors.fills(np.array([[read.label]])), "Attention to the label", "swatch")
    return Markup('<p class="read-label">{}<span>Label (a single input): {}</span></p>').format(
        swatch, read.label_in_words
    )


def read_latents(attention: AttentionMap, colors: AttentionScale) -> Markup:
    """Which latents an output attended to."""
    values = attention.values
    most = int(values.argmax())
    level = share_in_words(float(values[most]), attention.uniform, colors.scale)
    heat = picture(
        colors.fills(levels_of(attention, colors.scale))[None],
        f"Latents 0 to {len(values) - 1}; most attention on latent {most}",
        "heat",
    )
    said = f"Latents 0 to {len(values) - 1}, from left to right. Most attention on latent {most}: {level}."
    return Markup('<div class="sound"><div class="tracks">{}</div></div><p class="caption">{}</p>').format(heat, said)


def read_legend(colors: AttentionScale, of: str, masked: bool = False) -> Markup:
    """of: the maps that share the scale. masked: whether any part is hatched because it was masked."""
    key = no_data_key("masked: the model did not see it") if masked else ""
    return color_legend(colors, Markup("{}, one scale for {}{}").format(colors.unit, of, key))
