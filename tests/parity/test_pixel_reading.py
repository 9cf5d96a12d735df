"""The cheaper forward for training against transformers' own: the same logits and gradients of all weights."""

from copy import deepcopy

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverPreTrainedModel

from models.perceiver.engine import perceiver_of
from tests.tiny_models import BATCH, CLASSIFIERS, FAR, assert_equal, spread, tiny_model
from training import pixel_reading
from training.pixel_reading import classify, read_pixels

IMAGES = tuple(name for name in CLASSIFIERS if "Image" in name)
LEARNED, FOURIER, CONV = IMAGES
SIZES = [
    (LEARNED, (6, 6)),
    (LEARNED, (3, 3)),
    (LEARNED, (4, 9)),
    (FOURIER, (6, 6)),
    (FOURIER, (1, 2)),
    (FOURIER, (9, 5)),
]
"""The learned positions are of 6 x 6 pixels; for others they are interpolated."""
SHAPES = (
    {},
    {"num_blocks": 1, "use_query_residual": False},
    {"qk_channels": 32, "v_channels": 16, "num_cross_attention_heads": 4},
)


def images(size: tuple[int, int]) -> Tensor:
    return torch.randn(BATCH, 3, *size, generator=torch.Generator().manual_seed(2))


def fresh(name: str, **changes) -> PerceiverPreTrainedModel:
    return deepcopy(tiny_model(name, **changes))


def own(model: PerceiverPreTrainedModel, pixels: Tensor) -> Tensor:
    return model(pixels, interpolate_pos_encoding=True).logits


def gradients(model: PerceiverPreTrainedModel, logits: Tensor) -> dict[str, Tensor | None]:
    F.cross_entropy(logits, torch.arange(BATCH) % 3).backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


@pytest.mark.parametrize(("name", "size"), SIZES)
@pytest.mark.parametrize("changes", SHAPES, ids=("plain", "one block, no residual", "other widths"))
def test_logits_and_gradients_equal_transformers(name, size, changes):
    quick, plain = fresh(name, **changes), fresh(name, **changes)
    found, expected = classify(quick, images(size)), own(plain, images(size))
    assert_equal(found, expected)
    found, expected = gradients(quick, found), gradients(plain, expected)
    assert all(expected[name] is not None for name in expected)
    assert_equal(found, expected)


@pytest.mark.parametrize(("name", "size"), SIZES)
def test_what_is_compared_depends_on_the_picture_and_on_all_weights(name, size):
    """Else equality would say little: gradients of the encoder that are all 0 are equal whatever is wrong."""
    model = fresh(name)
    logits = own(model, images(size))
    assert spread(logits, dim=0) > FAR
    layer = perceiver_of(model).encoder.cross_attention
    found = gradients(model, logits)
    names = {parameter: name for name, parameter in model.named_parameters()}
    for parameter in (*layer.attention.self.layernorm2.parameters(), *layer.attention.self.parameters()):
        # A bias of the keys adds the same to every weight of a query: its gradient is 0 but for rounding.
        if not names[parameter].endswith("key.bias"):
            assert found[names[parameter]].abs().max() > 1e-4, names[parameter]


def test_with_a_convolution_it_is_transformers_own_forward():
    pixels = images((16, 16))
    assert torch.equal(classify(fresh(CONV), pixels), fresh(CONV)(pixels).logits)


@pytest.mark.parametrize("name", [LEARNED, FOURIER])
def test_dark_and_bright_pixels_alike(name):
    """The layer norm's deviation comes from a difference of squares, which loses digits where both are large."""
    model = fresh(name)
    for pixels in (torch.zeros(1, 3, 6, 6), 10 * images((6, 6)), torch.full((1, 3, 6, 6), -3.0)):
        with torch.no_grad():
            assert_equal(classify(model, pixels), own(model, pixels))


@pytest.mark.parametrize("name", [LEARNED, FOURIER])
def test_reading_is_float32_in_a_bfloat16_step(name):
    model = fresh(name)
    read = []
    attention = perceiver_of(model).encoder.cross_attention.attention.output.dense
    attention.register_forward_hook(lambda _, inputs, __: read.append(inputs[0]))
    with torch.no_grad():
        read_pixels(model, images((6, 6)))
        with torch.autocast("cpu", torch.bfloat16):
            read_pixels(model, images((6, 6)))
    assert read[1].dtype == torch.float32
    assert torch.equal(read[0], read[1])


@pytest.mark.parametrize("name", [LEARNED, FOURIER])
def test_keys_and_values_are_projected_from_pixels_alone(name, monkeypatch):
    """What it is for: per image, products over the three channels of a pixel alone."""
    model = fresh(name)
    widths = []
    linear = F.linear

    def watched(inputs, weight, bias=None):
        if inputs.shape[:2] == (BATCH, 36):
            widths.append(inputs.shape[2])
        return linear(inputs, weight, bias)

    monkeypatch.setattr(pixel_reading.F, "linear", watched)
    with torch.no_grad():
        classify(model, images((6, 6)))
    assert widths == [3, 3]
