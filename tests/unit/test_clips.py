"""Clips of every kind, against what was drawn: which frame, when, which way up."""

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image

from models.data.media.reading import open_clip, read_frames
from models.schema import InputError
from tests.clip_files import (
    BLUE,
    HEIGHT,
    MARK,
    RATE,
    RED,
    SIZE,
    WIDTH,
    clip_bytes,
    number_of,
    numbered,
    tone,
    with_matrix,
    with_packet_lost,
)
from tests.image_files import assert_close, saved

TWELVE = list(range(12))


@pytest.fixture
def kept(tmp_path):
    """Opens what a file holds."""

    def keep(data: bytes, name: str = "clip"):
        (tmp_path / name).write_bytes(data)
        return open_clip(tmp_path / name)

    return keep


def seen(clip, start=0, stop=None, **options):
    return list(read_frames(clip, start, clip.frames if stop is None else stop, **options))


VIDEOS = {
    "mp4": {},
    "mov": {"kind": "mov"},
    "mp4, reordered": {"g": 5, "bf": 2},
    "mp4, open groups": {"x264-params": "keyint=5:min-keyint=5:open-gop=1:bframes=2:scenecut=0"},
    "mp4, no keys": {"intra-refresh": 1, "g": 5},
    "mp4, fragments": {"container": {"movflags": "frag_keyframe+empty_moov"}, "g": 4},
    "mp4, MPEG-4": {"codec": "mpeg4", "g": 5, "b": 2_000_000},
    "mpegts": {"kind": "mpegts", "g": 5},
    "webm, VP8": {"kind": "webm", "codec": "libvpx", "g": 5, "auto-alt-ref": 1, "lag-in-frames": 8},
    "webm, VP9": {"kind": "webm", "codec": "libvpx-vp9", "g": 5, "auto-alt-ref": 1, "lag-in-frames": 8},
    "webm, no index": {"kind": "webm", "codec": "libvpx", "g": 5, "container": {"live": "1"}},
    "mkv": {"kind": "matroska", "codec": "ffv1", "pixels": "bgr0", "g": 5},
    "avi": {"kind": "avi", "codec": "mpeg4", "b": 2_000_000},
    "avi, reordered": {"kind": "avi", "bf": 2, "g": 5},
}


@pytest.mark.parametrize("options", VIDEOS.values(), ids=VIDEOS)
def test_every_frame_of_a_video(options, kept):
    clip = kept(clip_bytes(**options))
    assert (clip.width, clip.height, clip.frames, clip.sound, clip.notes) == (*SIZE, 12, None, ())
    np.testing.assert_allclose(clip.times, 0.04 * np.arange(12), atol=1e-3)
    assert clip.times.dtype == np.float64
    assert (clip.duration, clip.fps) == pytest.approx((0.48, 25), rel=0.01)
    images = seen(clip)
    assert [number_of(image) for image in images] == TWELVE
    assert all(image.shape == (HEIGHT, WIDTH, 3) and image.dtype == np.uint8 for image in images)
    assert_close(images[5][4:12, 4:12], np.broadcast_to(RED, (8, 8, 3)), atol=12)
    assert_close(images[5][4:12, -12:-4], np.broadcast_to(BLUE, (8, 8, 3)), atol=12)
    for start in TWELVE:
        for alone, among in zip(seen(clip, start, start + 2 if start < 11 else 12), images[start:], strict=False):
            np.testing.assert_array_equal(alone, among)


def test_times_are_those_of_the_file(kept):
    stamps = [0, 20, 60, 200, 210, 500]
    clip = kept(clip_bytes("webm", "libvpx", map(numbered, range(6)), stamps))
    np.testing.assert_allclose(clip.times * 1000, stamps, atol=1)
    assert [number_of(image) for image in seen(clip)] == list(range(6))
    assert clip.fps == pytest.approx(6 / clip.duration)
    assert clip.duration > 0.5


def test_times_begin_with_the_first_frame(kept):
    clip = kept(clip_bytes("matroska", frames=map(numbered, range(3)), stamps=[300, 340, 400]))
    np.testing.assert_allclose(clip.times, [0, 0.04, 0.1], atol=1e-9)
    assert clip.start == pytest.approx(0.3)


MATRICES = [
    (a, b, c, d) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1) for d in (-1, 0, 1) if a * d - b * c
]
MATRICES = [matrix for matrix in MATRICES if matrix.count(0) == 2]


