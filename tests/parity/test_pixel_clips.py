"""Answers for pixels of a clip against transformers' own forward, at places on the grid and between."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import PerceiverForMultimodalAutoencoding
from transformers.models.perceiver import modeling_perceiver

from models.perceiver import engine, pixel_clips
from models.perceiver.engine import Encoded, basic_decoder, decode, decoder_queries, encode
from models.perceiver.pixel_clips import Answers, decode_video, video_frames
from tests.tiny_models import FAR, assert_equal, reference, spread, tiny_inputs, tiny_model

NAME = "PerceiverForMultimodalAutoencoding"
DIMS = (3, 6, 10)
"""Frames, rows and columns of what is answered: no two alike, and none as in what is read."""
HALVES = tuple(torch.arange(2 * count) / 2 for count in DIMS)
HALF_ATOL = 0.1
NOTHING = torch.tensor([], dtype=torch.long)


def tiny(dims: tuple[int, int, int] = DIMS) -> PerceiverForMultimodalAutoencoding:
    model = tiny_model(NAME, output_shape=(1, *dims))
    assert isinstance(model, PerceiverForMultimodalAutoencoding)
    return model


@torch.no_grad()
def encoded(model: PerceiverForMultimodalAutoencoding | None = None) -> Encoded:
    return encode(model or tiny(), tiny_inputs(NAME, batch=1))


def expected(dims: tuple[int, int, int]) -> Tensor:
    """What transformers answers on a whole grid: [frames, 3, rows, columns]."""
    points = {"image": torch.arange(torch.Size(dims).numel()), "audio": torch.tensor([0]), "label": None}
    answers = reference(tiny(dims), tiny_inputs(NAME, batch=1), subsampled_output_points=points).logits
    return as_video(answers, dims)


def as_video(answers: dict[str, Tensor], dims: tuple[int, int, int]) -> Tensor:
    return answers["image"].view(*dims, 3).movedim(-1, 1)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pixels at once, as they come."""
    lengths, colors = [], Answers.colors

    def spy(self: Answers, weights: Tensor) -> Tensor:
        lengths.append(len(weights))
        return colors(self, weights)

    monkeypatch.setattr(Answers, "colors", spy)
    return lengths


def whole_grid() -> tuple[Tensor, Tensor, Tensor]:
    times, rows, columns = (torch.arange(count) for count in DIMS)
    return times, rows, columns


def test_answers_to_compare_are_far_apart():
    """Along every axis, and between neighbors on the finer grid."""
    answers = expected((6, 12, 20))
    for axis in range(4):
        assert spread(answers, dim=axis) > 10 * FAR
    for axis in (0, 2, 3):
        assert answers.diff(dim=axis).abs().amax() > 10 * FAR


@pytest.mark.parametrize("pixels", [1, 7, 60, 1000])
def test_whole_places_are_the_outputs_of_transformers(pixels, answered, monkeypatch):
    """However many pixels are answered at once: parts of a frame, a frame, more."""
    monkeypatch.setattr(pixel_clips, "PIXELS", pixels)
    with torch.no_grad():
        assert_equal(decode_video(tiny(), encoded(), *whole_grid()), expected(DIMS))
    assert max(answered) == min(pixels, 60)
    assert sum(answered) == 180


@pytest.mark.parametrize("by_blocks", [True, False])
def test_places_between_are_those_of_a_finer_grid(by_blocks, monkeypatch):
    """The same weights with twice the outputs along each axis: transformers itself answers between the pixels."""
    monkeypatch.setattr(pixel_clips, "applies", lambda *_: by_blocks)
    with torch.no_grad():
        assert_equal(decode_video(tiny(), encoded(), *HALVES), expected((6, 12, 20)))


def test_places_in_any_order():
    picked = torch.tensor([3, 0, 3]), torch.tensor([11, 2]), torch.tensor([5, 4, 19, 5])
    places = [halves[which] for halves, which in zip(HALVES, picked, strict=True)]
    with torch.no_grad():
        found = decode_video(tiny(), encoded(), *places)
    assert_equal(found, expected((6, 12, 20))[picked[0]][:, :, picked[1]][..., picked[2]])


