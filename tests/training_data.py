"""Tiny data sets in the layout that the training recipes read."""

import io
import json
import lzma
import struct
import tarfile
import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from training import flow_textures
from training.sentiment_rows import SHARES

CLASSES = ("ant", "bee", "cat", "dog", "eel", "fox")
COLORS = ("red", "lime", "blue", "yellow", "cyan", "white")


def repeated_letters(seed: int, runs: int, length: int = 100, end: bytes = b". ") -> np.ndarray:
    """uint8: runs of one of eight letters, so that the neighbors of a byte predict it."""
    letters = np.random.default_rng(seed).choice(list(b"abcdefgh"), runs)
    return np.frombuffer(b"".join(bytes([letter]) * length + end for letter in letters), np.uint8)


def put_prose(folder: Path) -> None:
    (folder / "train.txt.xz").write_bytes(lzma.compress(repeated_letters(0, 200).tobytes()))
    (folder / "factbook.txt").write_bytes(repeated_letters(3, 20).tobytes())
    (folder / "valid.txt").write_bytes(repeated_letters(1, 12).tobytes())


def review_rows(count: int, seed: int = 0, words: int = 6) -> list[dict]:
    """Positive texts end in "good", negative ones in "bad"."""
    draws, vocabulary = np.random.default_rng(seed), ["film", "car", "day", "one", "was", "the"]
    return [
        {"text": " ".join([*draws.choice(vocabulary, words), ["bad", "good"][i % 2]]), "label": i % 2}
        for i in range(count)
    ]


def put_reviews(folder: Path, rows: int = 80) -> None:
    """rows: of each source."""
    lines = [
        json.dumps(row | {"source": source})
        for number, source in enumerate(SHARES)
        for row in review_rows(rows, number, words=120 if source == "movie_reviews" else 6)
    ]
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n")


def jpeg(color: str, number: int = 0, size: int = 32) -> bytes:
    """An image of one color, darker for higher numbers, 0 to 9."""
    file = io.BytesIO()
    image = Image.blend(Image.new("RGB", (size, size)), Image.new("RGB", (size, size), color), 1 - number / 20)
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


def image_files(per_class: int = 4) -> dict[str, bytes]:
    """Content by path, not in the order of the paths."""
    found = {
        f"{split}/{name}/{number:04}.jpg": jpeg(color, number)
        for split in ("train", "test")
        for number in range(per_class if split == "train" else 2)
        for name, color in zip(CLASSES, COLORS, strict=True)
    }
    return dict(reversed(found.items()))


def put_images(folder: Path) -> None:
    for path, content in image_files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def pack(archive: Path, files: Mapping[str, bytes]) -> None:
    """Writes the files, content by path, to a .tar or .tar.xz archive."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:xz" if archive.suffix == ".xz" else "w") as packed:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))


def flo(width: int, height: int, values: list[float]) -> bytes:
    return b"PIEH" + struct.pack(f"<2i{len(values)}f", width, height, *values)


def put_scene(folder: Path, name: str, content: bytes) -> None:
    """Frames of 3 x 2 pixels: the first red, the second blue."""
    (folder / name).mkdir(parents=True)
    for number, color in ((10, "red"), (11, "blue")):
        Image.new("RGB", (3, 2), color).save(folder / name / f"frame{number}.png")
    (folder / name / "flow10.flo").write_bytes(content)


def put_flow(folder: Path) -> None:
    """HELD_OUT + 2 times the same texture, and a scene with a motion of 5 pixels."""
    side, count = flow_textures.TEXTURE, flow_textures.HELD_OUT + 2
    texture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8))
    file = io.BytesIO()
    texture.save(file, "JPEG")
    pack(folder / flow_textures.ARCHIVE, {f"textures/{number:04}.jpg": file.getvalue() for number in range(count)})
    put_scene(folder / "middlebury", "venus", flo(3, 2, [3, 4] * 6))


def tone(hertz: float, length: int, rate: int = 8000) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(length) / rate).astype(np.float32)


def wav(sound: np.ndarray, rate: int = 8000) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((sound * 2**14).astype("<i2").tobytes())
    return buffer.getvalue()


def put_digits(folder: Path) -> None:
    """One recording of each digit for training, one held out."""
    recordings = {
        f"fsdd/{digit}_ann_{number}.wav": wav(tone(400 + 100 * digit, 800)) for digit in range(10) for number in (0, 5)
    }
    pack(folder / "fsdd_train.tar.xz", recordings)
