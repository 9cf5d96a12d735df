"""The films of a reconstruction: the clip as the model gets it, and what it makes of it."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from models.data.media.writing import write_film
from models.schema import AvAutoencodingResult


@contextmanager
def films_of(result: AvAutoencodingResult) -> Iterator[Mapping[str, Path]]:
    """Both films as MP4 files, "original" and "reconstruction", which are deleted when the block ends."""
    with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
        yield write_films(result, Path(folder))


def write_films(result: AvAutoencodingResult, folder: Path) -> Mapping[str, Path]:
    original = folder / "original.mp4"
    write_film(original, result.original_frames, result.fps, result.original_audio, result.sample_rate)
    return {"original": original, "reconstruction": write_reconstruction(folder / "reconstruction.mp4", result)}


def write_reconstruction(file: Path, result: AvAutoencodingResult) -> Path:
    write_film(file, result.frames, result.fps, result.audio, result.sample_rate)
    return file
