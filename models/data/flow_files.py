"""Flow files: `.flo` of the Middlebury benchmark, 16-bit `.png` of KITTI and `.pfm`.

A flow is float32 [height, width, 2] in pixels, x right, y down, with NaN where it is unknown.
Formats: Baker et al., "A Database and Evaluation Methodology for Optical Flow", 2011, and the KITTI 2015 benchmark.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from models.data.images import MAX_PIXELS
from models.data.pfm_files import HEAD, from_pfm, is_pfm, pfm_bytes, pfm_shape
from models.schema import InputError

_FLO_MAGIC, _FLO_HEAD = b"PIEH", 12  # the magic (202021.25 as a float), then width and height as int32
_UNKNOWN_ABOVE, _UNKNOWN = 1e9, 1e10
_PNG_MAGIC, _PNG_HEAD = b"\x89PNG\r\n\x1a\n", 33  # the magic and the chunk IHDR
_RGB = 2
_DEFLATE_RATIO = 1032  # largest compression ratio of deflate
_MAX_OVERHEAD = 2**24  # most bytes of a PNG beyond those of its pixels
_MOST_PADDING = 64
_NO_FLOW = "The file is not a flow file. Use .flo, .pfm or a KITTI PNG with 16 bits per channel."
_CONVERT = '{} files are not read. Load the flow in Python and convert it: cv2.writeOpticalFlow("flow.flo", flow).'
_OTHERS = {
    mark: _CONVERT.format(name)
    for mark, name in (
        (b"\x89HDF", "HDF5 (.flo5)"),
        (b"\x93NUMPY", ".npy"),
        (b"PK\x03\x04", ".npz"),
        (b"\x76\x2f\x31\x01", "OpenEXR"),
    )
}
_KITTI_ZERO, _KITTI_SCALE = 2**15, 64


def read_flow(path: Path, shape: tuple[int, int] | None = None) -> np.ndarray:
    """Reads a `.flo`, `.pfm` or KITTI `.png` file, detected by its content.

    shape: required (height, width), if any.

    Raises InputError for any other file. The size in the header is checked against the file and `shape` before memory
    is allocated.
    """
    try:
        size = path.stat().st_size
        if size == 0:
            raise InputError("The flow file is empty (0 bytes). Upload it again.")
        with path.open("rb") as file:
            head = file.read(HEAD)
            if head.startswith(_FLO_MAGIC):
                height, width = _flo_shape(head, size)
                _check_shape((height, width), shape)
                file.seek(_FLO_HEAD)
                return _from_flo(file.read(8 * height * width), (height, width))
            if head.startswith(_PNG_MAGIC):
                height, width = _kitti_shape(head[:_PNG_HEAD], size)
                _check_shape((height, width), shape)
                return _from_kitti(head + file.read(size), (height, width))
            if is_pfm(head):
                _check_pixels(*pfm_shape(head)[::-1])
                _check_length(".pfm", size, pfm_bytes(head), pfm_shape(head))
                _check_shape(pfm_shape(head), shape)
                return _with_unknown(from_pfm(head + file.read(size)))
    except FileNotFoundError as error:
        raise InputError("The flow file is no longer available. Upload it again.") from error
    except OSError as error:
        raise InputError("The flow file cannot be read.") from error
    raise InputError(next((text for mark, text in _OTHERS.items() if head.startswith(mark)), _NO_FLOW))


def write_flo(path: Path, flow: np.ndarray) -> None:
    path.write_bytes(flo_bytes(flow))


def flo_bytes(flow: np.ndarray) -> bytes:
    """Content of a .flo file: little-endian float32, x before y, row by row; 1e10 where the flow is unknown."""
    height, width = _shape_of(flow)
    known = np.all(np.abs(flow) <= _UNKNOWN_ABOVE, axis=2, keepdims=True)  # False for NaN
    values = np.where(known, flow, _UNKNOWN).astype("<f4")
    return _FLO_MAGIC + struct.pack("<ii", width, height) + values.tobytes()


def _shape_of(flow: np.ndarray) -> tuple[int, int]:
    if flow.ndim != 3 or flow.shape[2] != 2 or not flow.size:
        raise ValueError(f"a flow has shape [height, width, 2], not {list(flow.shape)}")
    return flow.shape[0], flow.shape[1]


def _check_shape(found: tuple[int, int], wanted: tuple[int, int] | None) -> None:
    (height, width), (wanted_height, wanted_width) = found, wanted or found
    if found != (wanted_height, wanted_width):
        raise InputError(
            f"The flow has {width:,}x{height:,} pixels, but the frames have {wanted_width:,}x{wanted_height:,}. "
            f"{_padding(found, (wanted_height, wanted_width))}"
        )


def _padding(found: tuple[int, int], wanted: tuple[int, int]) -> str:
    """What to do about a flow of another size than the frames."""
    more = [each - other for each, other in zip(found, wanted, strict=True)]
    if all(0 <= each < _MOST_PADDING for each in more):
        return "It seems padded to a multiple of the network's stride: crop the padding."
    return "Use a flow of the same size."


def _check_length(kind: str, size: int, expected: int, shape: tuple[int, int]) -> None:
    if size != expected:
        fault = "cut short" if size < expected else "too long"
        raise InputError(
            f"The {kind} file is {fault}: a flow of {shape[1]:,}x{shape[0]:,} pixels has {expected:,} bytes, but the "
            f"file has {size:,}."
        )


def _check_pixels(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise InputError(f"The flow file has an invalid size: {width:,}x{height:,} pixels.")
    if width * height > MAX_PIXELS:
        most = MAX_PIXELS // 10**6
        raise InputError(f"The flow has too many pixels: {width:,}x{height:,}. The limit is {most} megapixels.")


# .flo


def _flo_shape(head: bytes, size: int) -> tuple[int, int]:
    """(height, width), which determine the size of the file."""
    if size < _FLO_HEAD:
        raise InputError(f"The .flo file is cut short: it has {size} bytes, but its header needs {_FLO_HEAD}.")
    width, height = struct.unpack("<ii", head[4:_FLO_HEAD])
    _check_pixels(width, height)
    _check_length(".flo", size, _FLO_HEAD + 8 * width * height, (height, width))
    return height, width


def _from_flo(data: bytes, shape: tuple[int, int]) -> np.ndarray:
    if len(data) != 8 * shape[0] * shape[1]:  # the file has changed since
        raise InputError("The .flo file is cut short.")
    return _with_unknown(np.frombuffer(data, "<f4").reshape(*shape, 2).astype(np.float32))


def _with_unknown(flow: np.ndarray) -> np.ndarray:
    """The flow, which is changed, with NaN where it is unknown."""
    flow[~np.all(np.abs(flow) <= _UNKNOWN_ABOVE, axis=2)] = np.nan
    return flow


# KITTI


def _kitti_shape(head: bytes, size: int) -> tuple[int, int]:
    """(height, width) of a PNG that can hold a KITTI flow and whose file is large enough."""
    if len(head) < _PNG_HEAD or head[8:16] != b"\0\0\0\rIHDR" or _crc(head[12:29]) != head[29:]:
        raise InputError(_damaged("its header is"))
    width, height, bits, color, *_, interlaced = struct.unpack(">IIBBBBB", head[16:29])
    if bits != 16 or color != _RGB:
        kind = "" if color == _RGB else " and is not plain RGB"
        raise InputError(
            f"The PNG has {bits} bits per channel{kind}, but a KITTI flow is RGB with 16 bits. "
            "An image of a flow in colors cannot be converted back to a flow."
        )
    if interlaced:
        raise InputError("The PNG is interlaced, but KITTI files are not. Save it without interlacing.")
    _check_pixels(width, height)
    if height * _stride(width) > _DEFLATE_RATIO * size:
        raise InputError(
            f"The PNG is cut short: {size:,} bytes are not enough for the {width:,}x{height:,} pixels of its header."
        )
    if size > height * _stride(width) + _MAX_OVERHEAD:
        raise InputError(f"The PNG has {size:,} bytes, far more than its {width:,}x{height:,} pixels need.")
    return height, width


def _from_kitti(data: bytes, shape: tuple[int, int]) -> np.ndarray:
    """Decodes a whole PNG. Chunks other than pixels (profiles, text, animation) are not passed to the decoder."""
    packed = b"".join(_pixel_chunks(data))
    _check_rows(packed, shape)
    body = data[:_PNG_HEAD] + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    try:
        image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise InputError(_damaged()) from error
    if image is None or image.shape != (*shape, 3) or image.dtype != np.uint16:
        raise InputError(_damaged())
    flow = (image[..., :0:-1].astype(np.float32) - _KITTI_ZERO) / _KITTI_SCALE  # red, green of blue, green, red
    flow[image[..., 0] == 0] = np.nan
    return flow


def _pixel_chunks(data: bytes) -> Iterator[bytes]:
    """Content of the IDAT chunks, checked here since a decoder may skip bad chunks and make up their pixels."""
    place = _PNG_HEAD
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4])
        end = place + 8 + length
        kind = data[place + 4 : place + 8]
        if end + 4 > len(data) or _crc(data[place + 4 : end]) != data[end : end + 4]:
            break
        if kind == b"IEND":
            return
        if kind == b"IDAT":
            yield data[place + 8 : end]
        place = end + 4
    raise InputError(_damaged())


def _check_rows(packed: bytes, shape: tuple[int, int]) -> None:
    """Raises InputError unless the data has as many rows as the header says, with valid filter types (0 to 4)."""
    stride = _stride(shape[1])
    expected = shape[0] * stride
    decoder = zlib.decompressobj()
    try:
        rows = decoder.decompress(packed, expected + 1)
    except zlib.error as error:
        raise InputError(_damaged()) from error
    if len(rows) != expected or not decoder.eof or max(rows[::stride]) > 4:
        raise InputError(_damaged())


def _stride(width: int) -> int:
    """Bytes per row: the filter type, and three channels of two bytes."""
    return 1 + 6 * width


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + _crc(kind + data)


def _crc(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def _damaged(what: str = "it is") -> str:
    return f"The PNG cannot be read: {what} damaged or cut short."
