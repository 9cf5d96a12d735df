"""Audio-video autoencoding: reconstruction, classes, and attention of one output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from markupsafe import Markup
from PIL.Image import fromarray

from components import plots
from components.analysis.clip import Box, strip_frames, window_samples
from components.analysis.clip_attention import (
    as_seen,
    covers_in_words,
    held_in_words,
    masked_in_words,
    most_read_in_words,
    part_of_sound,
    read_window,
    shares,
    title_in_words,
    traced_output,
)
from components.analysis.sound import Sounds, waveform_pixels
from components.html.charts.bars import label_bars
from components.html.charts.network import network
from components.html.charts.network_cells import Cells, Group, cells_of, image_group, text_group
from components.html.charts.scores import score_list, window_labels
from components.html.images.clip_attention import (
    read_frames,
    read_label,
    read_latents,
    read_legend,
    read_sound,
    share_bar,
)
from components.html.images.film import film_strip
from components.html.images.frame_pair import frame_pair
from components.html.images.sound import SILENCE, sound_pictures
from components.scale.attention import AttentionScale, Scale
from components.scale.flow import shrunk_frame
from models.schema import AttentionMap, AvAutoencodingResult, AvOutputs, AvTrace, ModelShape

MOST_PIXELS = 64
"""Along each side of a frame in the figure of a run."""
WAVE = (40, 320)
"""Height and width of a waveform in the figure of a run, in pixels."""


def av_scores(result: AvAutoencodingResult) -> Markup:
    """PSNR, SSIM and SNR, and the numbers of values in the clip and in its latents."""
    masked = masked_in_words(result)
    return score_list(result) + (Markup('<p class="caption">{}</p>').format(masked) if masked else "")


def av_labels(result: AvAutoencodingResult) -> Markup:
    """The predicted labels, of the whole clip and of each window if there are several."""
    several = (
        Markup("<h3>Window by window</h3>") + window_labels(result.windows, result.fps)
        if len(result.windows) > 1
        else ""
    )
    return label_bars(result.labels) + several


def av_frame(result: AvAutoencodingResult, frame: int) -> Markup:
    """One frame and its reconstruction (for compare.js), and their difference. Raises IndexError for no such frame."""
    return frame_pair(result.original_frames[frame], result.frames[frame], frame, result.fps)


def av_first_frame(original: np.ndarray, reconstructed: np.ndarray, fps: float) -> Markup:
    """The same for the first frame of a clip that is still being reconstructed."""
    return frame_pair(original, reconstructed, 0, fps)


def av_sound(result: AvAutoencodingResult, marked: range | None = None) -> Markup:
    """Waveforms and spectrograms of original, reconstruction and difference; clicks give a share of the time.

    marked: the traced samples.
    """
    if not len(result.original_audio):
        return SILENCE
    return sound_pictures(Sounds.of(result.original_audio, result.audio, result.sample_rate), marked)


def av_strip(result: AvAutoencodingResult, chosen: int) -> Markup:
    """At most 16 frames of the window that shows `chosen`, above their reconstructions.

    A click on it carries shares of its height and width: `components.analysis.clip.pixel_in_strip`. Raises ValueError
    where there is no such frame.
    """
    frames = strip_frames(result, chosen)
    pixel = _traced_pixel(result, frames)
    at = list(frames)
    return film_strip(result.original_frames[at], result.frames[at], at, result.fps, chosen, pixel)


def _traced_pixel(result: AvAutoencodingResult, frames: range | tuple[int, ...]) -> Box | None:
    """Position of the traced pixel among these frames, side by side."""
    trace = result.trace
    if trace is None or trace.modality != "image" or trace.area[0] not in frames:
        return None
    frame, top, left, height, width = trace.area
    side, count = result.frames.shape[1], len(frames)
    return (frames.index(frame) + left / side) / count, top / side, width / side / count, height / side


def av_attention(result: AvAutoencodingResult, scale: Scale = "relative") -> Markup:
    """Attention of an output to video, audio and label, or only to latents for the method "decoder".

    Raises ValueError for a result without attention.
    """
    if result.attention is not None and result.trace is None:
        return _latents(result.attention, scale)
    attention, trace = traced_output(result)
    read = read_window(result, scale)
    pixel = _traced_pixel(result, read.frames)
    chosen = trace.area[0] if trace.modality == "image" else None
    samples = range(trace.area[0], sum(trace.area)) if trace.modality == "audio" else None
    said = [f"{most_read_in_words(result, scale)}.", covers_in_words(trace), held_in_words(read, result)]
    said.append(masked_in_words(result))
    text = " ".join(filter(None, said))
    title = Markup('<p class="caption">{}</p>').format(title_in_words(result))
    return Markup('<div class="read">{}{}{}{}{}{}<p class="caption">{}</p></div>').format(
        title,
        share_bar(shares(attention, trace)),
        read_frames(read, result.fps, pixel, chosen),
        read_sound(read, result.sample_rate, samples),
        read_label(read),
        read_legend(read.colors, "video and sound; the label may exceed it", bool(read.masked)),
        text[0].upper() + text[1:],
    )


def _latents(attention: AttentionMap, scale: Scale) -> Markup:
    colors = AttentionScale.of([attention], scale)
    caption = Markup('<p class="caption">{}</p>').format(attention.title)
    return caption + read_latents(attention, colors) + read_legend(colors, "all latents")


def av_network(result: AvAutoencodingResult, shape: ModelShape) -> Markup:
    """The run as a figure: the window of the traced output, the latents, and outputs of a frame, of sound and label."""
    stages, trace = result.attention and result.attention.stages, result.trace
    if stages is None or trace is None or trace.outputs is None:
        return Markup()
    return network(stages, shape, _inputs(result, trace), _outputs(result, trace, trace.outputs), trace.outputs.traced)


def _inputs(result: AvAutoencodingResult, trace: AvTrace) -> Cells:
    (times, *grid), (sounds,) = trace.input_cells
    moments = [trace.start + int((moment + 0.5) * trace.frames / times) for moment in range(times)]
    frames = [_frame_group(result.original_frames, frame, grid, result) for frame in moments]
    heard = np.zeros(0) if "audio" in result.masked else result.original_audio
    total = trace.image.size + trace.audio.size + 1
    caption = f"{total:,}: {trace.image.size:,} of video, {trace.audio.size:,} of sound, and the label"
    label = text_group(["label"])
    return cells_of("inputs", caption, *frames, _sound_group(heard, sounds, result, trace), label, total=total)


def _outputs(result: AvAutoencodingResult, trace: AvTrace, outputs: AvOutputs) -> Cells:
    frame = _frame_group(result.frames, outputs.frame, outputs.image, result, read=False)
    sound = _sound_group(result.audio, outputs.audio, result, trace)
    label = text_group([result.labels[0].name if result.labels else "label"], title="label")
    groups = (frame, sound, label)
    caption = f"{outputs.total:,} in the window, {sum(len(group.names) for group in groups)} shown"
    return cells_of("outputs", caption, *groups, total=outputs.total)


def _frame_group(
    frames: np.ndarray, frame: int, grid: Sequence[int], result: AvAutoencodingResult, read: bool = True
) -> Group:
    """A frame, hatched if it was `read` and masked. After the end of the clip its last frame is repeated."""
    pixels, at = frames[min(frame, len(frames) - 1)], f"{frame / result.fps:.2f} s"
    small = shrunk_frame(fromarray(as_seen(pixels, result) if read else pixels), MOST_PIXELS)
    return image_group(small, grid, at, f"frame at {at}, ")


def _sound_group(sound: np.ndarray, count: int, result: AvAutoencodingResult, trace: AvTrace) -> Group:
    """The waveform of the window in `count` parts."""
    samples = window_samples(result, trace)
    pixels = waveform_pixels(part_of_sound(sound, samples), WAVE)
    begins = [(samples.start + len(samples) * at / count) / result.sample_rate for at in range(count)]
    names = [f"sound from {begin:.2f} s" for begin in begins]
    return replace(image_group(pixels, (1, count), "sound"), kind="signal", names=names)


def av_attention_figure(result: AvAutoencodingResult, scale: Scale = "relative", opacity: float = 0.6) -> plots.Plot:
    """The same as a plot to save. opacity: of the maps over the frames, 0 to 1. Raises ValueError as it does."""
    return plots.clip_attention_plot(result, scale, opacity)


def av_figure(result: AvAutoencodingResult, frame: int = 0) -> plots.Plot:
    """Frames, `frame` among them, sounds and scores as a plot to save."""
    return plots.clip_plot(result, frame)
