"""Attention of an output of a clip: to video, sound and label on one scale, and the share of each."""

from dataclasses import dataclass

import numpy as np

from components.analysis.clip import evenly, target_in_words, window_samples
from components.scale.attention import AttentionScale, Scale, scaled, share_in_words
from components.scale.no_data import hatched
from components.words.numbers import seconds_in_words
from models.schema import AttentionMap, AvAutoencodingResult, AvTrace, Modality

MODALITIES = {"image": "video", "audio": "sound", "label": "label"}


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the attention of an output.

    kind: one of MODALITIES, "latents" or "query".
    even: its part of the attention to inputs if that were uniform; None for what stayed in residuals.
    """

    kind: str
    name: str
    share: float
    even: float | None


@dataclass(frozen=True, slots=True)
class ReadWindow:
    """Attention of an output over the window of the clip that it was computed from.

    frames: indices of those shown, at most 16; if the clip ends before its window, the last frame is repeated.
    pixels: uint8 [n, side, side, 3], these. image: levels, float64 [n, rows, columns], of each frame shown;
    times: number of patches of the window along the time. sound: float32 [samples], of the whole window, silent after
    the end of the clip. audio: levels, float64 [inputs], over the same time. label: its level, which is not part of the
    color range: this single input often has many times the share of any other, which would fade all maps.
    """

    frames: tuple[int, ...]
    pixels: np.ndarray
    image: np.ndarray
    times: int
    sound: np.ndarray
    samples: range
    audio: np.ndarray
    label: float
    colors: AttentionScale
    masked: frozenset[Modality]

    @property
    def label_in_words(self) -> str:
        """ "1.8× uniform", or on the log scale "+0.26"."""
        return self.colors.in_words(self.label) + (" uniform" if self.colors.scale == "relative" else "")


def traced_output(result: AvAutoencodingResult) -> tuple[AttentionMap, AvTrace]:
    """Raises ValueError for a result without a probe, or with attention only to latents."""
    if result.attention is None or result.trace is None:
        raise ValueError("the result has no attention to the inputs")
    return result.attention, result.trace


def shares(attention: AttentionMap, trace: AvTrace) -> list[Share]:
    """Shares of the modalities, the largest first, then of the residuals, if any; they sum to 1."""
    counts = {"image": trace.image.size, "audio": trace.audio.size, "label": 1}
    held = {"image": float(trace.image.sum()), "audio": float(trace.audio.sum()), "label": trace.label}
    inputs = sum(counts.values())
    found = [Share(kind, name, held[kind], counts[kind] / inputs) for kind, name in MODALITIES.items()]
    stayed = {
        "latents": ("learned latent array", attention.latent_share),
        "query": ("output query", attention.query_share),
    }
    return found + [Share(kind, name, share, None) for kind, (name, share) in stayed.items() if share]


def read_window(result: AvAutoencodingResult, scale: Scale) -> ReadWindow:
    """Raises ValueError as `traced_output` does."""
    attention, trace = traced_output(result)
    image, audio, label = (
        scaled(np.asarray(values), attention.uniform, scale) for values in (trace.image, trace.audio, trace.label)
    )
    window = range(trace.start, trace.start + trace.frames)
    first = trace.area[0] if trace.modality == "image" else trace.start
    frames = evenly(window, min(max(first, window.start), window.stop - 1))
    samples = window_samples(result, trace)
    pixels = result.original_frames[np.minimum(frames, len(result.original_frames) - 1)]
    return ReadWindow(
        frames=tuple(frames),
        pixels=np.stack([as_seen(each, result) for each in pixels]),
        image=image[[(frame - trace.start) * len(image) // trace.frames for frame in frames]],
        times=len(image),
        sound=part_of_sound(result.original_audio, samples),
        samples=samples,
        audio=audio,
        label=float(label),
        colors=AttentionScale.over([image, audio], scale, attention.uniform),
        masked=result.masked,
    )


def part_of_sound(sound: np.ndarray, samples: range) -> np.ndarray:
    """float32 [samples], silent after the end of the sound."""
    part = sound[samples.start : samples.stop]
    return np.pad(part, (0, len(samples) - len(part)))


def as_seen(frame: np.ndarray, result: AvAutoencodingResult) -> np.ndarray:
    """A frame, or hatching if frames were masked: the model did not see it."""
    return hatched(frame, np.full(frame.shape[:2], "image" in result.masked))


def covers_in_words(trace: AvTrace) -> str:
    """The number of frames in a patch, or "" for one."""
    each = trace.frames / len(trace.image)
    return f"Each map covers {each:g} frames, which the model reads as one set of patches." if each > 1 else ""


def held_in_words(read: ReadWindow, result: AvAutoencodingResult) -> str:
    """A note if the window is longer than the rest of the clip, or ""."""
    frames = len(result.original_frames)
    if read.frames[-1] < frames:
        return ""
    return f"The clip ends at {seconds_in_words(frames / result.fps)}; its last frame is repeated, without sound."


def most_read_in_words(result: AvAutoencodingResult, scale: Scale) -> str:
    """The video patch and the moment of the sound with the most attention."""
    attention, trace = traced_output(result)
    said = []
    if trace.image.any():
        at, row, column = np.unravel_index(int(trace.image.argmax()), trace.image.shape)
        each = trace.frames / len(trace.image)
        frame = trace.start + int((at + 0.5) * each)
        rows, columns = trace.image.shape[1:]
        said.append(
            f"most attended video patch: {seconds_in_words(frame / result.fps)}, "
            f"row {row + 1}, column {column + 1} of {rows} × {columns}, "
            f"{share_in_words(float(trace.image.max()), attention.uniform, scale)}"
        )
    if trace.audio.any():
        seconds = trace.frames / result.fps
        moment = trace.start / result.fps + (int(trace.audio.argmax()) + 0.5) * seconds / len(trace.audio)
        said.append(
            f"most attended moment of the sound: {seconds_in_words(moment)}, "
            f"{share_in_words(float(trace.audio.max()), attention.uniform, scale)}"
        )
    return "; ".join(said) or "no attention to the clip"


NOTHING_SEEN = (
    "Frames and sound are both masked, which did not occur in training: the model reads black frames and silence, and "
    "its output says nothing about this clip."
)
_MASKED = {
    "image": "The frames are masked: the model reads black frames.",
    "audio": "The sound is masked: the model reads silence.",
}


def masked_in_words(result: AvAutoencodingResult) -> str:
    """The input that the model got in place of a masked modality, or ""."""
    notes = [note for name, note in _MASKED.items() if name in result.masked]
    return NOTHING_SEEN if len(notes) == len(_MASKED) else " ".join(notes)


def title_in_words(result: AvAutoencodingResult) -> str:
    """The traced output, and the method."""
    attention, trace = traced_output(result)
    how = attention.title.partition(": ")[0]  # behind it the task names the output, as programs count
    return f"{how}: {target_in_words(result, trace)}"
