"""Pictures as visitors bring them: what is made of each kind, and what is refused, before it costs anything."""

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import GifImagePlugin, Image, features

from models.images import MOST_PIXELS, as_rgb, check_size, open_image
from models.schema import InputError

COLOURS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
PICTURE = Image.fromarray(COLOURS)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(source: bytes | Path) -> np.ndarray:
    """uint8 [height, width, 3]"""
    image = open_image(source)
    assert image.mode == "RGB"
    return np.asarray(image)


def assert_close(found: np.ndarray, expected: Any, atol: int = 0) -> None:
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found.astype(int), np.asarray(expected, dtype=int), rtol=0, atol=atol)


def grey(image: np.ndarray) -> np.ndarray:
    """[height, width] of a picture whose channels are equal."""
    assert (image == image[..., :1]).all()
    return image[..., 0]


def png(width: int, height: int, depth: int, colour: int, rows: bytes, **chunks: bytes) -> bytes:
    """Written by hand: what Pillow does not write, and what is not there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    between = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    data = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + between + data + chunk(b"IEND", b"")


# Kinds of files


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {}), ("PPM", {}), ("TGA", {}), ("GIF", {})],
)
def test_colours_of_lossless_files(kind, options, tmp_path):
    data = saved(PICTURE, kind, **options)
    (tmp_path / "picture").write_bytes(data)
    assert_close(opened(data), COLOURS)
    assert_close(opened(tmp_path / "picture"), COLOURS)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_colours_of_lossy_files(kind):
    """Flat, so that little is lost."""
    flat = np.broadcast_to(np.uint8([250, 20, 110]), (32, 16, 3))
    assert_close(opened(saved(Image.fromarray(flat), kind, quality=95)), flat, atol=4)


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})])
def test_first_frame(kind, options):
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "lime", "blue")]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert Image.open(BytesIO(data)).n_frames == 3
    assert_close(opened(data), [[(255, 0, 0)] * 4] * 3)


def test_gif_of_10_000_frames(monkeypatch):
    """Only the first frame is decoded, and no other is even looked for."""
    still = saved(PICTURE, "GIF")
    frame = still[still.index(b"\x2c" + struct.pack("<HHHH", 0, 0, 7, 5)) : -1]
    data = still[:-1] + frame * 9_999 + b";"
    assert Image.open(BytesIO(data)).n_frames == 10_000
    decoders, sought = spy_on_decoders(monkeypatch), []
    seek = GifImagePlugin.GifImageFile._seek

    def spy(self: Any, frame: int, *options: Any) -> None:
        sought.append(frame)
        seek(self, frame, *options)

    monkeypatch.setattr(GifImagePlugin.GifImageFile, "_seek", spy)
    assert_close(opened(data), COLOURS)
    assert decoders == ["gif"]
    assert set(sought) == {0}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_one_pixel(kind, mode):
    assert_close(opened(saved(Image.new(mode, (1, 1), "white"), kind)), [[(255, 255, 255)]], atol=1)


# More than 8 bits

SIXTEEN = [0, 128, 129, 257, 32_767, 32_768, 65_406, 65_407, 65_535]
EIGHT = [0, 0, 1, 1, 127, 128, 254, 255, 255]  # of 257 each, to the nearest: 128 / 257 = 0.498, 129 / 257 = 0.502


def test_16_bit_grey():
    data = png(9, 1, 16, 0, b"\0" + struct.pack(">9H", *SIXTEEN))
    assert_close(grey(opened(data)), [EIGHT])


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_16_bit_grey_of_any_file(kind, order):
    """PPM has 16 bits in Pillow's mode of 32."""
    image = Image.fromarray(np.array([SIXTEEN], dtype=order))
    assert image.mode == {"<u2": "I;16", ">u2": "I;16B"}[order]
    assert_close(grey(np.asarray(as_rgb(image))), [EIGHT])
    native = Image.fromarray(np.array([SIXTEEN], dtype=np.uint16))
    assert_close(grey(opened(saved(native, kind))), [EIGHT])


def test_16_bit_grey_that_is_dark_stays_dark():
    """By the range of 16 bits, not by what the picture has of it."""
    assert_close(grey(opened(png(2, 1, 16, 0, b"\0" + struct.pack(">2H", 1_000, 2_000)))), [[4, 8]])


