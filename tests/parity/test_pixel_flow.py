"""The published flow model over tiles: the engine against a loop over pixels and transformers' own forward."""

import itertools

import torch
from torch import Tensor
from transformers import PerceiverForOpticalFlow

from models.perceiver import pixel_flow as module
from models.perceiver.pixel_flow import neighborhoods, pixel_flow, tile_size, tiles_at_once
from tests.tiny_models import FAR, assert_equal, tiny_model

NAME = "PerceiverForOpticalFlow"
TILE = (22, 26)  # with 20 pixels shared, the next tile begins 2 pixels lower, or 6 further on
ATOL_PIXELS = 1e-4


def tiny() -> PerceiverForOpticalFlow:
    model = tiny_model(NAME, train_size=TILE)
    assert isinstance(model, PerceiverForOpticalFlow)
    return model


def frames(height: int, width: int) -> tuple[Tensor, Tensor]:
    first, second = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return first, second


def around(frame: list, row: int, column: int) -> list[float]:
    """The 27 numbers of one pixel: row, then column, then color; zero beyond the edge."""
    height, width = len(frame[0]), len(frame[0][0])
    return [
        frame[color][row + y][column + x] if 0 <= row + y < height and 0 <= column + x < width else 0.0
        for y in (-1, 0, 1)
        for x in (-1, 0, 1)
        for color in range(3)
    ]


def by_loop(frame: Tensor) -> Tensor:
    _, height, width = frame.shape
    numbers = frame.tolist()
    return torch.tensor([[around(numbers, y, x) for x in range(width)] for y in range(height)]).movedim(-1, 0)


@torch.no_grad()
def reference(first: Tensor, second: Tensor, corners: list[tuple[int, int]]) -> Tensor:
    """Tile by tile through transformers, blended by each pixel's distance to the tile's nearest edge."""
    model, (rows, columns) = tiny(), TILE
    total, weights = torch.zeros(*first.shape[1:], 2), torch.zeros(*first.shape[1:], 1)
    weight = torch.tensor(
        [[min(y + 1, rows - y, x + 1, columns - x) for x in range(columns)] for y in range(rows)]
    ).unsqueeze(-1)
    for top, left in corners:
        part = (slice(top, top + rows), slice(left, left + columns))
        patches = torch.stack([by_loop(frame[:, *part]) for frame in (first, second)])
        total[part] += model(inputs=patches[None]).logits[0] * 20 * weight
        weights[part] += weight
    return (total / weights).movedim(-1, 0)


@torch.no_grad()
def ours(first: Tensor, second: Tensor) -> Tensor:
    return pixel_flow(tiny(), first, second)


def test_neighborhoods_are_what_a_loop_finds():
    first, second = frames(3, 4)
    assert torch.equal(neighborhoods(torch.stack([first, second])[None])[0, 1], by_loop(second))
    assert neighborhoods(first).shape == (27, 3, 4)


def test_tiles_equal_transformers(monkeypatch):
    first, second = frames(23, 33)
    expected = reference(first, second, list(itertools.product((0, 1), (0, 6, 7))))
    assert (expected - expected.mean(dim=(1, 2), keepdim=True)).abs().max() > 100 * FAR
    for at_once in (1, 4):
        monkeypatch.setattr(module, "tiles_at_once", lambda *_, count=at_once: count)
        assert_equal(ours(first, second), expected, atol=ATOL_PIXELS)


def test_one_tile_is_the_models_own_answer():
    first, second = frames(*TILE)
    assert_equal(ours(first, second), reference(first, second, [(0, 0)]), atol=ATOL_PIXELS)


def test_small_frames_are_mirrored():
    first, second = frames(13, 26)
    one, other = (torch.cat([frame, frame.flip(1)], dim=1)[:, :22] for frame in (first, second))
    found = ours(first, second)
    assert found.shape == (2, 13, 26)
    assert_equal(found, reference(one, other, [(0, 0)])[:, :13], atol=ATOL_PIXELS)


def test_half_the_precision_answers_in_float32():
    model = tiny()
    first, second = (frame.bfloat16() for frame in frames(*TILE))
    with torch.no_grad():
        found = pixel_flow(type(model)(model.config).eval().bfloat16(), first, second)
    assert found.dtype == torch.float32
    assert found.isfinite().all()


def test_tiles_follow_the_memory_of_the_device(monkeypatch):
    pixels = 368 * 496
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (pixels * 100 * 2**10, 0))
    assert tiles_at_once((368, 496), torch.device("cuda")) == 3  # half of 100 KiB a pixel, at 16 KiB each
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (pixels, 0))
    assert tiles_at_once((368, 496), torch.device("cuda")) == 1
    assert tiles_at_once((368, 496), torch.device("cpu")) == 1


def test_the_size_of_a_tile_is_the_models():
    assert tile_size(tiny()) == TILE
