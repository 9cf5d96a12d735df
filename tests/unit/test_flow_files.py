"""Flow in files: what is read and written, byte by byte, and what is refused."""

import struct
import tracemalloc
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.data import flow_files
from models.data.flow_files import read_flow, write_flo
from models.schema import InputError
from tests.image_files import PICTURE, png, saved

NAN = np.nan
FLOW = np.float32([[[1.5, -2], [0, 0.25]], [[NAN, NAN], [-300, 4]], [[8, 8], [7, -7]]])  # 2 wide, 3 high
FLO = b"PIEH" + struct.pack("<ii", 2, 3) + struct.pack("<12f", 1.5, -2, 0, 0.25, 1e10, 1e10, -300, 4, 8, 8, 7, -7)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "flow"


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def kitti(width: int, height: int, *values: int, **options: bytes) -> bytes:
    """A PNG by hand: red, green, blue of every pixel, row by row, without filters."""
    row = 3 * width
    rows = b"".join(b"\0" + struct.pack(f">{row}H", *values[i * row : i * row + row]) for i in range(height))
    return png(width, height, 16, 2, rows, **options)


# What is read


def test_flo_by_hand(path):
    flow = read_flow(written(path, FLO))
    assert flow.dtype == np.float32
    np.testing.assert_array_equal(flow, FLOW)
    flow[:] = 0  # it belongs to the caller


def test_flo_is_written_as_by_hand(path):
    write_flo(path, FLOW)
    assert path.read_bytes() == FLO
    assert struct.unpack("<f", FLO[:4]) == (202021.25,)


@pytest.mark.parametrize("unknown", [1.1e9, -1e10, np.inf, -np.inf, NAN])
def test_unknown_in_flo(unknown, path):
    """One of both is enough, and neither is kept."""
    np.testing.assert_array_equal(
        read_flow(written(path, b"PIEH" + struct.pack("<ii4f", 2, 1, 5, unknown, 1e9, -6))), [[[NAN, NAN], [1e9, -6]]]
    )


def test_kitti_by_hand(path):
    data = kitti(2, 2, 2**15 + 64, 2**15 - 32, 1, 2**15, 2**15 + 1, 1, 0, 65535, 7, 99, 99, 0)
    flow = read_flow(written(path, data))
    assert flow.dtype == np.float32
    np.testing.assert_array_equal(flow, [[[1, -0.5], [0, 1 / 64]], [[-512, 511.984375], [NAN, NAN]]])


@pytest.mark.parametrize("scale", [-1.0, 1.0])
def test_pfm_is_read_from_the_bottom_up(scale, path):
    """As OpenCV writes it, and with the other order of bytes."""
    flow = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    rows = np.dstack([flow, np.zeros((3, 2))])[::-1].astype("<f4" if scale < 0 else ">f4")
    data = f"PF\n2 3\n{scale}\n".encode() + rows.tobytes()
    np.testing.assert_array_equal(read_flow(written(path, data), (3, 2)), flow)
    if scale < 0:
        by_opencv = cv2.imencode(".pfm", np.dstack([np.zeros((3, 2), np.float32), flow[..., ::-1]]))[1].tobytes()
        np.testing.assert_array_equal(read_flow(written(path, by_opencv)), flow)
    for end in range(len(data)):
        with pytest.raises(InputError):
            read_flow(written(path, data[:end]))


def test_a_disparity_is_no_flow(path):
    data = cv2.imencode(".pfm", np.zeros((3, 2), np.float32))[1].tobytes()
    with pytest.raises(InputError, match="single channel"):
        read_flow(written(path, data))


def test_padding_is_explained(path):
    write_flo(path, np.zeros((440, 1024, 2), np.float32))
    with pytest.raises(InputError, match="padd"):
        read_flow(path, (436, 1024))
    with pytest.raises(InputError, match="same size"):
        read_flow(path, (218, 512))


@pytest.mark.parametrize("format", ["npy", "npz"])
def test_formats_that_are_not_read_are_named(format, path):
    data = BytesIO()
    (np.save if format == "npy" else np.savez)(data, np.zeros((3, 2, 2), np.float32))
    with pytest.raises(InputError, match=format):
        read_flow(written(path, data.getvalue()))


SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(2))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(hnp.arrays(np.float32, SHAPES, elements=st.floats(-1e9, 1e9, width=32)), st.integers(0, 80))
def test_round_trip_of_flo(path, flow, unknown):
    flow.reshape(-1, 2)[unknown::7] = NAN
    write_flo(path, flow)
    np.testing.assert_array_equal(read_flow(path), flow)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(hnp.arrays(np.uint16, SHAPES), st.integers(0, 80))
