"""Pictures as visitors bring them: what is made of each kind."""

import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import GifImagePlugin, Image

from models.data.images import as_rgb, image_note, is_animated, open_image
from tests.image_files import COLORS, PICTURE, assert_close, gray, opened, png, saved, spy_on_decoders

# Kinds of files


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True}), ("BMP", {}), ("TIFF", {}), ("PPM", {}), ("TGA", {}), ("GIF", {})],
)
def test_colors_of_lossless_files(kind, options, tmp_path):
    data = saved(PICTURE, kind, **options)
    (tmp_path / "picture").write_bytes(data)
    assert_close(opened(data), COLORS)
    assert_close(opened(tmp_path / "picture"), COLORS)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_colors_of_lossy_files(kind):
    """Flat, so that little is lost."""
    flat = np.broadcast_to(np.uint8([250, 20, 110]), (32, 16, 3))
    assert_close(opened(saved(Image.fromarray(flat), kind, quality=95)), flat, atol=4)


@pytest.mark.parametrize(("kind", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})])
def test_first_frame(kind, options):
    frames = [Image.new("RGB", (4, 3), color) for color in ("red", "lime", "blue")]
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
    assert_close(opened(data), COLORS)
    assert decoders == ["gif"]
    assert set(sought) == {0}


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_animations_are_told_from_still_pictures(kind, tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(saved(PICTURE, kind))
    assert not is_animated(path)
    path.write_bytes(saved(PICTURE, kind, save_all=True, append_images=[Image.new("RGB", PICTURE.size)]))
    assert is_animated(path)


def test_a_photo_with_a_gain_map_has_one_frame(tmp_path):
    """Phones write photos as MPO: a JPEG and, after it, further images of the same photo."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(saved(PICTURE, "MPO", save_all=True, append_images=[PICTURE.resize((2, 2))]))
    assert not is_animated(path)
    assert opened(path).shape == COLORS.shape


def test_a_second_frame_that_is_damaged_is_nobodys_loss(tmp_path):
    """Wherever it ends: the first frame is read, and nothing is raised that was not said already."""
    path = tmp_path / "picture.gif"
    still = saved(PICTURE, "GIF")
    data = saved(PICTURE, "GIF", save_all=True, append_images=[Image.new("RGB", PICTURE.size)])
    found = set()
    for end in range(len(still), len(data)):
        path.write_bytes(data[:end])
        assert opened(path).shape == COLORS.shape
        found.add(is_animated(path))
    assert found == {False, True}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_one_pixel(kind, mode):
    assert_close(opened(saved(Image.new(mode, (1, 1), "white"), kind)), [[(255, 255, 255)]], atol=1)


# More than 8 bits

SIXTEEN = [0, 128, 129, 257, 32_767, 32_768, 65_406, 65_407, 65_535]
EIGHT = [0, 0, 1, 1, 127, 128, 254, 255, 255]  # of 257 each, to the nearest: 128 / 257 = 0.498, 129 / 257 = 0.502


def test_16_bit_gray():
    data = png(9, 1, 16, 0, b"\0" + struct.pack(">9H", *SIXTEEN))
    assert_close(gray(opened(data)), [EIGHT])


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_16_bit_gray_of_any_file(kind, order):
    """PPM has 16 bits in Pillow's mode of 32."""
    image = Image.fromarray(np.array([SIXTEEN], dtype=order))
    assert image.mode == {"<u2": "I;16", ">u2": "I;16B"}[order]
    assert_close(gray(np.asarray(as_rgb(image))), [EIGHT])
    native = Image.fromarray(np.array([SIXTEEN], dtype=np.uint16))
    assert_close(gray(opened(saved(native, kind))), [EIGHT])


def test_16_bit_gray_that_is_dark_stays_dark():
    """By the range of 16 bits, not by what the picture has of it."""
    assert_close(gray(opened(png(2, 1, 16, 0, b"\0" + struct.pack(">2H", 1_000, 2_000)))), [[4, 8]])


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_12_bits_in_16_are_scaled_by_their_range_and_noted(kind, tmp_path):
    """2,048 is 127.53 of 255."""
    path, values = tmp_path / "scan", np.array([[0, 16, 2_048, 4_095]], np.uint16)
    path.write_bytes(saved(Image.fromarray(values), kind))
    assert_close(gray(opened(path)), [[0, 1, 128, 255]])
    assert "12-bit" in image_note(path)
    path.write_bytes(saved(Image.fromarray(values * 16), kind))
    assert_close(gray(opened(path)), [[0, 1, 128, 255]])
    assert image_note(path) == ""


@pytest.mark.parametrize(
    ("content", "noted"),
    [(saved(PICTURE, "PNG"), False), (saved(PICTURE, "GIF", save_all=True, append_images=[PICTURE.rotate(180)]), True),
     (b"", False), (b"\x89PNG\r\n\x1a\n", False)],
)  # fmt: skip
def test_what_is_noted_about_a_file(content, noted, tmp_path):
    (tmp_path / "image").write_bytes(content)
    assert bool(image_note(tmp_path / "image")) is noted


def test_16_bit_gray_with_a_transparent_value():
    data = png(3, 1, 16, 0, b"\0" + struct.pack(">3H", 0, 257, 514), tRNS=struct.pack(">H", 257))
    assert_close(gray(opened(data)), [[0, 255, 2]])


def test_16_bit_colors_and_alpha():
    """Pillow takes the upper 8 bits, which is at most one away."""
    rgb = png(2, 1, 16, 2, b"\0" + struct.pack(">6H", 0, 65_535, 30_000, 257, 1_000, 40_000))
    assert_close(opened(rgb), [[(0, 255, 117), (1, 4, 156)]], atol=1)
    gray_alpha = png(2, 1, 16, 4, b"\0" + struct.pack(">4H", 30_000, 65_535, 0, 0))
    assert_close(gray(opened(gray_alpha)), [[117, 255]], atol=1)


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
    assert_close(gray(opened(saved(image, "TIFF"))), [expected])


# Modes

ON_WHITE = [
    # color, alpha of 255, what is seen: alpha / 255 * color + (1 - alpha / 255) * 255
    ((10, 20, 30), 255, (10, 20, 30)),
    ((10, 20, 30), 0, (255, 255, 255)),
    ((200, 100, 0), 51, (244, 224, 204)),
    ((0, 128, 255), 128, (127, 191, 255)),
    ((0, 5, 100), 254, (1, 6, 101)),
]


def test_rgba_lies_on_white():
    image = Image.new("RGBA", (len(ON_WHITE), 1))
    image.putdata([(*color, alpha) for color, alpha, _ in ON_WHITE])
    expected = [[seen for _, _, seen in ON_WHITE]]
    for kind in ("PNG", "TIFF"):
        assert_close(opened(saved(image, kind)), expected, atol=1)
    assert_close(opened(saved(image, "WEBP", lossless=True, exact=True)), expected, atol=1)
    assert_close(np.asarray(as_rgb(image.convert("RGBa"))), expected, atol=2)


def test_gray_with_alpha_lies_on_white():
    image = Image.new("LA", (4, 1))
    image.putdata([(40, 255), (40, 0), (200, 51), (0, 128)])
    expected = [[40, 255, 244, 127]]
    assert_close(gray(opened(saved(image, "PNG"))), expected, atol=1)
    assert_close(gray(np.asarray(as_rgb(image.convert("La")))), expected, atol=3)


def palette_picture() -> Image.Image:
    image = Image.new("P", (len(ON_WHITE), 1))
    image.putpalette([channel for color, _, _ in ON_WHITE for channel in color])
    image.putdata(range(len(ON_WHITE)))
    return image


def test_palette():
    assert_close(opened(saved(palette_picture(), "PNG")), [[color for color, _, _ in ON_WHITE]])


def test_palette_with_transparency_lies_on_white():
    data = saved(palette_picture(), "PNG", transparency=bytes(alpha for _, alpha, _ in ON_WHITE))
    assert Image.open(BytesIO(data)).mode == "P"
    assert_close(opened(data), [[seen for _, _, seen in ON_WHITE]], atol=1)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_one_color_of_a_palette_is_transparent(kind):
    seen = [[color for color, _, _ in ON_WHITE]]
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
def test_black_white_and_gray(mode):
    image = Image.fromarray(np.array([[0, 255, 255, 0]], dtype=np.uint8)).convert(mode)
    assert_close(gray(opened(saved(image, "PNG"))), [[0, 255, 255, 0]])


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
def test_red_in_other_color_spaces(mode, red):
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
    assert_close(np.asarray(found), UPRIGHT[orientation](COLORS))
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
