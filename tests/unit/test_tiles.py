"""Frames of any size, tile by tile."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.perceiver.tiles import OVERLAP, blend_weights, corners_of_tiles, mirrored, over_tiles, starts, tile_of
from tests.tiny_models import assert_equal

PUBLISHED = (368, 496)


@pytest.mark.parametrize("tile", PUBLISHED)
def test_tiles_of_every_length(tile):
    """Each axis is tiled by itself, so that all sizes from 1 to 2,100 are these, for both."""
    for length in range(1, 2101):
        found = starts(length, tile, OVERLAP)
        assert found[0] == 0
        assert found[-1] == max(0, length - tile)  # flush with the end, and never beyond
        assert len(set(found)) == len(found)
        for one, other in itertools.pairwise(found):
            assert OVERLAP <= one + tile - other < tile
        # None too many: without the last but one, its neighbors would no longer share enough.
        for before, _, after in zip(found, found[1:], found[2:], strict=False):
            assert before + tile - after < OVERLAP


def test_the_published_example():
    """Sintel: six tiles."""
    assert corners_of_tiles(436, 1024, PUBLISHED) == [(y, x) for y in (0, 68) for x in (0, 476, 528)]


@settings(max_examples=30, deadline=None)
@given(height=st.integers(1, 70), width=st.integers(1, 70), at_once=st.integers(1, 9))
def test_what_every_tile_agrees_on_comes_back(height, width, at_once):
    """A tile that answers with its own pixels: blended, they are the frame."""
    frames = torch.rand(2, 3, height, width)
    sizes = []

    def own_pixels(tiles):
        sizes.append(tuple(tiles.shape))
        return tiles[:, 0, :2]

    found = over_tiles(own_pixels, frames, (16, 24), 5, at_once)
    assert_equal(found, frames[0, :2], atol=1e-6)
    assert all(size[1:] == (2, 3, 16, 24) and size[0] <= at_once for size in sizes)


def test_weights_by_hand():
    assert blend_weights((3, 5)).tolist() == [[1, 1, 1, 1, 1], [1, 2, 2, 2, 1], [1, 1, 1, 1, 1]]


def test_tiles_that_disagree_meet_halfway():
    """Two tiles of 4 that share 2 of 6 pixels, with answers 0 and 1: weights 2, 1 against 1, 2."""
    answers = iter([0.0, 1.0])
    found = over_tiles(lambda _: torch.full((1, 2, 1, 4), next(answers)), torch.zeros(2, 3, 1, 6), (1, 4), 2)
    # In a row of one pixel every weight is 1.
    assert found[0, 0].tolist() == [0, 0, 0.5, 0.5, 1, 1]
    answers = iter([0.0, 1.0])
    found = over_tiles(lambda _: torch.full((1, 2, 9, 4), next(answers)), torch.zeros(2, 3, 9, 6), (9, 4), 2)
    assert_equal(found[0, 4], torch.tensor([0, 0, 1 / 3, 2 / 3, 1, 1]), atol=1e-6)


def test_small_frames_are_mirrored():
    assert mirrored(torch.tensor([[1, 2, 3]]), 2, 8).tolist() == [[1, 2, 3, 3, 2, 1, 1, 2]] * 2
    assert mirrored(torch.tensor([[7]]), 3, 2).tolist() == [[7, 7]] * 3


@pytest.mark.parametrize("pixel", [(0, 0), (435, 1023), (200, 480), (90, 700)])
def test_the_tile_that_counts_most(pixel):
    row, column = pixel
    weights = blend_weights(PUBLISHED)

    def weight(corner):
        y, x = row - corner[0], column - corner[1]
        return weights[y, x].item() if 0 <= y < 368 and 0 <= x < 496 else 0

    best = tile_of(row, column, 436, 1024, PUBLISHED)
    assert weight(best) == max(map(weight, corners_of_tiles(436, 1024, PUBLISHED))) > 0
