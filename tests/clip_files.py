"""Clips as files for tests: numbered frames and known sounds, as FFmpeg writes them, and what it does not, by hand."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

SIZE = WIDTH, HEIGHT = 64, 48
RATE = 25
RED, BLUE = (255, 0, 0), (0, 0, 255)
MARK = 16


def numbered(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """uint8 [height, width, 3], gray as the number says, its upper left corner red, the upper right one blue."""
    image = np.full((size[1], size[0], 3), 40 + 6 * number, np.uint8)
    image[:MARK, :MARK], image[:MARK, -MARK:] = RED, BLUE
    return image


def number_of(image: np.ndarray) -> int:
    """Which frame it is: by the gray of its middle, wherever is up."""
    height, width = image.shape[:2]
    middle = image[height * 3 // 8 : height * 5 // 8, width * 3 // 8 : width * 5 // 8]
    return round((float(middle.mean()) - 40) / 6)


def tone(hertz: float, seconds: float, rate: int, loud: float = 0.5) -> np.ndarray:
    """float32 [samples]"""
    return (loud * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def hertz_of(sound: np.ndarray, rate: int) -> float:
    """The loudest frequency."""
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * rate / len(sound))


def clip_bytes(
    kind: str = "mp4",
    codec: str | None = "libx264",
    frames: Iterable[np.ndarray] = tuple(map(numbered, range(12))),
    stamps: Sequence[int] | None = None,
    sound: np.ndarray | None = None,
    sound_rate: int = 48_000,
    sound_codec: str = "aac",
    layout: str = "mono",
    pause: float = 0,
    pixels: str = "yuv420p",
    container: dict[str, str] | None = None,
    **options: Any,
) -> bytes:
    """stamps: milliseconds of each frame; without them, RATE a second. sound: float32 [samples(, channels)].

    pause: seconds that pass between the first half of the sound and the second.
    """
    unit = Fraction(1, 1000 if stamps else RATE)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "clip"
        with av.open(path, "w", format=kind, options=container or {}) as output:
            video = codec and output.add_stream(codec, rate=RATE, options={name: str(v) for name, v in options.items()})
            audio = None if sound is None else output.add_stream(sound_codec, rate=sound_rate, layout=layout)
            if video:
                _write_frames(output, video, frames, stamps, unit, pixels)
            if audio:
                _write_sound(output, audio, sound, sound_rate, layout, round(pause * sound_rate))
        return path.read_bytes()


def _write_frames(output, stream, frames, stamps, unit, pixels) -> None:
    for number, image in enumerate(frames):
        if number == 0:
            stream.height, stream.width = image.shape[:2]
            stream.pix_fmt, stream.codec_context.time_base = pixels, unit
        frame = VideoFrame.from_ndarray(image, {3: "rgb24", 4: "rgba"}[image.shape[2]])
        frame.pts, frame.time_base = stamps[number] if stamps else number, unit
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def _write_sound(output, stream, sound, rate, layout, pause) -> None:
    half = len(sound) // 2 if pause else len(sound)
    for begin, samples in [(0, sound[:half]), (half + pause, sound[half:])]:
        if len(samples):
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), "flt", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, begin, Fraction(1, rate)
            output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def with_matrix(mp4: bytes, a: int, b: int, c: int, d: int) -> bytes:
    """An MP4 that is to be shown with x' = a x + c y, y' = b x + d y: the matrix of its track header, by hand."""
    one = 2**16
    identity = np.array([one, 0, 0, 0, one, 0, 0, 0, 2**30], ">i4").tobytes()
    matrix = np.array([a * one, b * one, 0, c * one, d * one, 0, 0, 0, 2**30], ">i4").tobytes()
    at = mp4.index(identity, mp4.index(b"tkhd"))
    return mp4[:at] + matrix + mp4[at + len(identity) :]


def with_packet_lost(clip: bytes, stream: str, number: int) -> bytes:
    """The same with ones for all that one packet of the stream, "video" or "audio", says."""
    with av.open(BytesIO(clip)) as container:
        packets = [packet for packet in container.demux(**{stream: 0}) if packet.size]
        at, size = packets[number].pos, packets[number].size
    return clip[:at] + b"\xff" * size + clip[at + size :]
