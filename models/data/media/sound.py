"""Reads the audio track of a clip, aligned with its frames."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

from models.data.media.clip import Clip, Sound, check_extent, damaged_after
from models.data.media.videos import opened
from models.schema import InputError

_LAYOUTS = {1: "mono", 2: "stereo"}
_BLACK_SIDE, _BLACK_RATE = 64, 25  # pixels and frames per second of a clip that is only sound
_GAP = 0.05  # seconds that timestamps may be off without a gap


def open_sound(path: Path) -> Clip:
    """A sound file as a clip with black frames. Decodes it once. Raises InputError."""
    damaged, start, end, stream = False, None, 0.0, None
    try:
        with opened(path) as container:
            stream = container.streams.audio[0]
            for frame in container.decode(stream):
                begin = end if frame.time is None else frame.time
                start = begin if start is None else start
                end = begin + frame.samples / frame.sample_rate
                check_extent(_BLACK_SIDE, _BLACK_SIDE, 0, end - start)
    except InputError:
        raise
    except (FFmpegError, ValueError):
        damaged = True
    if stream is None or start is None or end <= start:
        raise InputError("The sound file is damaged or empty and cannot be read.")
    duration = end - start
    if stream.duration and stream.time_base:  # the last block of Vorbis is filled up
        duration = min(duration, float(stream.duration * stream.time_base))
    times = np.arange(math.ceil(duration * _BLACK_RATE)) / _BLACK_RATE
    notes = ["The file has only sound, so its frames are black. Mask the video to reconstruct from the sound."]
    notes += [damaged_after(duration)] * damaged
    sound = Sound(stream.sample_rate, stream.channels)
    sides = (_BLACK_SIDE, _BLACK_SIDE)
    return Clip(path, *sides, times, duration, sound, tuple(notes), black=True, start=start)


def read_black(clip: Clip, start: int, stop: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Frames of a clip from `open_sound`. Raises FileNotFoundError if the file is gone."""
    clip.path.stat()
    for _ in range(start, stop):
        yield np.zeros((size[1], size[0], 3), np.uint8)


def read_sound(clip: Clip, sample_rate: int, channels: int = 1) -> np.ndarray:
    """The audio from the first frame to the end of the last one: float32 [samples], or [samples, 2] with two channels.

    The values are in -1..1. There are round(duration * sample_rate) samples, with silence where the track has none.
    More than `channels` (1 or 2) channels are mixed as in ITU-R BS.775, as loud as possible without clipping; mono is
    copied to both sides. Raises InputError if the track cannot be decoded.
    """
    heard = np.zeros((round(clip.duration * sample_rate), channels), np.float32)
    if clip.sound is not None:
        try:
            _decode(clip, _Track(heard, sample_rate, _LAYOUTS[min(channels, clip.sound.channels)]))
        except (FFmpegError, ValueError) as error:
            raise InputError("The audio of the clip is damaged and cannot be read.") from error
        except FileNotFoundError as error:
            raise InputError("The clip is no longer available. Upload it again.") from error
    np.clip(heard, -1, 1, out=heard)
    return heard[:, 0] if channels == 1 else heard


def _decode(clip: Clip, track: "_Track") -> None:
    """Fills the track with the audio that plays during the clip."""
    kind, end = None, 0.0
    with opened(clip.path) as container:
        for frame in container.decode(container.streams.audio[0]):
            begin = end if frame.time is None else frame.time - clip.start
            if begin >= clip.duration:
                break
            if kind != (kind := (frame.format.name, frame.layout.name, frame.sample_rate)) or abs(begin - end) > _GAP:
                track.go_on_at(begin)
            track.add(frame)
            end = begin + frame.samples / frame.sample_rate
    track.finish()


class _Track:
    """heard: float32 [samples, channels], filled chunk by chunk.

    layout: name of the channel layout in FFmpeg.
    """

    def __init__(self, heard: np.ndarray, rate: int, layout: str) -> None:
        self._heard, self._rate, self._layout = heard, rate, layout
        self._resampler: AudioResampler | None = None
        self._place = 0

    def go_on_at(self, seconds: float) -> None:
        """Continues at this time, after a gap or a change of format."""
        self.finish()
        mixing = {"rematrix_maxval": "1"}  # otherwise the sum of several loud channels would clip
        self._resampler = AudioResampler("flt", self._layout, self._rate, options=mixing)
        self._place = round(seconds * self._rate)

    def add(self, frame: AudioFrame | None) -> None:
        if self._resampler is None:
            return
        for piece in self._resampler.resample(frame):
            samples = piece.to_ndarray().reshape(piece.samples, -1)
            begin, end = max(self._place, 0), min(self._place + len(samples), len(self._heard))
            if begin < end:
                self._heard[begin:end] = samples[begin - self._place : end - self._place]
            self._place += len(samples)

    def finish(self) -> None:
        """Writes the samples that the resampler still holds."""
        self.add(None)
        self._resampler = None
