"""Inputs of several modalities against transformers' own preprocessor."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import nn
from transformers.models.perceiver.modeling_perceiver import PerceiverMultimodalPreprocessor

from models.perceiver.engine import perceiver_of
from models.perceiver.multimodal_reading import read_modalities
from tests.tiny_models import FAR, assert_equal, tiny_inputs, tiny_model

NAME = "PerceiverForMultimodalAutoencoding"


def preprocessor(**mask_probs: float) -> PerceiverMultimodalPreprocessor:
    found = deepcopy(perceiver_of(tiny_model(NAME)).input_preprocessor)
    assert isinstance(found, PerceiverMultimodalPreprocessor)
    found.mask_probs = mask_probs
    found.requires_grad_(False)
    return found


def counted(model: nn.Module) -> list[Any]:
    calls: list[Any] = []
    model.register_forward_hook(lambda *_: calls.append(1))
    return calls


@pytest.mark.parametrize(
    "mask_probs",
    [{"image": 0.0, "audio": 0.0, "label": 1.0}, {"audio": 1.0, "label": 0.0}, {"image": 1.0}, {}],
)
def test_as_transformers_reads_them(mask_probs):
    model, inputs = preprocessor(**mask_probs), tiny_inputs(NAME)
    calls, expected = counted(model), model(inputs)
    read, sizes, without_pos = read_modalities(model, inputs)
    assert_equal(read, expected[0], atol=0)
    assert sizes == expected[1]
    assert_equal(without_pos, expected[2], atol=0)
    assert len(calls) == 2
    assert model.mask_probs == mask_probs


def test_masked_at_random():
    """Some and not all of a modality, as transformers draws them."""
    model, inputs = preprocessor(image=0.5), tiny_inputs(NAME)
    torch.manual_seed(0)
    expected, _, _ = model(inputs)
    torch.manual_seed(0)
    read, sizes, _ = read_modalities(model, inputs)
    assert_equal(read, expected, atol=0)
    masked = (read - model.mask["image"]).abs().amax(dim=-1) < FAR
    assert 0 < masked.sum() < 2 * sizes["image"]


def test_in_half_the_precision():
    """Where transformers itself cannot: its masks are float32."""
    model, inputs = preprocessor(image=0.0, label=1.0), tiny_inputs(NAME)
    halved, expected = deepcopy(model).bfloat16(), model(inputs)[0]
    read, _, _ = read_modalities(halved, {name: values.bfloat16() for name, values in inputs.items()})
    assert read.dtype == torch.bfloat16
    assert_equal(read.float(), expected, atol=0.02)


def test_what_stands_for_a_masked_input_is_learnt():
    model = preprocessor(label=1.0)
    model.requires_grad_(True)
    read_modalities(model, tiny_inputs(NAME))[0].sum().backward()
    assert_equal(model.mask["label"].grad, torch.full_like(model.mask["label"], 2.0))
    assert_equal(model.padding["audio"].grad, torch.full_like(model.padding["audio"], 2.0 * 4))
