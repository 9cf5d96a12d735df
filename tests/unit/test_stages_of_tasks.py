"""Attention of all stages of optical flow and of clips, compared with the maps that the models themselves return."""

from typing import Any

import numpy as np
import pytest
import torch

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.schema import FramePixel, LabelAt, PixelAt, Probe, SoundAt, Weights
from models.schema.grouping import cell_of_each, cells_along, centers_of_cells
from tests.noisy_frames import asked as asked_flow
from tests.noisy_frames import model_and_inputs
from tests.tiny_models import FLOW_TILES, load_tiny
from tests.unit import test_av_autoencoding as clips

BACKEND = LocalBackend(Settings(device="cpu"), load_tiny)
WEIGHTS: tuple[Weights, ...] = ("embedded", "published")


def run(request: Any) -> tuple[Any, Any]:
    """The attention, and the trace."""
    result = BACKEND.run(request)
    return result.attention, result.trace


def maps_of(found) -> tuple[np.ndarray, np.ndarray]:
    """Encoder and decoder maps, means over heads, of an output of transformers."""
    first, *_, last = found.cross_attentions
    return first[0].mean(dim=0).numpy(), last[0].mean(dim=0).numpy()


def summed(rows: np.ndarray, cells: np.ndarray) -> np.ndarray:
    return np.stack([rows[:, cells == cell].sum(axis=1) for cell in range(cells.max() + 1)], axis=1)


def check(stages, encoder: np.ndarray, decoder: np.ndarray, cells: np.ndarray) -> None:
    assert np.allclose(stages.decoder, decoder[:, stages.latents], atol=1e-5)
    assert np.allclose(stages.encoder, summed(encoder, cells)[stages.latents], atol=1e-5)
    assert np.allclose(stages.inputs, summed(decoder @ encoder, cells), atol=1e-5)
    assert np.ptp(stages.inputs) > 1e-4


@pytest.mark.parametrize("weights", WEIGHTS)
@torch.no_grad()
def test_optical_flow(weights):
    """The tile of the published model has 720 inputs, in 16 x 16 cells, and 8 x 8 of its outputs are shown."""
    height, width = FLOW_TILES[weights]
    request = asked_flow(height, width, weights, probe=Probe(PixelAt(2, 5), "encoder", stages=True))
    attention, trace = run(request)
    model, inputs = model_and_inputs(request)
    encoder, decoder = maps_of(model(inputs=inputs, output_attentions=True))
    grid = attention.values.shape
    traced = 2 * grid[0] // height * grid[1] + 5 * grid[1] // width
    cell = trace.cell
    assert trace.cells == (min(grid[0], 8), min(grid[1], 8))
    outputs = centers_of_cells(grid, trace.cells)
    assert cell_of_each(grid, trace.cells)[traced] == cell
    outputs[cell] = traced
    check(attention.stages, encoder, decoder[outputs], cell_of_each(grid, cells_along(grid)))


@pytest.mark.parametrize("target", [FramePixel(1, 5, 2), SoundAt(300), LabelAt(1)])
@pytest.mark.parametrize("weights", WEIGHTS)
@torch.no_grad()
def test_a_clip(weights, target):
    """Sound comes first in the model, and video in the figure."""
    count = clips.FRAMES[weights]
    request = clips.asked(count, weights, probe=Probe(target, "encoder", stages=True))
    attention, trace = run(request)
    model, outputs = clips.model_of(weights), trace.outputs
    per_frame = (8, 8) if weights == "published" else (2, 2)
    sounds = count * clips.SAMPLES[weights] // model.config.samples_per_patch
    assert outputs.image == per_frame
    assert outputs.audio == min(sounds, 16)
    assert outputs.frame == 1 if isinstance(target, FramePixel) else count // 2
    pixels = np.arange(64 if weights == "published" else 4) + outputs.frame * np.prod(per_frame)
    heard = centers_of_cells((sounds,), (outputs.audio,))
    if isinstance(target, SoundAt):
        traced = 300 // model.config.samples_per_patch
        heard[outputs.traced - len(pixels)] = traced
    wanted = {"image": torch.from_numpy(pixels), "audio": torch.from_numpy(heard), "label": None}
    found = model(inputs=clips.inputs_of(request), subsampled_output_points=wanted, output_attentions=True)
    encoder, decoder = maps_of(found)
    decoder = np.concatenate([decoder[len(heard) : -1], decoder[: len(heard)], decoder[-1:]])
    video, sound = trace.input_cells
    starts = np.prod(video), np.prod(video) + np.prod(sound)
    cells = [cell_of_each(trace.audio.shape, sound) + starts[0], cell_of_each(trace.image.shape, video), starts[1:]]
    check(attention.stages, encoder, decoder, np.concatenate(cells))
    if not isinstance(target, SoundAt):
        row = 5 * per_frame[0] // 8 * per_frame[1] + 2 * per_frame[1] // 8
        assert outputs.traced == (row if isinstance(target, FramePixel) else len(decoder) - 1)