def test_any_kitti(path, steps, unknown):
    height, width, _ = steps.shape
    pixels = np.concatenate([steps, np.ones((height, width, 1), np.uint16)], axis=2)
    expected = (steps - 2.0**15) / 64
    pixels.reshape(-1, 3)[unknown::7, 2] = 0
    expected.reshape(-1, 2)[unknown::7] = NAN
    np.testing.assert_array_equal(read_flow(written(path, kitti(width, height, *pixels.ravel().tolist()))), expected)


def test_truth_of_the_frames(path):
    write_flo(path, FLOW)
    written(path.with_suffix(".png"), kitti(2, 3, *range(18)))
    for file in (path, path.with_suffix(".png")):
        assert read_flow(file, (3, 2)).shape == (3, 2, 2)
        with pytest.raises(InputError, match=r"2x3 pixels.* 1,024x436"):
            read_flow(file, (436, 1024))


def test_what_is_no_pixel_is_passed_over(path):
    """Not even a frame of an animation, or a transparent color."""
    values = [2**15 + 64, 2**15, 1]
    extras = {"tEXt": b"Title\0flow", "tRNS": struct.pack(">3H", *values), "acTL": struct.pack(">II", 1, 0)}
    np.testing.assert_array_equal(read_flow(written(path, kitti(1, 1, *values, **extras))), [[[1, 0]]])


# What is not written


@pytest.mark.parametrize("shape", [(2, 2), (2, 2, 3), (0, 2, 2)])
def test_what_is_no_flow_is_not_written(shape, path):
    with pytest.raises(ValueError, match="shape"):
        write_flo(path, np.zeros(shape, np.float32))


# What is refused

KITTI = kitti(3, 2, *range(18))
GOOD_ROW = b"\0" + bytes(6)


def pngs_that_are_wrong() -> dict[str, tuple[bytes, str]]:
    idat = KITTI.index(b"IDAT")
    return {
        "8 bits": (saved(PICTURE, "PNG"), "8 bits per channel"),
        "palette": (saved(PICTURE.convert("P"), "PNG"), "8 bits per channel and is not plain RGB"),
        "16-bit gray": (png(1, 1, 16, 0, bytes(3)), "16 bits per channel and is not plain RGB"),
        "16-bit RGBA": (png(1, 1, 16, 6, bytes(9)), "not plain RGB"),
        "signature": (KITTI[:8], "header is damaged or cut short"),
        "half a header": (KITTI[:20], "header is damaged or cut short"),
        "header alone": (KITTI[:33], "damaged or cut short"),
        "header of another length": (KITTI[:11] + b"\x0e" + KITTI[12:], "header is damaged"),
        "header spoiled": (KITTI[:19] + b"\x07" + KITTI[20:], "header is damaged"),
        "cut in its pixels": (KITTI[: idat + 8], "damaged or cut short"),
        "end missing": (KITTI[:-12], "damaged or cut short"),
        "pixels spoiled": (KITTI[: idat + 9] + b"\xff" + KITTI[idat + 10 :], "damaged or cut short"),
        "no deflate": (KITTI[:33] + flow_files._chunk(b"IDAT", b"abc") + KITTI[-12:], "damaged or cut short"),
        "no pixels at all": (KITTI[:33] + KITTI[-12:], "damaged or cut short"),
        "a row too few": (png(1, 2, 16, 2, GOOD_ROW), "damaged or cut short"),
        "a row too many": (png(1, 1, 16, 2, 2 * GOOD_ROW), "damaged or cut short"),
        "a filter that is none": (png(1, 1, 16, 2, b"\5" + bytes(6)), "damaged or cut short"),
        "no width": (png(0, 5, 16, 2, b""), "0x5 pixels"),
        "no height": (png(5, 0, 16, 2, b""), "5x0 pixels"),
        "too many pixels": (png(10_000, 5_001, 16, 2, b""), "too many pixels.*10,000x5,001.*50 megapixels"),
        "endless": (png(2**32 - 1, 2**32 - 1, 16, 2, b""), "too many pixels"),
        "more than it holds": (png(7_000, 7_000, 16, 2, b""), "65 bytes.* 7,000x7,000 pixels"),
        "interlaced": (KITTI[:28] + b"\1" + flow_files._crc(KITTI[12:28] + b"\1") + KITTI[33:], "interlaced"),
    }


