"""Which pairs of frames a clip has, and their images."""

from pathlib import Path

import numpy as np
import pytest

from models.data.media.frame_pairs import FILM_SIDE, FramePair
from models.data.media.reading import open_clip
from models.data.media.writing import write_clip
from tests.clip_files import number_of, numbered


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Six frames, each with its number in it."""
    write_clip(tmp_path / "clip.mp4", map(numbered, range(6)), 4)
    return tmp_path / "clip.mp4"


@pytest.mark.parametrize(("wanted", "found"), [((0, 1), (0, 1)), ((5, 1), (4, 1)), ((2, 9), (0, 5)), ((4, 3), (2, 3))])
def test_the_nearest_pair_lies_within_the_clip(file: Path, wanted: tuple[int, int], found: tuple[int, int]) -> None:
    pair = FramePair.nearest(open_clip(file), *wanted)
    assert (pair.start, pair.distance) == found
    assert [number_of(np.asarray(image)) for image in pair.images()] == [found[0], sum(found)]


@pytest.mark.parametrize(("start", "distance", "available"), [(0, 1, 5), (2, 3, 1), (4, 3, 0)])
def test_pairs_follow_up_to_the_last_frame(file: Path, start: int, distance: int, available: int) -> None:
    pair = FramePair(open_clip(file), start, distance)
    pairs = list(pair.following()) if available else []
    assert pair.available == len(pairs) == available
    numbers = [(number_of(first), number_of(second)) for first, second in pairs]
    assert numbers == [(start + at, start + at + distance) for at in range(available)]
    assert all(max(first.shape[:2]) <= FILM_SIDE for first, _ in pairs)
