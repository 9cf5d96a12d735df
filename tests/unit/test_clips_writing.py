"""Clips and sounds that are written, read again: by this project and by what knows nothing of it."""

import subprocess
import sys
import wave

import av
import numpy as np
import pytest

from models.data.media.clip import Sound
from models.data.media.reading import open_clip, read_frames
from models.data.media.sound import read_sound
from models.data.media.writing import write_clip, write_sound
from models.schema import InputError
from tests.clip_files import RED, SIZE, hertz_of, number_of, numbered, tone
from tests.image_files import assert_close


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clip.mp4"


def boxes(data: bytes) -> list[bytes]:
    """The names of an MP4's outermost boxes, in order."""
    names, at = [], 0
    while at < len(data):
        names.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    return names


def test_frames_come_back(path):
    write_clip(path, map(numbered, range(20)), fps=12.5)
    clip = open_clip(path)
    assert (clip.width, clip.height, clip.frames, clip.sound, clip.notes) == (*SIZE, 20, None, ())
    np.testing.assert_allclose(clip.times, 0.08 * np.arange(20), atol=1e-4)
    assert (clip.duration, clip.fps) == pytest.approx((1.6, 12.5))
    images = list(read_frames(clip, 0, 20))
    assert [number_of(image) for image in images] == list(range(20))
    assert_close(images[7][2:14, 2:14], np.broadcast_to(RED, (12, 12, 3)), atol=20)


def test_what_browsers_want(path):
    write_clip(path, map(numbered, range(4)), 25, tone(440, 0.16, 8_000), 8_000)
    assert boxes(path.read_bytes())[:2] == [b"ftyp", b"moov"]
    with av.open(path) as container:
        (video,), (audio,) = container.streams.video, container.streams.audio
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert (video.colorspace, video.color_range, video.color_primaries, video.color_trc) == (1, 1, 1, 1)
        assert (audio.codec_context.name, audio.sample_rate, audio.channels) == ("aac", 48_000, 1)


@pytest.mark.parametrize("fps", [1, 24, 29.97, 60, 30_000 / 1001])
def test_rates(fps, path):
    write_clip(path, map(numbered, range(6)), fps)
    assert open_clip(path).fps == pytest.approx(fps, rel=1e-4)


@pytest.mark.parametrize("color", [(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 160, 30)])
def test_colors_as_a_decoder_shows_them(color, path):
    """By the equations of BT.709, from the numbers that are in the file."""
    write_clip(path, [np.full((16, 16, 3), color, np.uint8)], 25)
    with av.open(path) as container:
        planes = next(container.decode(video=0)).to_ndarray()
    luma, blue, red = (
        float(planes.reshape(-1)[part].mean()) for part in (slice(256), slice(256, 320), slice(320, 384))
    )
    y, b, r = (luma - 16) / 219, (blue - 128) / 224, (red - 128) / 224
    found = np.array([y + 1.5748 * r, y - 0.1873 * b - 0.4681 * r, y + 1.8556 * b]) * 255
    np.testing.assert_allclose(found, color, atol=4)


@pytest.mark.parametrize(("width", "height"), [(63, 47), (64, 47), (63, 48), (1, 1)])
def test_odd_sides_are_filled_up_and_nothing_moves(width, height, path):
    image = np.zeros((height, width, 3), np.uint8)
    image[:, width // 2 :] = 200
    write_clip(path, [image] * 3, 25)
    clip = open_clip(path)
    assert (clip.width, clip.height) == (width + width % 2, height + height % 2)
    (found,) = read_frames(clip, 1, 2)
    assert_close(found[:height, :width], image, atol=6)
    assert_close(found[-1, -1], image[-1, -1], atol=6)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 192_000])
def test_sound_comes_back_in_step(rate, path):
    sound = tone(1000, 0.8, rate)
    sound[: round(0.4 * rate)] = 0
    write_clip(path, map(numbered, range(20)), 25, sound, rate)
    clip = open_clip(path)
    assert clip.sound is not None
    assert clip.sound.sample_rate == (44_100 if rate == 44_100 else 48_000)
    heard = read_sound(clip, 16_000)
    assert hertz_of(heard, 16_000) == pytest.approx(1000, abs=5)
    assert np.flatnonzero(np.abs(heard) > 0.25)[0] / 16_000 == pytest.approx(0.4, abs=0.005)
    assert np.abs(heard[8_000:-400]).max() == pytest.approx(0.5, abs=0.03)


