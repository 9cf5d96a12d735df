"""Runs without a part of the model or of its inputs, compared with transformers run without that part."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.engine import encode
from models.perceiver.interventions import Predictions
from models.schema import (
    EachHead,
    EachLatent,
    ImageClassificationRequest,
    InputError,
    InputsAt,
    MaskedBytesRequest,
    Probe,
    SentimentRequest,
)
from tests.noisy_frames import frame
from tests.tiny_models import FAR, SIDE, load_tiny, served_model

OUTPUTS, PREDICTED = torch.tensor([2, 5, 6]), torch.tensor([9, 40, 100])
LAYERS = 4
IMAGE = ImageClassificationRequest(frame(0, SIDE, SIDE), top_k=3)
MASKED = MaskedBytesRequest("words here", ((2, 5),), top_k=1)
REVIEW = SentimentRequest("one two")


@pytest.fixture(scope="module", autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def model() -> Any:
    return served_model("PerceiverForMaskedLM")


@pytest.fixture(scope="module")
def ids() -> Tensor:
    torch.manual_seed(0)
    return torch.randint(6, 262, (1, 20))


@pytest.fixture(scope="module")
def predictions(model, ids) -> Predictions:
    return Predictions(model, encode(model, ids), OUTPUTS, PREDICTED)


def chances(logits: Tensor) -> Tensor:
    return logits[0, OUTPUTS].softmax(dim=-1)[range(len(PREDICTED)), PREDICTED]


@contextmanager
def head_off(attention: nn.Module, head: int, call: int) -> Iterator[None]:
    """Zeroes one head of a `PerceiverSelfAttention` in one of its calls, counted from 0."""
    calls = []

    def zero(_: nn.Module, __: Any, found: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        calls.append(head)
        context = found[0].clone()
        if len(calls) - 1 == call:
            size = context.shape[-1] // attention.num_heads
            context[..., head * size : (head + 1) * size] = 0
        return context, *found[1:]

    hook = attention.register_forward_hook(zero)
    yield
    hook.remove()
    assert call < len(calls)


def attention_of(model: Any, layer: int) -> tuple[nn.Module, int]:
    """The attention of a layer as `EachHead` counts them, and in which of its calls."""
    encoder = model.perceiver.encoder
    if layer == 0:
        return encoder.cross_attention.attention.self, 0
    if layer > LAYERS:
        return model.perceiver.decoder.decoding_cross_attention.attention.self, 0
    block, index = divmod(layer - 1, len(encoder.self_attends))
    return encoder.self_attends[index].attention.self, block


def test_without_latents_it_is_a_model_with_fewer_of_them(model, ids, predictions):
    """Latents meet only in self-attention and in the decoder: an array without one is the model without it."""
    without = predictions.without_latents(torch.tensor([4, 0]))
    smaller = deepcopy(model)
    array = smaller.perceiver.embeddings
    array.latents = nn.Parameter(array.latents[[index for index in range(7) if index != 4]])
    array.num_latents = 6
    assert torch.allclose(predictions.unchanged(), chances(model(ids).logits), atol=1e-6)
    assert torch.allclose(without[0], chances(smaller(ids).logits), atol=1e-6)
    assert not torch.allclose(without[0], without[1], rtol=FAR, atol=0)


def test_without_inputs_it_is_a_run_with_their_attention_masked(model, ids, predictions):
    left_out = torch.tensor([3, 4, 17])
    found = predictions.without_inputs(left_out)
    mask = torch.ones_like(ids)
    mask[:, left_out] = 0
    assert torch.allclose(found, chances(model(ids, attention_mask=mask).logits), atol=1e-6)
    assert not torch.allclose(found, predictions.unchanged(), rtol=FAR, atol=0)


@pytest.mark.parametrize("layer", range(LAYERS + 2))
def test_without_a_head_it_is_a_run_in_which_a_hook_zeroes_it(model, ids, predictions, layer):
    attention, call = attention_of(model, layer)
    found = predictions.without_heads(layer)
    assert len(found) == attention.num_heads
    for head, without in enumerate(found):
        with head_off(attention, head, call):
            expected = chances(model(ids).logits)
        assert torch.allclose(without, expected, atol=1e-6)
    assert not torch.allclose(found, predictions.unchanged(), rtol=FAR, atol=0)


def ask(request: Any, *without: Any) -> Any:
    request = replace(request, probe=Probe(stages=True, without=without))
    return LocalBackend(Settings(device="cpu"), load_tiny).run(request)


@pytest.mark.parametrize("request_", [IMAGE, MASKED, REVIEW], ids=lambda each: type(each).__name__)
def test_effects_are_of_what_is_predicted(request_):
    interventions = EachLatent(), EachHead(0), EachHead(2), EachHead(LAYERS + 1), InputsAt((1, 4))
    result = ask(request_, *interventions)
    stages, effects = result.attention.stages, result.attention.stages.effects
    assert tuple(effects) == interventions
    predicted = result.probabilities[:, 0] if request_ is MASKED else [result.labels[0].probability]
    outputs = len(stages.inputs)
    for each in effects.values():
        assert np.allclose(each.probability, predicted, atol=1e-5)
    latents = effects[EachLatent()]
    assert latents.without.shape == (len(stages.latents), outputs)
    assert (np.abs(latents.rank_correlation) <= 1).all()
    group = effects[InputsAt((1, 4))]
    assert np.allclose(group.attention[:, 0], stages.inputs[:, 1] + stages.inputs[:, 4])
    assert np.isnan(group.rank_correlation).all()
    # The mean over heads is what the stages have.
    encoder, decoder = effects[EachHead(0)].maps, effects[EachHead(LAYERS + 1)].maps
    assert np.allclose(encoder.mean(axis=0), stages.inputs, atol=1e-5)
    assert np.allclose(decoder.mean(axis=0), stages.decoder, atol=1e-5)
    assert effects[EachHead(2)].maps is None


@pytest.mark.parametrize("without", [EachHead(LAYERS + 2), InputsAt((12,)), InputsAt(()), InputsAt(tuple(range(12)))])
def test_what_is_not_there_is_refused(without):
    with pytest.raises(InputError):
        ask(MASKED, without)


def test_heads_of_a_model_with_slow_layers_are_refused(monkeypatch):
    monkeypatch.setattr("models.perceiver.stages.MAX_MULTIPLICATIONS", 1)
    assert ask(MASKED, EachLatent()).attention.stages.effects
    with pytest.raises(InputError, match="large"):
        ask(MASKED, EachHead(1))
