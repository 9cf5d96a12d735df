"""Videos, read by FFmpeg with care: from one file alone, whatever that file says."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from models.data.images import MAX_PIXELS
from models.data.media.clip import Clip, Sound, check_extent, damaged_after
from models.schema import InputError

_WITH_PICTURES = ("mov", "matroska", "avi", "flv", "asf", "mpegts", "mpeg", "ogg")
_SOUND_ONLY = ("wav", "mp3", "flac", "aac", "aiff")  # so that it can be said what is missing
# None of these formats is a list of other files; and were one, no way of opening those is allowed.
_OPTIONS = {"format_whitelist": ",".join(_WITH_PICTURES + _SOUND_ONLY), "protocol_whitelist": "none"}
_UNSPECIFIED, _HD_LINES = 2, 720  # of color spaces, as ISO/IEC 23091-4 counts them; from where on video is HD
_THREADS = 2  # on every machine alike: of as many frames at a clip's end, damage goes unseen
_USUAL_RATE = Fraction(25)
_MISSING = 0.5  # seconds that a file claims to have and has not, from where on that is said
_EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    with path.open("rb") as file, av.open(file, "r", options=_OPTIONS, metadata_errors="replace") as container:
        yield container


def open_video(path: Path) -> Clip:
    """Raises InputError, in words for the visitor. Every frame is decoded once, after what is said of them is checked.

    Where a frame cannot be decoded, or came in damaged, the clip ends before it, and a note says so.
    """
    try:
        with opened(path) as container:
            return _clip(path, container)
    except InputError:
        raise
    except Exception as error:  # other people's files: FFmpeg fails in its own ways, and PyAV in others
        raise InputError(_unreadable(path)) from error


def read_video(clip: Clip, start: int, stop: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Frames `start` to `stop` of a clip of `open_video`: uint8 [height, width, 3]; size: (width, height)."""
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
    """What decoding a video has shown. unit: of stamps, in seconds. keys: the frames at which decoding can begin."""

    unit: Fraction
    size: tuple[int, int] = (0, 0)
    stamps: list[int | None] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    lasts: int = 0
    damaged: bool = False

    def add(self, frame: VideoFrame) -> None:
        if not self.stamps:
            self.size = (frame.height, frame.width) if _turn(frame).transposed else (frame.width, frame.height)
        if frame.key_frame:
            self.keys.append(len(self.stamps))
        self.stamps.append(frame.pts)
        self.lasts = frame.duration
        first = self.stamps[0]
        seconds = 0.0 if frame.pts is None or first is None else float((frame.pts - first) * self.unit)
        check_extent(frame.width, frame.height, len(self.stamps), seconds)

    def times(self, rate: Fraction) -> tuple[np.ndarray, float, np.ndarray | None]:
        """Times, duration and stamps for a clip; evenly spaced where the file's own stamps are missing or no order."""
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
        of_what_is_there = "This clip is damaged or cut short: none of its frames can be read."
        raise InputError(of_what_is_there if seen.damaged else "There is not one frame in this clip.")
    times, duration, stamps = seen.times(stream.average_rate or _USUAL_RATE)
    check_extent(*seen.size, len(times), duration)
    sound, notes = _sound(container)
    ends_early = (stream.duration or sound is None) and said > duration + _MISSING
    if seen.damaged or ends_early:
        notes += (damaged_after(duration),)
    start = float((seen.stamps[0] or 0) * unit)
    keys = np.array([] if seen.damaged else seen.keys, np.int64)  # a seek past damage may lead anywhere
    return Clip(path, *seen.size, times, duration, sound, notes, start=start, stamps=stamps, keys=keys)


def _video(container: InputContainer) -> VideoStream:
    """The first stream of pictures that is not the cover of a record."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None:
                raise InputError("The pictures of this clip are of a kind that cannot be read here: save it as MP4.")
            return stream
    if container.streams.audio:
        raise InputError("There is sound in this file, but there is no picture in it.")
    raise InputError("There is no picture in this file.")


def _sound(container: InputContainer) -> tuple[Sound | None, tuple[str, ...]]:
    """The first sound track, and what is to be said where it is of no use."""
    if not container.streams.audio:
        return None, ()
    stream = container.streams.audio[0]
    if stream.codec_context is None or not stream.channels or not stream.sample_rate:
        return None, ("The sound of this clip is of a kind that cannot be read here.",)
    return Sound(stream.sample_rate, stream.channels), ()


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    stream.thread_type, stream.thread_count = "AUTO", _THREADS
    # Before there is room made for a frame, whatever the file or the frames before it said of its size.
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return container.decode(stream)


def _frames_from(clip: Clip, start: int) -> Generator[VideoFrame, None, None]:
    """All frames from `start` on: decoded from the last key before it, or from the first if that leads elsewhere."""
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
    """How a frame is turned to be upright: first transposed, then mirrored left to right, then upside down."""

    transposed: bool = False
    mirrored: bool = False
    upended: bool = False


def _turn(frame: VideoFrame) -> _Turn:
    """What the frame's display matrix asks for: x' = a x + c y, y' = b x + d y. Other angles: the next right one."""
    if "DISPLAYMATRIX" not in frame.side_data:
        return _Turn()
    a, b, _, c, d, *_ = np.frombuffer(bytes(frame.side_data["DISPLAYMATRIX"]), "<i4").tolist()
    if abs(b) + abs(c) > abs(a) + abs(d):
        return _Turn(True, c < 0, b < 0)
    return _Turn(False, a < 0, d < 0)


def _upright(frame: VideoFrame, size: tuple[int, int], reformatter: VideoReformatter) -> np.ndarray:
    turn = _turn(frame)
    width, height = size[::-1] if turn.transposed else size
    kind = Interpolation.AREA if width < frame.width or height < frame.height else Interpolation.BILINEAR
    guessed = Colorspace.ITU709 if frame.colorspace == _UNSPECIFIED and frame.height >= _HD_LINES else None
    image = reformatter.reformat(
        frame, width, height, "rgb24", src_colorspace=guessed, interpolation=kind | _EXACT
    ).to_ndarray()
    if turn.transposed:
        image = image.swapaxes(0, 1)
    return np.ascontiguousarray(image[:: -1 if turn.upended else 1, :: -1 if turn.mirrored else 1])


def _unreadable(path: Path) -> str:
    with path.open("rb") as file:
        if file.read(8)[4:] == b"ftyp":  # begins as MP4 and MOV do, which say only at the end what is in them
            return "This clip is damaged or cut short, and cannot be read. Was the upload or the recording interrupted?"
    return "This file is no clip that can be read here, whatever its name says."


def _changed(frame: int) -> str:
    return f"Frame {frame + 1} of this clip cannot be read any more: choose the clip again."