def test_two_sides_and_no_more_sound_than_frames(path):
    sound = np.stack([tone(500, 3, 48_000), tone(2000, 3, 48_000)], axis=1)
    write_clip(path, map(numbered, range(20)), 25, sound, 48_000)
    clip = open_clip(path)
    assert clip.sound is not None
    assert clip.sound.channels == 2
    heard = read_sound(clip, 48_000, channels=2)
    assert [hertz_of(heard[:, side], 48_000) for side in (0, 1)] == pytest.approx([500, 2000], abs=5)
    with av.open(path) as container:
        assert container.duration / av.time_base == pytest.approx(0.8, abs=0.03)


def test_frames_are_taken_one_by_one(path):
    """The encoder looks ahead, but not through everything: 170 more of these frames are 59 MB even as it keeps them."""
    code = f"""if True:
        import resource, numpy as np
        from pathlib import Path
        from models.data.media.writing import write_clip
        def megabytes_after(count):
            frames = (np.full((360, 640, 3), number, np.uint8) for number in range(count))
            write_clip(Path({str(path)!r}), frames, 25)
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        few = megabytes_after(80)
        print(megabytes_after(250) - few)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 20


class Cancelled(BaseException):
    pass


@pytest.mark.parametrize("error", [Cancelled, ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("before", [0, 1, 15])
def test_nothing_is_left_of_a_clip_that_is_not_finished(error, before, path):
    def frames():
        yield from map(numbered, range(before))
        assert path.read_bytes() == b"an earlier one"
        raise error("stop")

    path.write_bytes(b"an earlier one")
    with pytest.raises(error, match="stop"):
        write_clip(path, frames(), 25, tone(440, 1, 48_000), 48_000)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == {path.name: b"an earlier one"}


def test_a_finished_clip_takes_the_place_of_an_earlier_one(path):
    path.write_bytes(b"an earlier one")
    write_clip(path, [numbered(1)], 25)
    assert open_clip(path).frames == 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("frames", "options", "said"),
    [
        ([], {}, "at least one frame"),
        ([numbered(0), numbered(1, (32, 32))], {}, "frame 1"),
        ([numbered(0)], {"audio": tone(440, 1, 8_000)}, "sample rate"),
        ([numbered(0)], {"sample_rate": 8_000}, "sample rate"),
    ],
)
def test_what_cannot_be_written(frames, options, said, path):
    with pytest.raises(ValueError, match=said):
        write_clip(path, frames, 25, **options)
    assert not list(path.parent.iterdir())


@pytest.mark.parametrize("channels", [1, 2])
def test_wav(channels, tmp_path):
    sound = np.stack([np.linspace(-1.5, 1.5, 301), np.zeros(301)], axis=1, dtype=np.float32)
    path = tmp_path / "sound.wav"
    write_sound(path, sound[:, 0] if channels == 1 else sound, 8_000)
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (channels, 8_000, 2)
        found = np.frombuffer(file.readframes(301), "<i2").reshape(-1, channels) / 2**15
    np.testing.assert_allclose(found, sound.clip(-1, 1)[:, :channels], atol=2**-15)


@pytest.mark.parametrize(
    ("kind", "rate", "atol"), [("wav", 16_000, 2**-15), ("flac", 16_000, 2**-15), ("ogg", 8_000, 0.1)]
)
def test_sound_files_are_read_as_they_were_written(kind, rate, atol, tmp_path):
    path, sound = tmp_path / f"sound.{kind}", tone(440, 2.5, rate)
    write_sound(path, sound, rate)
    clip = open_clip(path, sound_only=True)
    assert clip.sound == Sound(rate, 1)
    assert (clip.frames, clip.duration) == (63, pytest.approx(2.5, abs=0.01))
    assert [frame.any() for frame in read_frames(clip, 0, 2)] == [False, False]
    (note,) = clip.notes
    assert "black" in note
    heard = read_sound(clip, rate)
    np.testing.assert_allclose(heard[: len(sound)], sound, atol=atol)
    path.unlink()
    with pytest.raises(InputError, match="no longer available"):
        list(read_frames(clip, 0, 1))