def test_16_bit_grey_with_a_transparent_value():
    data = png(3, 1, 16, 0, b"\0" + struct.pack(">3H", 0, 257, 514), tRNS=struct.pack(">H", 257))
    assert_close(grey(opened(data)), [[0, 255, 2]])


def test_16_bit_colours_and_alpha():
    """Pillow takes the upper 8 bits, which is at most one away."""
    rgb = png(2, 1, 16, 2, b"\0" + struct.pack(">6H", 0, 65_535, 30_000, 257, 1_000, 40_000))
    assert_close(opened(rgb), [[(0, 255, 117), (1, 4, 156)]], atol=1)
    grey_alpha = png(2, 1, 16, 4, b"\0" + struct.pack(">4H", 30_000, 65_535, 0, 0))
    assert_close(grey(opened(grey_alpha)), [[117, 255]], atol=1)


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([-1.0, 0.0, 0.6, 3.0], np.float32, [0, 64, 102, 255]),  # (value + 1) / 4 * 255
        ([0.25, 0.5, 0.75, 1.25], np.float32, [0, 64, 128, 255]),  # 63.75 and, to even, 127.5
        ([7.5, 7.5], np.float32, [0, 0]),
        ([np.nan, -np.inf, np.inf, 2.0], np.float32, [0, 0, 0, 255]),
        ([-3e38, 0.9e38, 3e38], np.float32, [0, 166, 255]),
        ([0, 50_000, 200_000], np.int32, [0, 64, 255]),
        ([0, 65_535], np.int32, [0, 255]),
        ([0, 257 * 9], np.int32, [0, 9]),
        ([-(2**31), 0, 2**31 - 1], np.int32, [0, 128, 255]),
    ],
)
def test_floats_and_32_bits(values, dtype, expected):
    image = Image.fromarray(np.array([values], dtype=dtype))
    assert_close(grey(opened(saved(image, "TIFF"))), [expected])


# Modes

ON_WHITE = [
    # colour, alpha of 255, what is seen: alpha / 255 * colour + (1 - alpha / 255) * 255
    ((10, 20, 30), 255, (10, 20, 30)),
    ((10, 20, 30), 0, (255, 255, 255)),
    ((200, 100, 0), 51, (244, 224, 204)),
    ((0, 128, 255), 128, (127, 191, 255)),
    ((0, 5, 100), 254, (1, 6, 101)),
]


def test_rgba_lies_on_white():
    image = Image.new("RGBA", (len(ON_WHITE), 1))
    image.putdata([(*colour, alpha) for colour, alpha, _ in ON_WHITE])
    expected = [[seen for _, _, seen in ON_WHITE]]
    for kind in ("PNG", "TIFF"):
        assert_close(opened(saved(image, kind)), expected, atol=1)
    assert_close(opened(saved(image, "WEBP", lossless=True, exact=True)), expected, atol=1)
    assert_close(np.asarray(as_rgb(image.convert("RGBa"))), expected, atol=2)


def test_grey_with_alpha_lies_on_white():
    image = Image.new("LA", (4, 1))
    image.putdata([(40, 255), (40, 0), (200, 51), (0, 128)])
    expected = [[40, 255, 244, 127]]
    assert_close(grey(opened(saved(image, "PNG"))), expected, atol=1)
    assert_close(grey(np.asarray(as_rgb(image.convert("La")))), expected, atol=3)


def palette_picture() -> Image.Image:
    image = Image.new("P", (len(ON_WHITE), 1))
    image.putpalette([channel for colour, _, _ in ON_WHITE for channel in colour])
    image.putdata(range(len(ON_WHITE)))
    return image


def test_palette():
    assert_close(opened(saved(palette_picture(), "PNG")), [[colour for colour, _, _ in ON_WHITE]])


def test_palette_with_transparency_lies_on_white():
    data = saved(palette_picture(), "PNG", transparency=bytes(alpha for _, alpha, _ in ON_WHITE))
    assert Image.open(BytesIO(data)).mode == "P"
    assert_close(opened(data), [[seen for _, _, seen in ON_WHITE]], atol=1)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_one_colour_of_a_palette_is_transparent(kind):
    seen = [[colour for colour, _, _ in ON_WHITE]]
    seen[0][3] = (255, 255, 255)
    assert_close(opened(saved(palette_picture(), kind, transparency=3)), seen)


