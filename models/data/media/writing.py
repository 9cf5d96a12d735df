"""Writes clips and audio as files that browsers play."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from soundfile import SoundFile

FILM_SIDE = 240
"""Pixels per side that small frames are enlarged to, without smoothing, since browsers would blur them."""
_QUALITY = {"crf": "18", "preset": "veryfast"}  # visually close to the original; a third of the time of the default
_SOUND_RATES = (44_100, 48_000)  # played by every browser; other rates are resampled to the latter
_SOUND_BITS = 160_000  # per second
_NTSC = 1001  # denominator of NTSC rates such as 29.97
SOUND_KINDS = {"wav": ("WAV", "PCM_16"), "flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS")}
"""Formats of sound files by their ending, as libsndfile names them."""
_SOUND_BLOCK = 2**14  # samples


def write_clip(
    path: Path,
    frames: Iterable[np.ndarray],
    fps: float,
    audio: np.ndarray | None = None,
    sample_rate: int | None = None,
) -> None:
    """Writes an MP4 with H.264 and AAC that starts to play before it is fully downloaded.

    frames: uint8 RGB [height, width, 3], all of the same size, consumed one by one. H.264 needs even sides, so the last
        row or column of odd sides is repeated.
    audio: float32 [samples] or [samples, 2], -1..1, starting with the first frame and cut at the last one.

    The file gets its name only when it is complete: if `frames` raises, the partial file is removed. Raises ValueError
    for no frames, and for frames of different sizes.
    """
    if (audio is None) != (sample_rate is None):
        raise ValueError("audio needs a sample rate")
    part = path.with_name(f"{path.name}.part")
    try:
        with av.open(part, "w", format="mp4", options={"movflags": "+faststart"}) as container:
            sound = None if audio is None or sample_rate is None else _Sound(container, audio, sample_rate)
            _write(container, frames, Fraction(fps).limit_denominator(_NTSC), sound)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_film(path: Path, frames: np.ndarray, fps: float, audio: np.ndarray, sample_rate: int) -> None:
    """`write_clip` for small square frames, uint8 [t, s, s, 3], enlarged to at least FILM_SIDE."""
    factor = -(-FILM_SIDE // frames.shape[1])
    enlarged = (frame.repeat(factor, axis=0).repeat(factor, axis=1) for frame in frames)
    write_clip(path, enlarged, fps, audio, sample_rate)


def write_sound(path: Path, audio: np.ndarray, sample_rate: int) -> None:
    """Writes WAV or FLAC with 16 bits, or Ogg Vorbis, as the file's ending says.

    audio: float32 [samples] or [samples, channels], clipped to -1..1.
    """
    channels = 1 if audio.ndim == 1 else audio.shape[1]
    kind, coding = SOUND_KINDS[path.suffix[1:]]
    with SoundFile(path, "w", sample_rate, channels, coding, format=kind) as file:
        for start in range(0, len(audio), _SOUND_BLOCK):  # Vorbis needs stack for all that is written at once
            file.write(np.clip(audio[start : start + _SOUND_BLOCK], -1, 1))


def _write(container: OutputContainer, frames: Iterable[np.ndarray], rate: Fraction, sound: "_Sound | None") -> None:
    stream, shape, reformatter = None, None, VideoReformatter()
    for number, image in enumerate(frames):
        if stream is None:
            stream, shape = _video_stream(container, image.shape, rate), image.shape
        if image.shape != shape:
            raise ValueError(f"frame {number} is {image.shape}, the first is {shape}")
        container.mux(stream.encode(_video_frame(image, number, reformatter)))
        if sound is not None:
            sound.write_until((number + 1) / rate)
    if stream is None:
        raise ValueError("a clip needs at least one frame")
    container.mux(stream.encode(None))
    if sound is not None:
        sound.finish()


def _video_stream(container: OutputContainer, shape: tuple[int, ...], rate: Fraction) -> VideoStream:
    stream = container.add_stream("libx264", rate=rate, options=_QUALITY)
    stream.height, stream.width = (side + side % 2 for side in shape[:2])
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context  # set explicitly, since players guess it from the size
    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return stream


def _video_frame(image: np.ndarray, number: int, reformatter: VideoReformatter) -> VideoFrame:
    height, width = image.shape[:2]
    even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    frame = reformatter.reformat(
        VideoFrame.from_ndarray(even, "rgb24"),
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP,
    )
    frame.pts = number
    return frame


class _Sound:
    """An audio track, written in step with the frames."""

    def __init__(self, container: OutputContainer, audio: np.ndarray, rate: int) -> None:
        channels = 1 if audio.ndim == 1 else audio.shape[1]
        self._layout = {1: "mono", 2: "stereo"}[channels]
        self._container, self._rate, self._done = container, rate, 0
        self._audio = audio.reshape(-1, channels)
        written = rate if rate in _SOUND_RATES else _SOUND_RATES[-1]
        self._stream: AudioStream = container.add_stream("aac", rate=written, layout=self._layout)
        self._stream.bit_rate = _SOUND_BITS

    def write_until(self, seconds: Fraction) -> None:
        samples = self._audio[self._done : round(seconds * self._rate)]
        if len(samples):
            packed = np.clip(samples, -1, 1).astype(np.float32).reshape(1, -1)
            frame = AudioFrame.from_ndarray(packed, "flt", self._layout)
            frame.sample_rate, frame.pts, frame.time_base = self._rate, self._done, Fraction(1, self._rate)
            self._container.mux(self._stream.encode(frame))
            self._done += len(samples)

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))
