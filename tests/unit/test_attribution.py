"""Attribution against transformers' own attention maps, finite differences, linear functions and brute force."""

from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from models.perceiver.attribution import BY_ATTENTION_AND_OCCLUSION, Explained, Question, log_odds
from models.perceiver.attribution_gradients import BY_GRADIENT, STEPS, _integrated
from models.perceiver.engine import read_into_latents
from models.perceiver.faithfulness import Deletion, randomized
from models.schema import METHODS, Curves
from tests.tiny_models import tiny_inputs, tiny_model

RUN = {**BY_ATTENTION_AND_OCCLUSION, **BY_GRADIENT}
CAUSAL = ("gradient_x_input", "integrated_gradients", "leave_one_out")
UNITS = 5
TEXT, LANGUAGE, IMAGE = (
    "PerceiverForSequenceClassification",
    "PerceiverForMaskedLM",
    "PerceiverForImageClassificationFourier",
)
PREDICTED = {TEXT: 2, LANGUAGE: 2, IMAGE: 1}
"""Classes with an output that attention to some input supports."""


def question(name: str) -> Question:
    """The inputs in units of neighbors; the first and the last belong to none."""
    inputs, baseline = (tiny_inputs(name, batch=1, seed=seed) for seed in (1, 2))
    count = 36 if "Image" in name else 20
    unit_of = np.arange(count) * UNITS // count
    unit_of[[0, -1]] = -1
    return Question(
        inputs, baseline, torch.tensor([3 if name == LANGUAGE else 0]), PREDICTED[name], unit_of, (1, UNITS)
    )


@pytest.fixture(autouse=True)
def _without_gradients():
    with torch.no_grad():
        yield


def explained(name: str) -> Explained:
    return Explained(tiny_model(name), question(name))


class Linear(Explained):
    """Whose log-odds are a linear function of the encoder inputs."""

    weights: torch.Tensor

    def log_odds(self, inputs: torch.Tensor) -> torch.Tensor:
        return (inputs * self.weights).sum(dim=(1, 2)) / 10

    def log_odds_replaced(self, replaced: torch.Tensor) -> torch.Tensor:
        return self.log_odds(torch.where(replaced[..., None], self.baseline, self.encoded.inputs))


def linear(of: int | None = None) -> Linear:
    """of: the only unit that matters."""
    found = Linear(tiny_model(TEXT), question(TEXT))
    found.weights = torch.randn(found.baseline.shape, generator=torch.Generator().manual_seed(3))
    if of is not None:
        found.weights[0, torch.from_numpy(found.question.unit_of) != of] = 0
    return found


def effects(found: Linear) -> np.ndarray:
    """What each unit adds to the function, by the definition of a linear function."""
    each = (found.weights * (found.encoded.inputs - found.baseline)).sum(dim=-1)[0] / 10
    return np.array([each[torch.from_numpy(found.question.unit_of) == unit].sum().item() for unit in range(UNITS)])


def test_all_methods_are_there():
    assert set(RUN) == set(METHODS)


@pytest.mark.parametrize("method", CAUSAL)
def test_causal_methods_are_exact_for_a_linear_function(method):
    found = linear()
    assert np.allclose(RUN[method](found).units, effects(found), atol=1e-4)


@pytest.mark.parametrize("method", [*CAUSAL, "window_occlusion"])
def test_the_only_input_that_matters_comes_first(method):
    found = linear(of=3)
    size = np.abs(RUN[method](found).units)
    assert size.argmax() == 3
    assert effects(found)[3] != 0


