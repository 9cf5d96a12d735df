"""Grids in cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.schema import Stages
from models.schema.grouping import cell_of_each, cells_along, centers_of_cells, in_cells

SHAPES = st.lists(st.integers(1, 40), min_size=1, max_size=3)


def test_neighbors_share_a_cell():
    expected = [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3]]
    assert cell_of_each((3, 4), (2, 2)).reshape(3, 4).tolist() == expected


@given(SHAPES)
def test_each_cell_has_its_center(shape):
    cells = cells_along(shape, 8)
    assert max(cells) <= 8
    centers, cell_of = centers_of_cells(shape, cells), cell_of_each(shape, cells)
    assert cell_of[centers].tolist() == list(range(np.prod(cells)))


@pytest.mark.parametrize(("most", "expected"), [(16, (16, 16, 5)), ((4, 8, 2), (4, 8, 2))])
def test_limits_along_each_axis(most, expected):
    assert cells_along((40, 16, 5), most) == expected


def test_attention_of_a_cell_is_that_of_its_inputs():
    rng = np.random.default_rng(0)
    encoder, reached = rng.random((3, 12)), rng.random((2, 12))
    found = in_cells(Stages(np.arange(3), 3, np.ones((2, 3)), encoder, reached), cell_of_each((3, 4), (3, 2)))
    assert np.allclose(found.encoder, encoder.reshape(3, 3, 2, 2).sum(axis=-1).reshape(3, -1))
    assert np.allclose(found.inputs, reached.reshape(2, 3, 2, 2).sum(axis=-1).reshape(2, -1))