@pytest.mark.parametrize(
    ("mode", "values", "key", "expected"),
    [
        ("L", [7, 8], 7, [(255,) * 3, (8,) * 3]),
        ("1", [0, 255], 0, [(255,) * 3, (255,) * 3]),
        ("RGB", [(1, 2, 3), (1, 2, 4)], (1, 2, 3), [(255,) * 3, (1, 2, 4)]),
    ],
)
def test_one_value_is_transparent(mode, values, key, expected):
    image = Image.new(mode, (2, 1))
    image.putdata(values)
    assert_close(opened(saved(image, "PNG", transparency=key)), [expected])


def test_cmyk():
    inks = [(0, 0, 0, 0), (255, 0, 0, 0), (0, 51, 102, 0), (0, 0, 0, 255), (51, 0, 204, 51)]
    image = Image.new("CMYK", (len(inks), 1))
    image.putdata(inks)
    expected = [[[(255 - ink) * (255 - black) / 255 for ink in (c, m, y)] for c, m, y, black in inks]]
    assert_close(opened(saved(image, "TIFF")), np.round(expected), atol=1)
    flat = opened(saved(Image.new("CMYK", (16, 16), inks[4]), "JPEG", quality=95))
    assert_close(flat, np.broadcast_to(np.round(expected)[0, 4], flat.shape), atol=4)


@pytest.mark.parametrize("mode", ["1", "L"])
def test_black_white_and_grey(mode):
    image = Image.fromarray(np.array([[0, 255, 255, 0]], dtype=np.uint8)).convert(mode)
    assert_close(grey(opened(saved(image, "PNG"))), [[0, 255, 255, 0]])


MODES = ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "LA", "PA", "RGBX", "RGBa", "La"]
MODES += ["I;16", "I;16L", "I;16B", "I;16N"]


@pytest.mark.parametrize("mode", MODES)
def test_any_mode_becomes_a_picture_of_its_own(mode):
    image = Image.new(mode, (3, 2))
    before = image.tobytes()
    found = as_rgb(image)
    assert (found.mode, found.size) == ("RGB", (3, 2))
    found.paste((1, 2, 3), (0, 0, 3, 2))
    assert image.tobytes() == before


@pytest.mark.parametrize(
    ("mode", "red"),
    [("YCbCr", (76, 85, 255)), ("HSV", (0, 255, 255)), ("CMYK", (0, 255, 255, 0)), ("LAB", (138, 209, 198))],
)
def test_red_in_other_colour_spaces(mode, red):
    assert_close(np.asarray(as_rgb(Image.new(mode, (1, 1), red))), [[(255, 0, 0)]], atol=6)


# Turned upright

UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    # EXIF 2.32, section 4.6.4: where the stored picture's first row and first column are to be seen.
    1: lambda stored: stored,  # top, left
    2: lambda stored: stored[:, ::-1],  # top, right
    3: lambda stored: stored[::-1, ::-1],  # bottom, right
    4: lambda stored: stored[::-1],  # bottom, left
    5: lambda stored: stored.swapaxes(0, 1),  # left, top
    6: lambda stored: stored.swapaxes(0, 1)[:, ::-1],  # right, top
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),  # right, bottom
    8: lambda stored: stored.swapaxes(0, 1)[::-1],  # left, bottom
}


def turned(orientation: Any) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_turned_as_exif_says(orientation, kind, options):
    found = open_image(saved(PICTURE, kind, exif=turned(orientation), **options))
    assert_close(np.asarray(found), UPRIGHT[orientation](COLOURS))
    assert_close(np.asarray(as_rgb(found)), np.asarray(found))  # and not a second time


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_photographs_are_turned(orientation):
    stored = np.zeros((32, 64, 3), dtype=np.uint8)
    stored[:16, :16], stored[:16, 16:], stored[16:, 48:] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    found = opened(saved(Image.fromarray(stored), "JPEG", exif=turned(orientation), quality=95, subsampling=0))
    assert_close(found, UPRIGHT[orientation](stored), atol=8)