def flos_that_are_wrong() -> dict[str, tuple[bytes, str]]:
    def head(width: int, height: int) -> bytes:
        return b"PIEH" + struct.pack("<ii", width, height)

    return {
        "magic alone": (b"PIEH", "cut short: it has 4 bytes"),
        "half a header": (FLO[:11], "cut short: it has 11 bytes"),
        "header alone": (FLO[:12], "cut short: .*2x3 pixels.* 60 bytes.* 12"),
        "one byte missing": (FLO[:-1], "cut short.*60 bytes.* 59"),
        "one byte too many": (FLO + b"\0", "too long.*60 bytes.* 61"),
        "no width": (head(0, 4), "0x4 pixels"),
        "negative": (head(-2, -3) + FLO[12:], "-2x-3 pixels"),
        "big-endian": (b"PIEH" + struct.pack(">ii", 2, 3) + FLO[12:], "too many pixels"),
        "endless": (head(2**31 - 1, 2**31 - 1), "too many pixels"),
        "more than it holds": (head(5_000, 5_000), "cut short"),
        "wrong magic": (b"HEIP" + FLO[4:], "not a flow"),
        "another picture": (saved(PICTURE, "JPEG"), "not a flow"),
        "words": (b"flow", "not a flow"),
        "empty": (b"", "empty"),
    }


@pytest.mark.parametrize(("data", "words"), [*pngs_that_are_wrong().values(), *flos_that_are_wrong().values()])
def test_refused(data, words, path):
    tracemalloc.start()
    with pytest.raises(InputError, match=words):
        read_flow(written(path, data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2e6  # whatever the header claims


def test_a_bomb_for_its_own_size(path):
    """Zeros fold to a thousandth: what fits the header is read, and no more of it is unfolded than the header says."""
    bomb = png(50, 50, 16, 2, bytes(20_000_000))
    tracemalloc.start()
    with pytest.raises(InputError, match="damaged"):
        read_flow(written(path, bomb))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_much_that_is_no_pixel(path, monkeypatch):
    monkeypatch.setattr(flow_files, "_MAX_OVERHEAD", 1_000)
    with pytest.raises(InputError, match="far more than its 3x2 pixels need"):
        read_flow(written(path, KITTI + bytes(2_000)))


def test_a_decoder_that_fails(path, monkeypatch):
    def fail(*_):
        raise cv2.error("no")

    written(path, KITTI)
    for decoder in (fail, lambda *_: None, lambda *_: np.zeros((2, 3, 3), np.uint8)):
        monkeypatch.setattr(flow_files.cv2, "imdecode", decoder)
        with pytest.raises(InputError, match="damaged or cut short"):
            read_flow(path)


def test_files_that_are_gone_or_none(tmp_path):
    with pytest.raises(InputError, match="no longer available") as caught:
        read_flow(tmp_path / "holiday.flo")
    assert "holiday" not in str(caught.value)
    with pytest.raises(InputError, match=r"cannot be read|empty"):
        read_flow(tmp_path)


def flow_or_refusal(path: Path, data: bytes) -> None:
    try:
        flow = read_flow(written(path, data))
    except InputError:
        return
    assert flow.dtype == np.float32
    assert flow.shape[2] == 2
    unknown = np.isnan(flow)
    assert (unknown[..., 0] == unknown[..., 1]).all()
    assert (np.abs(flow[~unknown]) <= 1e9).all()


HEADS = [b"", FLO[:4], FLO[:8], FLO[:12], KITTI[:8], KITTI[:33], KITTI[:41]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(HEADS), st.binary(max_size=80))
@example(FLO[:12], bytes(48))
def test_any_bytes(path, head, data):
    flow_or_refusal(path, head + data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    data=st.sampled_from([FLO, KITTI]),
    spoil=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 200),
)
def test_any_spoiled_file(path, data, spoil, cut):
    spoilt = bytearray(data[: max(1, len(data) - cut // 4)] if cut % 4 == 0 else data)
    for place, value in spoil:
        spoilt[place % len(spoilt)] = value
    flow_or_refusal(path, bytes(spoilt))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.binary(max_size=120))
def test_any_pixels(path, width, height, rows):
    """In a PNG that is otherwise whole, so that they come as far as the decoder."""
    stride = 1 + 6 * width
    flow_or_refusal(path, png(width, height, 16, 2, rows))
    whole = (rows * (height * stride))[: height * stride].ljust(height * stride, b"\3")
    filtered = bytes(value % 5 if place % stride == 0 else value for place, value in enumerate(whole))
    assert read_flow(written(path, png(width, height, 16, 2, filtered))).shape == (height, width, 2)