@pytest.mark.parametrize("places", [(0, 6, 10), (3, 0, 10), (3, 6, 0)])
@pytest.mark.parametrize("by_blocks", [True, False])
def test_no_places(places, by_blocks, monkeypatch):
    monkeypatch.setattr(pixel_clips, "applies", lambda *_: by_blocks)
    times, rows, columns = (torch.arange(count) for count in places)
    with torch.no_grad():
        found = decode_video(tiny(), encoded(), times, rows, columns)
    assert found.shape == (places[0], 3, *places[1:])


def test_what_latents_give_may_span_fewer_directions():
    """Fresh models have no biases: what is left over must not be taken for a direction of its own."""
    model = deepcopy(tiny())
    dense = basic_decoder(model).decoding_cross_attention.attention.output.dense
    with torch.no_grad():
        dense.bias.zero_()
        dense.weight[:, 3:].zero_()
        found = decode_video(model, encoded(model), *whole_grid())
        whole = decode(model, encoded(model), {"image": torch.arange(180), "audio": NOTHING, "label": None})
    assert spread(as_video(whole, DIMS), dim=0) > FAR
    assert_equal(found, as_video(whole, DIMS))


@pytest.mark.parametrize("chunk", [1, 32 * 2**20])
def test_other_dtypes_are_decoded_query_by_query(chunk, monkeypatch):
    monkeypatch.setattr(pixel_clips, "_by_blocks", None)
    monkeypatch.setattr(engine, "CHUNK_BYTES", chunk)
    for dtype, atol in ((torch.float64, 1e-5), (torch.bfloat16, HALF_ATOL * expected(DIMS).std().item())):
        model = nn.Module.to(deepcopy(tiny()), dtype)
        inputs = {name: values.to(dtype) for name, values in tiny_inputs(NAME, batch=1).items()}
        with torch.no_grad():
            found = decode_video(model, encode(model, inputs), *whole_grid())
        assert found.dtype == torch.float32
        assert_equal(found, expected(DIMS), atol=atol)


def test_training_goes_the_same_way():
    assert decode_video(tiny(), encoded(), *whole_grid()).requires_grad


def test_a_frame_is_answered_when_it_is_asked_for(answered):
    with torch.no_grad():
        first = next(video_frames(tiny(), encoded(), *whole_grid()))
    assert_equal(first, expected(DIMS)[0])
    assert sum(answered) == 60


def test_sound_and_label_without_the_video():
    whole = reference(tiny(), tiny_inputs(NAME, batch=1)).logits
    with torch.no_grad():
        found = decode(tiny(), encoded(), {"image": NOTHING, "audio": None, "label": None})
    assert found["image"].shape == (1, 0, 3)
    assert_equal(found["audio"], whole["audio"])
    assert_equal(found["label"], whole["label"])


def test_a_query_costs_no_more_than_itself(monkeypatch):
    """Of one pixel, or one patch of sound, no other place is computed."""
    model, source, places, features = tiny(), encoded(), [], modeling_perceiver.generate_fourier_features

    def spy(pos: Tensor, **options: Any) -> Tensor:
        places.append(pos.shape[1])
        return features(pos, **options)

    monkeypatch.setattr(modeling_perceiver, "generate_fourier_features", spy)
    with torch.no_grad():
        pixel = decoder_queries(model, source, {"image": torch.tensor([77]), "audio": NOTHING, "label": None})
        patch = decoder_queries(model, source, {"image": NOTHING, "audio": torch.tensor([2]), "label": None})
        assert sum(places) == 2
        by_hand = torch.tensor([[[-1 + 2 * 1 / 3, -1 + 2 * 1 / 6, -1 + 2 * 7 / 10]]])
        expected_features = features(by_hand, num_bands=32, max_resolution=(2, 8, 8))[0, 0]
    assert pixel.shape == patch.shape == (1, 2, 387)
    assert_equal(pixel[0, 0, :195], expected_features)
