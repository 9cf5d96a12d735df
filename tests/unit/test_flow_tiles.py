"""Tiles of frames: they cover every size, and what is cut can be joined again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.flow_tiles import OVERLAP, blend, cut, grid, mirrored, pad, starts, weights

PUBLISHED = (368, 496)
EVERY_LENGTH = range(1, 2101)


# Where tiles lie. Rows and columns are apart from each other (see the first test), so one axis stands for both.


@given(st.integers(1, 2100), st.integers(1, 2100))
def test_the_grid_is_the_product_of_both_axes(height, width):
    rows, columns = starts(height, PUBLISHED[0]), starts(width, PUBLISHED[1])
    assert grid((height, width), PUBLISHED) == tuple((top, left) for top in rows for left in columns)


@pytest.mark.parametrize("tile", [*PUBLISHED, 64, 21])
def test_every_length(tile):
    for length in EVERY_LENGTH:
        found = starts(length, tile)
        assert found[0] == 0
        assert len(set(found)) == len(found)
        if length <= tile:
            assert found == (0,)
            continue
        assert found[-1] + tile == length  # flush with the edge, so that none of the earlier, smaller ones overruns
        steps = np.diff(found)
        assert (steps > 0).all()
        assert (steps <= tile - OVERLAP).all()  # which leaves no gap, either
        assert len(found) == 1 + -(-(length - tile) // (tile - OVERLAP))  # and there are no more than it takes


def test_sintel():
    assert starts(436, 368) == (0, 68)
    assert starts(1024, 496) == (0, 476, 528)
    assert grid((436, 1024), PUBLISHED) == ((0, 0), (0, 476), (0, 528), (68, 0), (68, 476), (68, 528))


@pytest.mark.parametrize(
    ("length", "expected"),
    [(496, (0,)), (497, (0, 1)), (972, (0, 476)), (973, (0, 476, 477)), (1920, (0, 476, 952, 1424))],
)
def test_widths_on_which_other_grids_fail(length, expected):
    assert starts(length, 496) == expected


@pytest.mark.parametrize(("length", "tile", "overlap"), [(0, 9, 2), (-5, 9, 2), (50, 20, 20), (50, 9, 20), (50, 9, -1)])
def test_no_such_tiles(length, tile, overlap):
    with pytest.raises(ValueError, match="no tiles"):
        starts(length, tile, overlap)


# Padding


@given(st.integers(1, 60), st.integers(1, 60))
def test_reflection_is_numpys(length, tile):
    expected = np.pad(np.arange(length), (0, max(0, tile - length)), mode="reflect" if length > 1 else "edge")
    np.testing.assert_array_equal(mirrored(length, tile), expected)


def test_reflection_by_hand():
    assert mirrored(3, 8).tolist() == [0, 1, 2, 1, 0, 1, 2, 1]
    assert mirrored(1, 3).tolist() == [0, 0, 0]
    assert mirrored(4, 2).tolist() == [0, 1, 2, 3]
    frame = np.uint8([[1, 2, 3], [4, 5, 6]])
    assert pad(frame, (4, 4)).tolist() == [[1, 2, 3, 2], [4, 5, 6, 5], [1, 2, 3, 2], [4, 5, 6, 5]]


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 600, 3), (400, 1, 3), (367, 496, 3), (368, 495, 3), (2, 3, 3)])
def test_small_frames_become_as_large_as_a_tile(shape):
    frame = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    padded = pad(frame, PUBLISHED)
    assert padded.shape == (max(368, shape[0]), max(496, shape[1]), 3)
    np.testing.assert_array_equal(padded[: shape[0], : shape[1]], frame)


def test_large_frames_are_not_copied():
    frame = np.zeros((368, 500, 3), np.uint8)
    assert pad(frame, PUBLISHED) is frame


# Weights


def test_weights_by_hand():
    assert weights((3, 4)).tolist() == [[1, 1, 1, 1], [1, 2, 2, 1], [1, 1, 1, 1]]
    assert weights((1, 2)).tolist() == [[1, 1]]
    assert weights(PUBLISHED).max() == 184


SIDE = st.integers(1, 90)
TILE_SIDE = st.integers(12, 40)


@settings(deadline=None, max_examples=60)
@given(SIDE, SIDE, TILE_SIDE, TILE_SIDE, st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_cutting_and_blending_gives_the_flow_back(height, width, tile_height, tile_width, overlap, seed):
    flow = np.random.default_rng(seed).normal(0, 50, (height, width, 2)).astype(np.float32)
    tile = (tile_height, tile_width)
    corners = grid((height, width), tile, overlap)
    tiles = cut(flow, corners, tile)
    assert tiles.shape == (len(corners), *tile, 2)
    joined = blend(iter(tiles), corners, (height, width))
    assert joined.dtype == np.float32
    np.testing.assert_allclose(joined, flow, rtol=1e-5, atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 50), st.integers(1, 50), TILE_SIDE, TILE_SIDE)
def test_weights_sum_to_one(height, width, tile_height, tile_width):
    """Each tile alone, with 1 where it lies: its share. The shares add up, and none is below 0."""
    tile = (tile_height, tile_width)
    corners = grid((height, width), tile, 2)
    shares = []
    for chosen in range(len(corners)):
        tiles = np.zeros((len(corners), *tile, 2), np.float32)
        tiles[chosen] = 1
        shares.append(blend(tiles, corners, (height, width)))
    assert min(share.min() for share in shares) >= 0
    np.testing.assert_allclose(sum(shares), 1, atol=1e-5)


def test_blending_by_hand():
    """One row of six pixels, tiles of four: the two in the middle are of both, by 2 to 1 and 1 to 2."""
    tiles = np.zeros((2, 1, 4, 2), np.float32)
    tiles[1] = 3, 6
    # A tile of one row has weight 1 everywhere; of three rows, the middle one has weights 1, 2, 2, 1.
    assert blend(tiles, ((0, 0), (0, 2)), (1, 6))[0, :, 0].tolist() == [0, 0, 1.5, 1.5, 3, 3]
    joined = blend(np.repeat(tiles, 3, axis=1), ((0, 0), (0, 2)), (3, 6))
    assert joined[1].tolist() == [[0, 0], [0, 0], [1, 2], [2, 4], [3, 6], [3, 6]]


def test_padding_is_dropped():
    flow = np.arange(4 * 5 * 2, dtype=np.float32).reshape(4, 5, 2)
    np.testing.assert_allclose(blend([flow], ((0, 0),), (2, 3)), flow[:2, :3], rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (7, 500), (400, 3), (436, 1024), (368, 496)])
def test_published_tiles(shape):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    flow = np.stack([rows - 0.5 * columns, np.sin(columns / 9)], axis=-1).astype(np.float32)
    corners = grid(shape, PUBLISHED)
    joined = blend(cut(flow, corners, PUBLISHED), corners, shape)
    np.testing.assert_allclose(joined, flow, rtol=1e-6, atol=1e-5)


def test_swapped_tiles_do_not_pass():
    corners = grid((436, 1024), PUBLISHED)
    with pytest.raises(ValueError, match="none of a frame"):
        blend(np.zeros((6, 496, 368, 2)), corners, (436, 1024))


@pytest.mark.parametrize(
    ("tiles", "corners", "words"),
    [
        ([np.zeros((4, 4, 2))], ((0, 0), (0, 2)), "longer"),
        ([np.zeros((4, 4, 2))] * 2, ((0, 0),), "shorter"),
        ([np.zeros((4, 4, 2)), np.zeros((4, 3, 2))], ((0, 0), (0, 2)), "none of a frame"),
        ([np.zeros((4, 4))], ((0, 0),), "none of a frame"),
        ([np.zeros((4, 4, 2))], ((0, 3),), "none of a frame"),
        ([np.zeros((4, 4, 2))], ((0, -1),), "none of a frame"),
        ([np.zeros((4, 4, 2))], ((0, 0),), "uncovered"),
        ([], (), "uncovered"),
    ],
)
def test_tiles_that_do_not_fit(tiles, corners, words):
    with pytest.raises(ValueError, match=words):
        blend(tiles, corners, (4, 6))
