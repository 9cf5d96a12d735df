"""The task of optical flow: what the models' own forward makes of the same frames, and how a pixel is traced."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.flow_motion import center_of_motion
from models.perceiver.engine import encode
from models.perceiver.patch_flow import patch_flow
from models.perceiver.provenance import rollout
from models.schema import OpticalFlowResult, PixelAt, Probe, Weights
from tests.noisy_frames import CLASSES, asked, forward, frame, tensor
from tests.tiny_models import FLOW_TILES, Counting, load_tiny, served_model

WEIGHTS: tuple[Weights, ...] = ("embedded", "published")
TILE = FLOW_TILES["embedded"][0]


def ask(service: LocalBackend, row: int, column: int, height: int = 100, width: int = 90, **options):
    return service.run(asked(height, width, probe=Probe(PixelAt(row, column)), **options))


@pytest.mark.parametrize("weights", WEIGHTS)
def test_one_tile_equals_the_models_own_forward(service, weights):
    request = asked(*FLOW_TILES[weights], weights)
    result = service.run(request)
    expected = forward(request)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(result.flow, expected, atol=1e-4)
    assert result.flow.dtype == np.float32
    assert result.tiles == ((0, 0, *FLOW_TILES[weights]),)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_the_order_of_the_frames_matters(service, weights):
    request = asked(30, 40, weights)
    back = service.run(replace(request, first=request.second, second=request.first))
    assert np.abs(service.run(request).flow - back.flow).max() > 0.01


@pytest.mark.parametrize("weights", WEIGHTS)
@settings(max_examples=12)
@given(height=st.integers(1, 70), width=st.integers(1, 70))
def test_any_size(weights, height, width):
    result = SERVICE.run(asked(height, width, weights, probe=Probe(PixelAt(height - 1, width - 1))))
    assert result.flow.shape == (height, width, 2)
    assert np.isfinite(result.flow).all()
    covered = np.zeros((height, width), bool)
    for top, left, tall, wide in result.tiles:
        covered[top : top + tall, left : left + wide] = True
    assert covered.all()
    top, left, bottom, right = result.trace.area
    assert top <= (height - 0.5) / height <= bottom
    assert left <= (width - 0.5) / width <= right


SERVICE = LocalBackend(Settings(device="cpu"), load_tiny)
"""For properties, which take no fixtures that are made anew for each example."""


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "I;16", "1", "CMYK"])
def test_frames_of_any_mode(service, mode):
    request = asked(20, 20)
    if mode == "I;16":
        gray = np.asarray(request.first.convert("L"))
        first, plain = Image.fromarray(gray.astype(np.uint16) * 257), Image.fromarray(gray)
    else:
        first = request.first.convert(mode)
        plain = first
    found = service.run(replace(request, first=first)).flow
    expected = service.run(replace(request, first=plain.convert("RGB"))).flow
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_in_half_precision_frames_keep_their_own(weights):
    """Coordinates of pixels need more digits than bfloat16 has: what is left of the difference is the model's."""
    exact = SERVICE.run(asked(20, 300, weights)).flow
    rough = LocalBackend(Settings(device="cpu", dtype="bfloat16"), load_tiny).run(asked(20, 300, weights))
    assert rough.run.dtype == "bfloat16"
    assert rough.flow.dtype == np.float32
    assert np.abs(rough.flow - exact).mean() < 0.2 * np.abs(exact).mean()


# Tracing


def test_what_the_sizes_found_sums_to_the_flow(service):
    result = ask(service, 70, 31)
    assert result.trace.sizes == ((45, 50), (90, 100))
    np.testing.assert_allclose(result.trace.added.sum(axis=0), result.flow[70, 31], atol=1e-4)
    assert result.trace.step == np.linalg.norm(result.trace.added, axis=1).argmax()


def test_without_a_pixel_the_center_of_the_largest_moving_region_is_traced(service):
    result = service.run(asked(100, 90, probe=Probe()))
    assert (result.trace.row, result.trace.column) == center_of_motion(result.flow)
    assert f"row {result.trace.row + 1}, column {result.trace.column + 1}" in result.attention.title


def test_each_size_can_be_asked_about(service):
    small, large = (ask(service, 70, 31, step=step) for step in (0, 1))
    assert (small.trace.step, large.trace.step) == (0, 1)
    assert small.trace.before == (0, 0)
    assert large.trace.before == pytest.approx(tuple(small.trace.added[0].tolist()))
    np.testing.assert_array_equal(np.asarray(small.trace.second), np.asarray(frame(1, 100, 90)))
    assert np.abs(small.attention.values - large.attention.values).max() > 1e-4
    np.testing.assert_array_equal(small.flow, large.flow)