@torch.no_grad()
def planted(place: int) -> Explained:
    """A model whose latents attend to one of 20 inputs, in ten units; the others do not matter."""
    model: Any = deepcopy(tiny_model(TEXT)).requires_grad_(False)
    embedded, attention = model.perceiver.input_preprocessor, model.perceiver.encoder.cross_attention.attention.self
    embedded.embeddings.weight[:, 0] = 0
    embedded.position_embeddings.weight.zero_()[place, 0] = 10
    attention.layernorm2.reset_parameters()
    attention.key.weight.zero_()[:, 0] = 1
    attention.query.weight.zero_()
    attention.query.bias.fill_(5)
    asked = question(TEXT)
    return Explained(model, replace(asked, unit_of=np.arange(20) // 2, grid=(1, 10)))


@pytest.mark.parametrize("place", [8, 13])
@pytest.mark.parametrize("method", METHODS)
def test_the_only_input_that_a_perceiver_reads_comes_first(method, place):
    size = np.abs(RUN[method](planted(place)).units)
    assert size.argmax() == place // 2
    assert size[place // 2] > 1e-3


def test_windows_are_shared_by_the_units_in_them():
    """Three windows of three neighbors among five units."""
    found = linear()
    each = effects(found)
    windows = np.array([each[start : start + 3].sum() for start in range(3)])
    expected = [windows[0], windows[:2].mean(), windows.mean(), windows[1:].mean(), windows[2]]
    assert np.allclose(RUN["window_occlusion"](found).units, expected, atol=1e-4)


@pytest.mark.parametrize("name", [TEXT, LANGUAGE, IMAGE])
def test_gradient_x_input_is_the_slope_towards_the_input(name):
    found, step = explained(name), 1e-2
    inputs, units = found.encoded.inputs, RUN["gradient_x_input"](found).units
    for unit in range(UNITS):
        members = torch.from_numpy(found.question.unit_of == unit)[None, :, None]
        forward, back = (
            found.log_odds(torch.where(members, inputs + sign * step * (inputs - found.baseline), inputs)).item()
            for sign in (1, -1)
        )
        assert units[unit] == pytest.approx((forward - back) / (2 * step), abs=2e-2, rel=2e-2)


@pytest.mark.parametrize("name", [TEXT, LANGUAGE, IMAGE])
def test_integrated_gradients_are_complete(name, monkeypatch):
    """They sum to the difference from the baseline; the tiny models bend more than trained ones and need more steps."""
    monkeypatch.setattr("models.perceiver.attribution_gradients.STEPS", 8 * STEPS)
    found = explained(name)
    pair = found.encoded.inputs, found.baseline
    latents = [read_into_latents(found.model, each, None) for each in pair]
    difference = (found.log_odds(pair[0]) - found.log_odds(pair[1])).item()
    assert abs(difference) > 0.05
    assert _integrated(found, found.log_odds, *pair).sum().item() == pytest.approx(difference, rel=0.01)
    assert _integrated(found, found.log_odds_from, *latents).sum().item() == pytest.approx(difference, rel=0.01)


@pytest.mark.parametrize("name", [TEXT, LANGUAGE, IMAGE])
def test_attention_x_gradient_follows_its_definition(name):
    """Chefer et al. 2021, with the attention maps and gradients of transformers."""
    found = explained(name)
    model, asked = tiny_model(name), found.question
    with torch.enable_grad():
        output = model(inputs=asked.inputs, output_attentions=True)
        logits = output.logits[:, asked.output[0]] if name == LANGUAGE else output.logits
        maps = [output.cross_attentions[0], *output.attentions, output.cross_attentions[-1]]
        gradients = torch.autograd.grad(log_odds(logits, asked.predicted).sum(), maps)
    means = [
        (each * gradient).clamp(min=0).mean(dim=1)[0].detach() for each, gradient in zip(maps, gradients, strict=True)
    ]
    encoder, *layers, decoder = means
    relevance = decoder[asked.output[0] : asked.output[0] + 1] if name == LANGUAGE else decoder
    mixing = torch.eye(len(encoder))
    for layer in layers:
        mixing = mixing + layer @ mixing
    expected = found.in_units((relevance @ mixing @ encoder)[0])
    units = RUN["attention_x_gradient"](found).units
    assert expected.max() > 1e-4
    assert np.allclose(units, expected, atol=1e-5 * expected.max() + 1e-7, rtol=1e-3)


def test_knocked_out_latents_are_those_of_a_model_without_them(monkeypatch):
    monkeypatch.setattr("models.perceiver.attribution.KNOCKED_OUT", 7)
    found = explained(TEXT)
    latents = RUN["latent_knock_out"](found).latents
    read = read_into_latents(found.model, found.encoded.inputs, None)
    for latent in range(7):
        kept = [index for index in range(7) if index != latent]
        drop = (found.log_odds_from(read) - found.log_odds_from(read[:, kept])).item()
        assert latents[latent] == pytest.approx(drop, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [TEXT, LANGUAGE, IMAGE])
def test_methods_run_within_inference_mode(method, name):
    model = tiny_model(name)
    with torch.inference_mode():
        units = RUN[method](Explained(model, question(name))).units
    assert units.shape == (UNITS,)
    assert np.isfinite(units).all()
    assert np.ptp(units) > 0


def test_left_out_inputs_are_those_of_the_baseline():
    found = explained(TEXT)
    asked = found.question
    left_out = np.array([[False, True, False, True, True]])
    mixed = torch.where(torch.from_numpy(np.isin(asked.unit_of, [1, 3, 4])), asked.baseline, asked.inputs)
    logits = tiny_model(TEXT)(inputs=mixed).logits
    assert found.log_odds_without(left_out)[0] == pytest.approx(log_odds(logits, asked.predicted).item(), abs=1e-4)


# Curves


def test_curves_are_those_of_brute_force():
    found, order = linear(), np.array([3, 0, 4, 1, 2])
    curves, each = Deletion(found).curves(order), effects(found)
    nothing = found.log_odds(found.encoded.inputs).item() - each.sum()

    def probability(kept):
        return 1 / (1 + np.exp(-(nothing + sum(each[unit] for unit in kept))))

    counts = (UNITS * curves.shares).round().astype(int)
    assert counts.tolist() == [0, 1, 2, 4, 5]  # of the shares 0, 0.1, 0.2, 0.5, 0.8, 0.9 and 1
    assert np.allclose(curves.deletion, [probability(order[count:]) for count in counts], atol=1e-5)
    assert np.allclose(curves.insertion, [probability(order[:count]) for count in counts], atol=1e-5)


def test_the_best_order_of_a_linear_function_is_that_of_its_effects():
    """Of all 120 orders, none has a smaller deletion area or a larger insertion area."""
    found = linear()
    deletion = Deletion(found)
    best = deletion.curves(np.argsort(-effects(found)))
    random = deletion.random(60, seed=0)
    assert (random.deletion_area >= best.deletion_area - 1e-6).all()
    assert (random.insertion_area <= best.insertion_area + 1e-6).all()
    assert len(found._known) <= 2**UNITS


def test_random_orders_are_read_in_both_directions():
    curves = Deletion(linear()).random(6, seed=1)
    every = [0, 1, 3, 4]  # the shares of which the rest is also one
    assert np.allclose(curves.insertion[:, every], np.roll(curves.deletion, 3, axis=0)[:, every[::-1]])


def test_areas_and_shares_by_hand():
    shares = np.array([0, 0.5, 1])
    curves = Curves(shares, deletion=np.array([[0.8, 0.4, 0.0]]), insertion=np.array([[0.0, 0.6, 0.8]]))
    assert curves.deletion_area == pytest.approx([0.4])
    assert curves.insertion_area == pytest.approx([0.5])
    # At 10%, 20% and 50%: 0.72, 0.64 and 0.4 without them; 0.12, 0.24 and 0.6 with only them.
    assert curves.comprehensiveness == pytest.approx([0.8 - (0.72 + 0.64 + 0.4) / 3])
    assert curves.sufficiency == pytest.approx([0.8 - (0.12 + 0.24 + 0.6) / 3])


# Models with random weights


@pytest.mark.parametrize("name", [TEXT, LANGUAGE, IMAGE])
def test_weights_are_drawn_again_from_the_output_to_the_input(name):
    model = tiny_model(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    changed, names = [], []
    for part, random_model in randomized(model, seed=0):
        names.append(part)
        changed.append({key for key, value in random_model.state_dict().items() if not torch.equal(value, before[key])})
    assert names == ["decoder", "layer 2", "layer 1", "encoder", "inputs"]
    assert all(few <= more for few, more in pairwise(changed))
    assert not any("encoder.cross_attention" in key for key in changed[2])
    assert changed[0]
    assert changed[-1] == {name for name, parameter in model.named_parameters() if parameter.numel() > 1}
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_only_the_encoder_changes_encoder_attention():
    found = explained(TEXT)
    whole = RUN["encoder"](found).units
    same = {
        part: np.allclose(whole, RUN["encoder"](Explained(model, found.question)).units, atol=1e-6)
        for part, model in randomized(found.model, seed=0)
    }
    assert same == {"decoder": True, "layer 2": True, "layer 1": True, "encoder": False, "inputs": False}


def test_a_random_model_can_be_differentiated_within_inference_mode():
    original = tiny_model(TEXT)
    with torch.inference_mode():
        for _, model in randomized(original, seed=0):
            assert np.isfinite(RUN["integrated_gradients"](Explained(model, question(TEXT))).units).all()
