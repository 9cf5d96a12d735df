"""Clips that cannot be read, whole or at all: what the visitor is told, and that no other file is opened for them."""

import struct
from contextlib import suppress

import av
import pytest
from PIL import Image

from models.data.media import clip as limits
from models.data.media import pictures, videos
from models.data.media.reading import open_clip, read_frames
from models.schema import InputError
from tests.clip_files import HEIGHT, WIDTH, clip_bytes, number_of, numbered, tone, with_packet_lost
from tests.image_files import saved


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clip.mp4"


def refused(path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(InputError) as error:
        open_clip(path)
    assert str(path.parent) not in str(error.value)
    return str(error.value)


MP4 = clip_bytes(g=4, bf=0)
STREAMED = clip_bytes(g=4, bf=0, container={"movflags": "faststart"})
GIF = saved(
    Image.fromarray(numbered(0)),
    "GIF",
    save_all=True,
    append_images=[Image.fromarray(numbered(number)) for number in (9, 18)],
)
NO_CLIP = "not a clip"


FRAGMENTS = clip_bytes(container={"movflags": "frag_keyframe+empty_moov"})
WAV = clip_bytes("wav", None, sound=tone(440, 0.1, 48_000), sound_codec="pcm_s16le")
MP3 = clip_bytes("mp3", None, sound=tone(440, 0.1, 48_000), sound_codec="libmp3lame")
NO_CLIPS = {
    "empty": (b"", "empty"),
    "text": (b"Dear diary, there was nothing to be filmed today.\n" * 20, NO_CLIP),
    "noise": (bytes(range(7, 256)) * 40, NO_CLIP),
    "subtitles": (b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n", NO_CLIP),
    "sound, WAV": (WAV, "no video"),
    "sound, MP3": (MP3, "no video"),
    "sound, MP4": (clip_bytes(codec=None, sound=tone(440, 0.1, 48_000)), "no video"),
    "no frames": (FRAGMENTS[: FRAGMENTS.index(b"moof") - 4], "no frames"),
    "MP4 without its end": (MP4[: len(MP4) // 2], "damaged or cut short"),
    "MP4 without its frames": (STREAMED[: STREAMED.index(b"mdat") + 8], "damaged or cut short"),
    "MP4 of nothing": (MP4[:32], "damaged or cut short"),
    "WebM of nothing": (clip_bytes("webm", "libvpx")[:60], NO_CLIP),
    "GIF without its end": (GIF[:80], "damaged or cut short"),
    "unknown codec": (MP4.replace(b"avc1", b"zzz1"), "codec"),
}


@pytest.mark.parametrize(("data", "said"), NO_CLIPS.values(), ids=NO_CLIPS)
def test_no_clip(data, said, path):
    assert said in refused(path, data)


@pytest.mark.parametrize("data", [WAV, MP3, clip_bytes(codec=None, sound=tone(440, 0.1, 48_000))])
def test_sound_is_a_clip_only_where_it_is_asked_for(data, path):
    path.write_bytes(data)
    assert open_clip(path, sound_only=True).duration == pytest.approx(0.1, abs=0.06)
    for damaged in (data[: len(data) // 2], data[:60]):
        path.write_bytes(damaged)
        with suppress(InputError):
            assert 0 < open_clip(path, sound_only=True).duration < 0.12


def test_sound_that_is_too_long(path, monkeypatch):
    monkeypatch.setattr(limits, "LONGEST_SECONDS", 1)
    path.write_bytes(clip_bytes("wav", None, sound=tone(440, 2, 8_000), sound_codec="pcm_s16le", sound_rate=8_000))
    with pytest.raises(InputError, match="too long"):
        open_clip(path, sound_only=True)


# Damage in the middle


def read(path, data: bytes) -> tuple[list[int], tuple[str, ...]]:
    path.write_bytes(data)
    clip = open_clip(path)
    numbers = [number_of(image) for image in read_frames(clip, 0, clip.frames)]
    assert len(clip.times) == len(numbers)
    return numbers, clip.notes


def test_a_clip_ends_before_its_first_damaged_frame(path):
    numbers, notes = read(path, with_packet_lost(MP4, "video", 7))
    assert numbers == list(range(7))
    (note,) = notes
    assert "first 0.3 seconds" in note


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif"])
def test_a_clip_that_is_cut_short_is_read_as_far_as_it_goes(kind, path):
    images = [Image.fromarray(numbered(number)) for number in range(30)]
    whole = {
        "mp4": clip_bytes(frames=map(numbered, range(30)), g=4, bf=0, container={"movflags": "faststart"}),
        "webm": clip_bytes("webm", "libvpx", frames=map(numbered, range(30)), g=4, deadline="realtime"),
        "gif": saved(images[0], "GIF", save_all=True, append_images=images[1:], duration=40),
    }[kind]
    assert read(path, whole) == (list(range(30)), ())
    numbers, (note,) = read(path, whole[: len(whole) // 2])
    assert 3 < len(numbers) < 20
    assert numbers == list(range(len(numbers)))
    assert f"first {len(numbers) / 25:.1f} seconds" in note


def test_sound_of_an_unknown_kind_is_noted(path):
    path.write_bytes(clip_bytes("matroska", sound=tone(440, 0.4, 48_000)).replace(b"A_AAC", b"A_ZZZ"))
    clip = open_clip(path)
    assert (clip.frames, clip.sound) == (12, None)
    assert "audio" in clip.notes[0]


# Too large, found before anything is decoded


@pytest.fixture
def _no_decoding(monkeypatch):
    def fail(*_):
        raise AssertionError("decoded before it was checked")

    monkeypatch.setattr(videos, "_decoded", fail)
    monkeypatch.setattr(pictures, "as_rgb", fail)


@pytest.mark.usefixtures("_no_decoding")
@pytest.mark.parametrize("data", [MP4, GIF], ids=["video", "picture"])
@pytest.mark.parametrize(
    ("limit", "most", "said"),
    [
        ("MAX_PIXELS", WIDTH * HEIGHT - 1, "too many pixels: 64x48"),
        ("MAX_FRAMES", 2, "limit is 2"),
        ("MAX_PIXELS_IN_ALL", 2 * WIDTH * HEIGHT, "64x48 pixels is 2 frames"),
    ],
)
def test_too_large_by_what_it_says(data, limit, most, said, path, monkeypatch):
    monkeypatch.setattr(limits, limit, most)
    assert said in refused(path, data)


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif"])
@pytest.mark.parametrize(("limit", "most"), [("LONGEST_SECONDS", 0.3), ("LONGEST_SECONDS", 0.45), ("MAX_FRAMES", 11)])
def test_too_long_by_what_is_in_it(kind, limit, most, path, monkeypatch):
    """Not every file says how many frames it has, or how long it is."""
    images = [Image.fromarray(numbered(number)) for number in range(12)]
    data = {
        "mp4": MP4,
        "webm": clip_bytes("webm", "libvpx", container={"live": "1"}),
        "gif": saved(images[0], "GIF", save_all=True, append_images=images[1:], duration=40),
    }[kind]
    monkeypatch.setattr(limits, limit, most)
    assert "limit" in refused(path, data)
    monkeypatch.setattr(limits, limit, 2 * most)
    assert open_clip(path).frames == 12


def test_frames_that_grow_beyond_what_may_be_decoded(path, monkeypatch):
    small = clip_bytes("mpegts", frames=map(numbered, range(20)), bf=0)
    large = clip_bytes("mpegts", frames=[numbered(20, (256, 192))] * 3, bf=0)
    monkeypatch.setattr(videos, "MAX_PIXELS", 2 * WIDTH * HEIGHT)
    numbers, notes = read(path, small + large)
    assert 10 < len(numbers) <= 20
    assert numbers == list(range(len(numbers)))
    assert "damaged" in notes[0]


def test_a_picture_that_says_to_be_enormous(path):
    assert "too many pixels" in refused(path, GIF[:6] + struct.pack("<HH", 65_535, 65_535) + GIF[10:])


# Files that name other files


def lists(other: str) -> dict[str, tuple[bytes, dict[str, str]]]:
    """What each holds, and with what options FFmpeg, left to itself, opens the other file for it."""
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n".encode()
    return {
        "concat": (f"ffconcat version 1.0\nfile {other}\n".encode(), {"safe": "0"}),
        "hls": (playlist, {"allowed_extensions": "ALL", "extension_picky": "0"}),
    }


@pytest.mark.parametrize("kind", ["concat", "hls"])
@pytest.mark.parametrize("ending", ["mp4", "m3u8", "ffconcat"])
def test_a_list_of_other_files_is_refused(kind, ending, tmp_path):
    other = tmp_path / "other.ts"
    other.write_bytes(clip_bytes("mpegts"))
    data, options = lists("other.ts")[kind]
    path = tmp_path / f"clip.{ending}"
    assert NO_CLIP in refused(path, data)
    with av.open(path, format=kind, options=options) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12