def test_the_second_frame_is_shown_as_it_was_read(service):
    """Moved back by what the smaller size found: there, by hand and by whole pixels, where that is near to whole."""
    result = ask(service, 70, 31, step=1)
    with torch.no_grad():
        coarse = patch_flow(served_model(CLASSES["embedded"]), *map(tensor, (frame(0, 100, 90), frame(1, 100, 90))))[0]
    grown = torch.nn.functional.interpolate(coarse[None], (100, 90), mode="bilinear", antialias=True)[0] * 2
    second, shown = np.asarray(frame(1, 100, 90)).astype(float), np.asarray(result.trace.second).astype(float)
    tried = 0
    for row in range(8, 92):
        for column in range(8, 82):
            x, y = grown[:, row, column].tolist()
            if max(abs(x - round(x)), abs(y - round(y))) > 0.03:
                continue
            if not (0 <= row + round(y) < 100 and 0 <= column + round(x) < 90):
                continue
            np.testing.assert_allclose(shown[row, column], second[row + round(y), column + round(x)], atol=8)
            tried += 1
    assert tried > 20


@pytest.mark.parametrize(("row", "column"), [(0, 0), (23, 23), (5, 14)])
def test_roll_out_is_that_of_the_patch_in_which_the_pixel_lies(service, row, column):
    result = ask(service, row, column, TILE, TILE)
    frames = torch.stack([tensor(frame(0, TILE, TILE)), tensor(frame(1, TILE, TILE))])[None]
    with torch.no_grad():
        model = served_model(CLASSES["embedded"])
        found = rollout(model, encode(model, frames, keep_mixing=True), torch.tensor([row // 4 * 6 + column // 4]))
    np.testing.assert_allclose(result.attention.values.ravel(), found.inputs[0].numpy(), atol=1e-6)
    assert result.attention.values.shape == (6, 6)
    assert result.attention.query_share == 0.5
    assert result.trace.area == (0, 0, 1, 1)


def test_of_the_published_model_each_pixel_is_an_input(service):
    height, width = FLOW_TILES["published"]
    result = service.run(asked(height, width, "published", probe=Probe(PixelAt(7, 20), "encoder", latent=3)))
    assert result.attention.values.shape == (height, width)
    assert result.attention.values.sum() == pytest.approx(1, abs=1e-5)
    assert result.trace.sizes == ((width, height),)


def test_a_pixel_is_traced_in_the_tile_that_counts_most(service):
    """100 x 90 pixels at the larger size: the tile of 24 whose nearest edge is farthest from the pixel."""
    result = ask(service, 70, 31, step=1)
    top, left, bottom, right = np.array(result.trace.area) * (100, 90, 100, 90)
    assert (bottom - top, right - left) == pytest.approx((TILE, TILE))

    def room(tile):
        return min(70 - tile[0], tile[0] + TILE - 1 - 70, 31 - tile[1], tile[1] + TILE - 1 - 31)

    assert room((round(top), round(left))) == max(map(room, result.tiles))


def test_shares_sum_to_one(service):
    for weights in WEIGHTS:
        attention = service.run(asked(30, 40, weights, probe=Probe(PixelAt(15, 0)))).attention
        assert attention.values.sum() + attention.latent_share + attention.query_share == pytest.approx(1, abs=1e-5)
        assert attention.uniform == pytest.approx(attention.values.sum() / attention.values.size)
        assert "row 16, column 1" in attention.title


def test_the_same_frames_are_read_once():
    counting = Counting()
    service = LocalBackend(Settings(device="cpu"), counting)
    first = service.run(asked(30, 40))
    read = len(counting.reads)
    again = service.run(asked(30, 40))
    assert len(counting.reads) == read
    assert (first.run.encoder_cached, again.run.encoder_cached) == (False, True)
    service.run(asked(30, 40, probe=Probe(PixelAt(0, 5))))
    assert len(counting.reads) == read + 1  # the one tile, with what rollout needs
    service.run(asked(30, 40, probe=Probe(PixelAt(0, 5), "encoder")))
    assert len(counting.reads) == read + 1


def test_results_can_be_pickled_and_own_their_arrays(service):
    result: OpticalFlowResult = ask(service, 3, 4)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(result)).flow, result.flow)
    result.flow[:] = 0
    assert np.abs(ask(service, 3, 4).flow).max() > 0
