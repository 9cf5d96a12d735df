"""Pictures that are refused: in words for the visitor, whatever is wrong, and before it costs anything."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, features

from models.data.images import MAX_PIXELS, check_size, open_image
from models.schema import InputError
from tests.image_files import PICTURE, opened, png, saved, spy_on_decoders

# Bombs


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
    with pytest.raises(InputError, match="not an image"):
        open_image(data)
    assert started == [True]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_as_many_pixels_as_are_read(monkeypatch):
    """Of a header, since 50 megapixels are slow to make."""
    decoders = spy_on_decoders(monkeypatch)
    for width, height in ((10_000, 5_000), (MAX_PIXELS, 1), (1, MAX_PIXELS)):
        with Image.open(BytesIO(png(width, height, 8, 2, b"\0"))) as image:
            check_size(image)
    assert decoders == []


@pytest.mark.parametrize(
    ("width", "height", "words"),
    [
        (10_000, 5_001, "10,000x5,001.*50 megapixels"),
        (MAX_PIXELS + 1, 1, "50,000,001x1"),
        (0, 5, "no pixels"),
        (5, 0, "no pixels"),
    ],
)
def test_sizes_that_are_refused(width, height, words):
    size: Any = SimpleNamespace(width=width, height=height)
    with pytest.raises(InputError, match=words):
        check_size(size)


# Damaged, or no pictures


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_cut_short(kind, part):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = saved(noise, kind)
    assert opened(data).shape == (64, 64, 3)
    with pytest.raises(InputError, match=r"damaged or cut short|not an image"):
        open_image(data[: int(part * len(data))])


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_photographs_of_telephones_cut_short():
    """Their decoder has errors of its own kind."""
    data = saved(PICTURE.resize((64, 64)), "AVIF")
    assert opened(data).shape == (64, 64, 3)
    with pytest.raises(InputError, match="damaged or cut short"):
        open_image(data[:-100])


@pytest.mark.parametrize(
    ("kind", "spoil", "error"),
    [
        ("QOI", lambda data: data[:14], IndexError),  # its header
        ("DDS", lambda data: data[:80] + bytes(4) + data[84:], NotImplementedError),  # flags of the pixel format
        ("SPIDER", lambda data: struct.pack("f", 5.0).join([data[:104], data[108:]]), AttributeError),
    ],
)
def test_errors_of_any_decoder(kind, spoil, error):
    """They are of every kind that Python has, and the visitor's words are the same."""
    data = saved(PICTURE.resize((64, 64)).convert("F" if kind == "SPIDER" else "RGB"), kind)
    assert opened(data).shape == (64, 64, 3)
    with pytest.raises(InputError, match="damaged or cut short") as caught:
        open_image(spoil(data))
    assert isinstance(caught.value.__cause__, error)


def test_jpeg_cut_short_says_so():
    data = saved(PICTURE.resize((64, 64)), "JPEG")
    with pytest.raises(InputError, match="damaged or cut short"):
        open_image(data[:-200])
    with pytest.raises(InputError, match=r"damaged or cut short|not an image"):
        open_image(data[:20])


def test_text_that_is_called_a_picture(tmp_path):
    path = tmp_path / "holiday.png"
    path.write_text("words that were here")
    for source in (path, path.read_bytes()):
        with pytest.raises(InputError, match="not an image"):
            open_image(source)


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_a_heic_photo_is_named(tmp_path, brand):
    path = tmp_path / "photo.heic"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(40))
    for source in (path, path.read_bytes()):
        with pytest.raises(InputError, match=r"HEIC.*JPEG"):
            open_image(source)


def test_no_bytes(tmp_path):
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"")
    for source in (path, b""):
        with pytest.raises(InputError, match="empty"):
            open_image(source)


def test_a_file_that_is_gone(tmp_path):
    """Uploads are deleted after a while; where they lay is nobody's business."""
    with pytest.raises(InputError, match="no longer available") as caught:
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
    assert 0 < image.width * image.height <= MAX_PIXELS


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
