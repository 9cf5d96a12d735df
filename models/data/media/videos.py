"""Reads videos with FFmpeg, which is kept from opening any other file."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import NamedTuple, cast

import av
import numpy as np
from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, ColorTrc, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from PIL import Image

from models.data.images import MAX_PIXELS, as_rgb
from models.data.media.clip import Clip, Sound, check_extent, damaged_after
from models.schema import InputError

_WITH_PICTURES = ("mov", "matroska", "avi", "flv", "asf", "mpegts", "mpeg", "ogg")
_SOUND_ONLY = ("wav", "mp3", "flac", "aac", "aiff")  # accepted so that the error can say what is missing
# None of these formats refers to other files, and no protocol to open other files is allowed.
_OPTIONS = {"format_whitelist": ",".join(_WITH_PICTURES + _SOUND_ONLY), "protocol_whitelist": "none"}
_UNSPECIFIED, _HD_LINES = 2, 720  # color space code of ISO/IEC 23091-4; number of lines from which video is HD
_THREADS = 2  # the same everywhere: damage in as many frames at the end of a clip goes unnoticed
_USUAL_RATE = Fraction(25)
_MISSING = 0.5  # seconds missing from the claimed duration from which a note says so
_HDR = {int(ColorTrc.SMPTE2084): "PQ", int(ColorTrc.ARIB_STD_B67): "HLG"}
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that also read transparency, which FFmpeg's own do not."""
_EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    with path.open("rb") as file, av.open(file, "r", options=_OPTIONS, metadata_errors="replace") as container:
        yield container


class NoVideoError(InputError):
    """A file that has audio, but no video."""


def open_video(path: Path) -> Clip:
    """Raises InputError, and NoVideoError for a sound file. Checks the size, then decodes every frame once.

    At the first frame that is damaged or cannot be decoded, the clip ends, and a note says so.
    """
    try:
        with opened(path) as container:
            return _clip(path, container)
    except InputError:
        raise
    except Exception as error:  # FFmpeg and PyAV raise errors of many types
        raise InputError(_unreadable(path)) from error