@pytest.mark.parametrize(("a", "b", "c", "d"), MATRICES)
def test_upright_as_the_file_asks(a, b, c, d, kept):
    """A corner at (x, y) from the middle is shown at (a x + c y, b x + d y): ISO/IEC 14496-12."""
    clip = kept(with_matrix(clip_bytes(frames=[numbered(5)]), a, b, c, d))
    assert (clip.width, clip.height) == (SIZE if a else SIZE[::-1])
    (image,) = seen(clip)
    assert image.shape == (clip.height, clip.width, 3)
    for x, y, color in [(-1, -1, RED), (1, -1, BLUE)]:
        left, top = a * x + c * y, b * x + d * y
        shown = image[:MARK] if top < 0 else image[-MARK:]
        shown = shown[:, :MARK] if left < 0 else shown[:, -MARK:]
        assert_close(shown[4:-4, 4:-4].mean((0, 1)).astype(np.uint8), color, atol=12)
    (small,) = seen(clip, longest_side=32)
    assert small.shape == (clip.height // 2, clip.width // 2, 3)


@pytest.mark.parametrize("size", [(63, 47), (17, 33), (1, 1), (200, 2)])
def test_odd_sizes(size, kept):
    image = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    clip = kept(clip_bytes("matroska", "ffv1", [image], pixels="bgr0"))
    assert (clip.width, clip.height) == size
    np.testing.assert_array_equal(seen(clip)[0], image)


@pytest.mark.parametrize(("size", "shown"), [((640, 360), RED), ((1280, 720), (255, 24, 0))])
def test_colors_that_no_file_explains_are_those_of_hd_where_it_is(size, shown, kept):
    """Red as BT.601 writes it is (81, 90, 240). BT.709 reads y + 1.57 r, y - 0.19 b - 0.47 r, y + 1.86 b from that."""
    image = np.full((size[1], size[0], 3), RED, np.uint8)
    clip = kept(clip_bytes("matroska", "ffv1", [image]))
    assert_close(seen(clip)[0][100, 100], shown, atol=3)


def test_the_cover_of_a_record_is_no_picture_of_a_clip(tmp_path):
    path = tmp_path / "clip.mp4"
    with av.open(path, "w") as output:
        cover = output.add_stream("mjpeg", rate=RATE)
        cover.width, cover.height, cover.pix_fmt, cover.disposition = *SIZE, "yuvj420p", Disposition.attached_pic
        audio = output.add_stream("aac", rate=48_000, layout="mono")
        output.mux(cover.encode(av.VideoFrame.from_ndarray(numbered(0), "rgb24")))
        output.mux(cover.encode(None))
        samples = av.AudioFrame.from_ndarray(tone(440, 0.1, 48_000)[None], "flt", "mono")
        samples.sample_rate = 48_000
        output.mux(audio.encode(samples))
        output.mux(audio.encode(None))
    with pytest.raises(InputError, match="no video"):
        open_clip(path)


def test_frames_are_shrunk_by_areas(kept):
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    video, picture = (
        kept(clip_bytes("matroska", "ffv1", [image], pixels="bgr0"), "a"),
        kept(saved(Image.fromarray(image), "PNG"), "b"),
    )
    means = image.reshape(HEIGHT // 4, 4, WIDTH // 4, 4, 3).mean((1, 3))
    for clip in (video, picture):
        assert_close(seen(clip, longest_side=WIDTH // 4)[0], means.round(), atol=2)
        np.testing.assert_array_equal(seen(clip, longest_side=WIDTH)[0], image)
        assert seen(clip, longest_side=5)[0].shape == (4, 5, 3)
        assert seen(clip, longest_side=1)[0].shape == (1, 1, 3)


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "AVIF"])
def test_moving_pictures(name, kept):
    images = [Image.fromarray(numbered(number)) for number in range(5)]
    lasts = [40, 100, 70, 200, 50]
    exact = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(name, {})
    clip = kept(saved(images[0], name, save_all=True, append_images=images[1:], duration=lasts, loop=0, **exact))
    assert (clip.width, clip.height, clip.frames, clip.sound, clip.notes) == (*SIZE, 5, None, ())
    np.testing.assert_allclose(clip.times * 1000, [0, 40, 140, 210, 410])
    assert clip.duration == pytest.approx(0.46)
    for start in (3, 0):
        for number, image in enumerate(seen(clip, start), start):
            assert_close(image, numbered(number), atol=4)


SEE_THROUGH = np.full((HEIGHT, WIDTH, 4), (200, 40, 0, 0), np.uint8)
SEE_THROUGH[10:30, 10:30, 3] = 255


@pytest.mark.parametrize(
    ("kind", "codec", "pixels"),
    [
        ("webm", "libvpx", "yuva420p"),
        ("webm", "libvpx-vp9", "yuva420p"),
        ("mov", "png", "rgba"),
        ("mov", "qtrle", "argb"),
    ],
)
def test_what_is_transparent_is_white_as_in_pictures(kind, codec, pixels, kept):
    frames = [SEE_THROUGH] * 3
    clip = kept(clip_bytes(kind, codec, frames=frames, pixels=pixels, **{"auto-alt-ref": 0} if kind == "webm" else {}))
    for image in seen(clip, 1):
        assert_close(image[20, 20], (200, 40, 0), atol=6)
        assert_close(image[40, 40], (255, 255, 255))
    (picture,) = seen(kept(saved(Image.fromarray(SEE_THROUGH), "WEBP", lossless=True)))
    assert_close(picture[40, 40], (255, 255, 255))


@pytest.mark.parametrize(("transfer", "name"), [("smpte2084", "PQ"), ("arib-std-b67", "HLG"), ("bt709", "")])
def test_hdr_is_noted(transfer, name, kept):
    """As phones record it, and without tone mapping."""
    notes = kept(clip_bytes(**{"x264-params": f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"})).notes
    assert len(notes) == bool(name)
    assert all("HDR" in note and name in note for note in notes)


def test_a_picture_that_does_not_say_how_long_it_lasts_lasts_as_in_browsers(kept):
    images = [Image.fromarray(numbered(number)) for number in range(3)]
    clip = kept(saved(images[0], "GIF", save_all=True, append_images=images[1:], duration=0))
    np.testing.assert_allclose(clip.times, [0, 0.1, 0.2])


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_still_picture_is_one_frame(name, kept):
    clip = kept(saved(Image.fromarray(numbered(7)), name), "clip.mp4")
    assert (clip.width, clip.height, clip.frames, clip.duration, clip.fps) == (*SIZE, 1, 0, 0)
    assert number_of(seen(clip)[0]) == 7


def test_a_name_says_nothing(kept):
    assert kept(clip_bytes("webm", "libvpx"), "clip.gif").frames == 12
    assert kept(clip_bytes(), "clip.m3u8").frames == 12


def test_a_title_in_no_known_alphabet(tmp_path):
    path = tmp_path / "clip"
    with av.open(path, "w", format="matroska") as output:
        output.metadata["title"] = "my clip"
        stream = output.add_stream("libx264", rate=RATE)
        output.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(0), "rgb24")))
        output.mux(stream.encode(None))
    path.write_bytes(path.read_bytes().replace(b"my clip", b"\xff\xfe\xe9 \xff\xff\xff"))
    assert open_clip(path).frames == 1


def test_a_size_that_changes_is_made_that_of_the_first_frame(kept):
    parts = [clip_bytes("mpegts", frames=[numbered(3, size)] * 3, bf=0) for size in (SIZE, (128, 96))]
    clip = kept(b"".join(parts))
    assert [(image.shape, number_of(image)) for image in seen(clip)] == [((HEIGHT, WIDTH, 3), 3)] * 6


def test_what_comes_long_before_a_frame_is_not_decoded_for_it(kept):
    data = clip_bytes(g=4, bf=0)
    clip = kept(data)
    clip.path.write_bytes(with_packet_lost(data, "video", 1))
    assert [number_of(image) for image in seen(clip, 8, 12)] == TWELVE[8:]
    with pytest.raises(InputError, match=r"Frame 2 .*no longer"):
        seen(clip, 1, 3)


def test_no_frames_are_asked_for(kept):
    assert seen(kept(clip_bytes()), 4, 4) == []


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (0, 13), (5, 4)])
def test_frames_that_the_clip_has_not(start, stop, kept):
    clip = kept(clip_bytes())
    with pytest.raises(IndexError, match="12"):
        read_frames(clip, start, stop)


@pytest.mark.parametrize("data", [clip_bytes(), saved(Image.fromarray(numbered(0)), "PNG")], ids=["video", "picture"])
def test_a_clip_that_has_gone(data, kept):
    clip = kept(data)
    clip.path.unlink()
    with pytest.raises(InputError, match="no longer available"):
        seen(clip)
    with pytest.raises(InputError, match="no longer available"):
        open_clip(clip.path)


def test_sound_is_told(kept):
    clip = kept(clip_bytes(sound=tone(440, 0.4, 48_000).repeat(2), layout="stereo"))
    assert clip.sound is not None
    assert (clip.sound.sample_rate, clip.sound.channels) == (48_000, 2)
