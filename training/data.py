"""Training text from the folder in `--data`, plain or packed with xz."""

import lzma
from pathlib import Path

import numpy as np


def read_bytes(path: Path) -> np.ndarray:
    """The bytes of a text file (.xz or plain), uint8 [n]."""
    try:
        raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    except (OSError, lzma.LZMAError) as error:
        raise SystemExit(f"{path} cannot be read: {error}") from error
    return np.frombuffer(raw, dtype=np.uint8)


def find_text(folder: Path, name: str) -> np.ndarray:
    """`name`.txt.xz or `name`.txt in the folder, uint8 [n]."""
    return read_bytes(_text_file(folder, name))


def evaluation_text(data: Path) -> tuple[str, np.ndarray]:
    """Name and content of a text file, or of `valid` in a folder; uint8 [n]."""
    file = _text_file(data, "valid") if data.is_dir() else data
    return file.name, read_bytes(file)


def training_text(folder: Path) -> np.ndarray:
    """Training text of the byte models, uint8 [n]: the prose, and the short factbook twice."""
    prose, facts = find_text(folder, "train"), find_text(folder, "factbook")
    return np.concatenate([prose, facts, facts])


def sentence_starts(text: np.ndarray) -> np.ndarray:
    """Offsets where a line begins, or a sentence after '. ', '! ' or '? '; int64 [k], ascending."""
    newline = text == ord("\n")
    stop = np.isin(text, np.frombuffer(b".!?", dtype=np.uint8))
    after_stop = np.zeros(len(text), dtype=bool)
    after_stop[2:] = stop[:-2] & (text[1:-1] == ord(" "))
    after_newline = np.zeros(len(text), dtype=bool)
    after_newline[1:] = newline[:-1]
    after_newline[:1] = True
    return np.flatnonzero((after_stop | after_newline) & ~newline)


def _text_file(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.txt.xz", folder / f"{name}.txt"):
        if path.exists():
            return path
    raise SystemExit(f"{folder} has neither {name}.txt nor {name}.txt.xz")