def read_video(clip: Clip, start: int, stop: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Frames `start` to `stop` of a clip from `open_video`: uint8 [height, width, 3]; size: (width, height)."""
    reformatter, done = VideoReformatter(), start
    try:
        with closing(_frames_from(clip, start)) as frames:
            for frame in islice(frames, stop - start):
                yield _upright(frame, size, reformatter)
                done += 1
    except FFmpegError as error:
        raise InputError(_changed(done)) from error
    if done < stop:
        raise InputError(_changed(done))


@dataclass(slots=True)
class _Seen:
    """What decoding a video has shown.

    unit: of timestamps, in seconds.
    keys: indices of the frames at which decoding can start.
    hdr: transfer function of a clip in HDR, or "".
    """

    unit: Fraction
    size: tuple[int, int] = (0, 0)
    stamps: list[int | None] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    lasts: int = 0
    damaged: bool = False
    hdr: str = ""

    def add(self, frame: VideoFrame) -> None:
        if not self.stamps:
            self.hdr = _HDR.get(frame.color_trc, "")
            self.size = (frame.height, frame.width) if _turn(frame).transposed else (frame.width, frame.height)
        if frame.key_frame:
            self.keys.append(len(self.stamps))
        self.stamps.append(frame.pts)
        self.lasts = frame.duration
        first = self.stamps[0]
        seconds = 0.0 if frame.pts is None or first is None else float((frame.pts - first) * self.unit)
        check_extent(frame.width, frame.height, len(self.stamps), seconds)

    def times(self, rate: Fraction) -> tuple[np.ndarray, float, np.ndarray | None]:
        """Times, duration and timestamps; evenly spaced if the timestamps of the file are missing or out of order."""
        known = np.array([stamp for stamp in self.stamps if stamp is not None], np.int64)
        if len(known) < len(self.stamps) or (np.diff(known) <= 0).any():
            return np.arange(len(self.stamps)) / float(rate), float(len(self.stamps) / rate), None
        times = (known - known[0]) * float(self.unit)
        return times, float(times[-1]) + (self.lasts * float(self.unit) or float(1 / rate)), known


def _clip(path: Path, container: InputContainer) -> Clip:
    stream = _video(container)
    unit = stream.time_base or Fraction(1)
    said = float(stream.duration * unit) if stream.duration else (container.duration or 0) / av.time_base
    check_extent(stream.width, stream.height, stream.frames, said)
    seen = _Seen(unit)
    try:
        for frame in _decoded(container, stream):
            seen.damaged = frame.is_corrupt
            if seen.damaged:
                break
            seen.add(frame)
    except FFmpegError:
        seen.damaged = True
    if not seen.stamps:
        damaged = "The clip is damaged or cut short, and none of its frames can be read."
        raise InputError(damaged if seen.damaged else "The clip has no frames.")
    times, duration, stamps = seen.times(stream.average_rate or _USUAL_RATE)
    check_extent(*seen.size, len(times), duration)
    sound, notes = _sound(container)
    if seen.hdr:
        notes += (
            f"The clip is in HDR ({seen.hdr}) and is not tone-mapped: its colors are paler than on an HDR screen.",
        )
    ends_early = (stream.duration or sound is None) and said > duration + _MISSING
    if seen.damaged or ends_early:
        notes += (damaged_after(duration),)
    start = float((seen.stamps[0] or 0) * unit)
    keys = np.array([] if seen.damaged else seen.keys, np.int64)  # seeking past damage is unreliable
    return Clip(path, *seen.size, times, duration, sound, notes, start=start, stamps=stamps, keys=keys)


def _video(container: InputContainer) -> VideoStream:
    """The first video stream that is not cover art."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None:
                raise InputError("The video codec of the clip is not supported. Save it as MP4 (H.264).")
            return stream
    if container.streams.audio:
        raise NoVideoError("The file has audio but no video.")
    raise InputError("The file has no video.")


def _sound(container: InputContainer) -> tuple[Sound | None, tuple[str, ...]]:
    """The first audio track, and a note if it cannot be used."""
    if not container.streams.audio:
        return None, ()
    stream = container.streams.audio[0]
    if stream.codec_context is None or not stream.channels or not stream.sample_rate:
        return None, ("The audio codec of the clip is not supported. Using the video without sound.",)
    return Sound(stream.sample_rate, stream.channels), ()


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    stream.thread_type, stream.thread_count = "AUTO", _THREADS
    # Checked before memory is allocated for a frame, since frames may differ from the header in size.
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    name = _WITH_ALPHA.get(stream.codec_context.name) if stream.metadata.get("alpha_mode") == "1" else None
    return _decoded_by(name, container, stream) if name else container.decode(stream)


def _decoded_by(name: str, container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    decoder = cast(VideoCodecContext, CodecContext.create(name, "r"))
    decoder.options = {"max_pixels": str(MAX_PIXELS)}
    for packet in container.demux(stream):
        yield from decoder.decode(packet)  # the last packet is empty, and ends the stream


def _frames_from(clip: Clip, start: int) -> Generator[VideoFrame, None, None]:
    """All frames from `start` on, decoded from the keyframe before it, or from the first frame if seeking fails."""
    if clip.stamps is not None and clip.keys is not None and (clip.keys <= start).any():
        wanted, key = int(clip.stamps[start]), int(clip.stamps[clip.keys[clip.keys <= start][-1]])
        with opened(clip.path) as container:
            stream = _video(container)
            decoded = _decoded(container, stream)
            try:
                container.seek(key, stream=stream)
                first = next((frame for frame in decoded if frame.pts is not None and frame.pts >= wanted), None)
            except FFmpegError:
                first = None
            if first is not None and first.pts == wanted:
                yield first
                yield from decoded
                return
    with opened(clip.path) as container:
        yield from islice(_decoded(container, _video(container)), start, None)


class _Turn(NamedTuple):
    """How a frame is rotated upright: transposed, then mirrored horizontally, then vertically."""

    transposed: bool = False
    mirrored: bool = False
    upended: bool = False


def _turn(frame: VideoFrame) -> _Turn:
    """The rotation in the display matrix of a frame: x' = a x + c y, y' = b x + d y; rounded to right angles."""
    if "DISPLAYMATRIX" not in frame.side_data:
        return _Turn()
    a, b, _, c, d, *_ = np.frombuffer(bytes(frame.side_data["DISPLAYMATRIX"]), "<i4").tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        return _Turn(True, c < 0, b < 0)
    return _Turn(False, a < 0, d < 0)


def _upright(frame: VideoFrame, size: tuple[int, int], reformatter: VideoReformatter) -> np.ndarray:
    turn, frame = _turn(frame), _on_white(frame, reformatter)
    width, height = size[::-1] if turn.transposed else size
    kind = Interpolation.AREA if width < frame.width or height < frame.height else Interpolation.BILINEAR
    guessed = Colorspace.ITU709 if frame.colorspace == _UNSPECIFIED and frame.height >= _HD_LINES else None
    image = reformatter.reformat(
        frame, width, height, "rgb24", src_colorspace=guessed, interpolation=kind | _EXACT
    ).to_ndarray()
    if turn.transposed:
        image = image.swapaxes(0, 1)
    return np.ascontiguousarray(image[:: -1 if turn.upended else 1, :: -1 if turn.mirrored else 1])


def _on_white(frame: VideoFrame, reformatter: VideoReformatter) -> VideoFrame:
    """The frame without transparency, as `as_rgb` has it for images."""
    if not any(component.is_alpha for component in frame.format.components):
        return frame
    pixels = reformatter.reformat(frame, format="rgba", interpolation=_EXACT).to_ndarray()
    return VideoFrame.from_ndarray(np.asarray(as_rgb(Image.fromarray(pixels))), "rgb24")


def _unreadable(path: Path) -> str:
    with path.open("rb") as file:
        if file.read(8)[4:] == b"ftyp":  # MP4 and MOV, whose index may be at the end
            return "The clip is damaged or cut short and cannot be read. Upload it again."
    return "The file is not a clip in a supported format. Use MP4, WebM or GIF."


def _changed(frame: int) -> str:
    return f"Frame {frame + 1} of the clip can no longer be read. Upload the clip again."