def test_turned_whatever_the_mode():
    for mode in ("P", "LA", "RGBA", "I;16", "1"):
        image = PICTURE.convert("L").convert("I").convert(mode) if mode == "I;16" else PICTURE.convert(mode)
        upright = opened(saved(image, "PNG"))
        assert_close(opened(saved(image, "PNG", exif=turned(8))), UPRIGHT[8](upright))


@pytest.mark.parametrize(
    "exif", [turned(0), turned(9), b"Exif\0\0garbage!", b"Exif\0\0II", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff"]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_senseless_exif_does_no_harm(kind, exif):
    flat = Image.new("RGB", (16, 8), (200, 30, 40))
    assert_close(opened(saved(flat, kind, exif=exif)), np.broadcast_to((200, 30, 40), (8, 16, 3)), atol=4)


# Refused


def spy_on_decoders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the decoders that Pillow makes from now on; it decodes nothing without one."""
    made, make = [], Image._getdecoder
    monkeypatch.setattr(Image, "_getdecoder", lambda mode, name, *rest: made.append(name) or make(mode, name, *rest))
    return made


def test_decoders_are_seen(monkeypatch):
    """Else the next tests could not fail."""
    decoders = spy_on_decoders(monkeypatch)
    open_image(saved(PICTURE, "PNG"))
    open_image(saved(PICTURE, "JPEG"))
    assert decoders == ["zip", "jpeg"]


@pytest.mark.parametrize(
    ("width", "height"), [(60_000, 60_000), (50_000_001, 1), (1, 50_000_001), (7_072, 7_072), (10_000, 5_001)]
)
def test_bombs_are_refused_before_anything_is_decoded(width, height, monkeypatch):
    decoders = spy_on_decoders(monkeypatch)
    with pytest.raises(InputError, match=r"too many pixels.*50 megapixels"):
        open_image(png(width, height, 8, 2, b"\0"))
    assert decoders == []


def icon(picture: bytes) -> bytes:
    """An icon that says it has 16 x 16 pixels, with a picture inside that says something else."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(picture), 22) + picture


def apple_icon(picture: bytes) -> bytes:
    return b"icns" + struct.pack(">I", len(picture) + 16) + b"ic07" + struct.pack(">I", len(picture) + 8) + picture


@pytest.mark.parametrize("wrap", [icon, apple_icon])
@pytest.mark.filterwarnings("ignore:Image was not the expected size")
def test_bombs_inside_icons(wrap, monkeypatch):
    decoders = spy_on_decoders(monkeypatch)
    assert opened(wrap(saved(PICTURE.resize((128, 128)), "PNG"))).shape == (128, 128, 3)
    assert decoders == ["zip"]
    decoders.clear()
    with pytest.raises(InputError, match="too many pixels"):
        open_image(wrap(png(10_000, 5_001, 8, 2, b"\0")))
    assert decoders == []


def iptc(picture: bytes) -> bytes:
    def field(section: int, number: int, data: bytes) -> bytes:
        return bytes([0x1C, section, number]) + struct.pack(">H", len(data)) + data

    head = [(20, struct.pack(">H", 5)), (30, struct.pack(">H", 5)), (60, b"\1\0"), (65, b"\1"), (120, b"\5")]
    return b"".join(field(3, number, data) for number, data in head) + field(8, 10, picture)


@pytest.mark.parametrize("wrap", [bytes, iptc])
def test_nothing_is_handed_to_other_programs(wrap, monkeypatch):
    """Neither as it comes, nor inside a format that may hold any other."""
    started = []

    def ghostscript(*_: Any) -> Any:
        started.append(True)
        return Image.new("L", (5, 5)).im

    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", ghostscript)
    data = wrap(saved(PICTURE, "EPS"))
    with Image.open(BytesIO(data)) as image:
        image.load()
    assert started == [True]
    with pytest.raises(InputError, match="no picture"):
        open_image(data)
    assert started == [True]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_as_many_pixels_as_are_read(monkeypatch):
    """Of a header, since 50 megapixels are slow to make."""
    decoders = spy_on_decoders(monkeypatch)
    for width, height in ((10_000, 5_000), (MOST_PIXELS, 1), (1, MOST_PIXELS)):
        with Image.open(BytesIO(png(width, height, 8, 2, b"\0"))) as image:
            check_size(image)
    assert decoders == []


@pytest.mark.parametrize(
    ("width", "height", "words"),
    [
        (10_000, 5_001, "10,000 x 5,001.*50 megapixels"),
        (MOST_PIXELS + 1, 1, "50,000,001 x 1"),
        (0, 5, "no pixels"),
        (5, 0, "no pixels"),
    ],
)
def test_sizes_that_are_refused(width, height, words):
    size: Any = SimpleNamespace(width=width, height=height)
    with pytest.raises(InputError, match=words):
        check_size(size)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_cut_short(kind, part):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = saved(noise, kind)
    assert opened(data).shape == (64, 64, 3)
    with pytest.raises(InputError, match=r"damaged or cut short|no picture"):
        open_image(data[: int(part * len(data))])


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_photographs_of_telephones_cut_short():
    """Their decoder has errors of its own kind."""
    data = saved(PICTURE.resize((64, 64)), "AVIF")
    assert opened(data).shape == (64, 64, 3)
    with pytest.raises(InputError, match="damaged or cut short"):
        open_image(data[:-100])


def test_jpeg_cut_short_says_so():
    data = saved(PICTURE.resize((64, 64)), "JPEG")
    with pytest.raises(InputError, match="damaged or cut short"):
        open_image(data[:-200])
    with pytest.raises(InputError, match=r"damaged or cut short|no picture"):
        open_image(data[:20])


def test_text_that_is_called_a_picture(tmp_path):
    path = tmp_path / "holiday.png"
    path.write_text("words that were here")
    for source in (path, path.read_bytes()):
        with pytest.raises(InputError, match="no picture that can be read here, whatever its name says"):
            open_image(source)


def test_no_bytes(tmp_path):
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"")
    for source in (path, b""):
        with pytest.raises(InputError, match="empty: it has 0 bytes"):
            open_image(source)


def test_a_file_that_is_gone(tmp_path):
    """Uploads are deleted after a while; where they lay is nobody's business."""
    with pytest.raises(InputError, match="no longer kept here") as caught:
        open_image(tmp_path / "holiday.jpg")
    assert "holiday" not in str(caught.value)


# Whatever comes


def some_files() -> Iterator[bytes]:
    """One of each kind that Pillow writes and reads."""
    Image.init()
    for kind in sorted(set(Image.SAVE) - {"PDF", "EPS"}):
        for mode in ("RGB", "L", "1", "F"):
            with suppress(OSError, KeyError, ValueError):  # not every kind has every mode
                data = saved(PICTURE.resize((16, 16)).convert(mode), kind)
                Image.open(BytesIO(data)).load()
                yield data
                break


FILES = list(some_files())


def picture_or_refusal(data: bytes) -> None:
    try:
        image = open_image(data)
    except InputError:
        return
    assert image.mode == "RGB"
    assert 0 < image.width * image.height <= MOST_PIXELS


def test_there_are_files_to_spoil():
    assert len(FILES) > 15
    assert all(opened(data).size for data in FILES)


@settings(max_examples=100)
@given(st.binary(max_size=200))
@example(b"\x89PNG\r\n\x1a\n")
@example(b"GIF89a")
@example(b"\xff\xd8\xff")
@example(b"qoif\0\0\0\1\0\0\0\1\3\0\xff")
def test_any_bytes(data):
    picture_or_refusal(data)


@settings(max_examples=150)
@given(data=st.sampled_from(FILES), spoil=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4))
@pytest.mark.filterwarnings("ignore")
def test_any_spoiled_picture(data, spoil):
    spoilt = bytearray(data)
    for place, value in spoil:
        spoilt[place % len(data)] = value
    picture_or_refusal(bytes(spoilt))


@settings(max_examples=60)
@given(data=st.sampled_from(FILES), part=st.floats(0, 1))
@pytest.mark.filterwarnings("ignore")
def test_any_picture_cut_anywhere(data, part):
    picture_or_refusal(data[: int(part * len(data))])
