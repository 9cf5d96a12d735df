"""Where the image models start from, and how large they are."""

import math

import pytest
import torch
from torch import Tensor
from transformers import PerceiverPreTrainedModel
from transformers.models.perceiver.modeling_perceiver import generate_fourier_features

from models.perceiver.attention import attention_rows
from models.perceiver.engine import perceiver_of
from training.image_classification import TOKENS, VARIANTS, config
from training.image_start import ALL_BANDS, PLACE, image_start

SIDE = 7
NAMES = tuple("abcdefghij")
FREQUENCIES = {"learned": (1, 16), "fourier": (1, 112), "conv": (1, 28)}


def spacing(variant: str) -> float:
    """As the recipe has it."""
    return max(1.0, TOKENS[variant] / SIDE / 4)


def build(variant: str) -> PerceiverPreTrainedModel:
    torch.manual_seed(0)
    model = VARIANTS[variant](config(variant, NAMES, SIDE * SIDE, 4)).eval()
    image_start(model, TOKENS[variant], spacing(variant))
    return model


@pytest.fixture(scope="module")
def started() -> dict[str, PerceiverPreTrainedModel]:
    return {variant: build(variant) for variant in VARIANTS}


@torch.inference_mode()
def encoder_rows(model: PerceiverPreTrainedModel) -> Tensor:
    """[heads, latents, inputs], for one picture of noise."""
    perceiver = perceiver_of(model)
    read, _, _ = perceiver.input_preprocessor(torch.randn(1, 3, 32, 32))
    return attention_rows(perceiver.encoder.cross_attention.attention.self, perceiver.embeddings(1), read)[0]


def grid(side: int, first: float = -1.0) -> Tensor:
    """[side², 2]: row and column, from `first` to -first."""
    return torch.cartesian_prod(*[torch.linspace(first, -first, side)] * 2)


def one_input(variant: str) -> float:
    return 2 / (TOKENS[variant] - 1)


def wanted_places(variant: str) -> Tensor:
    """[heads, latents, 2]: latents stand in the middles of 7 x 7 cells, head h at place h of 4 x 4 around."""
    offsets = torch.cartesian_prod(*[torch.arange(4) - 1.5] * 2) * one_input(variant) * spacing(variant)
    return offsets[:, None] + grid(SIDE, first=-1 + 1 / SIDE)


def within(variant: str) -> Tensor:
    """bool [heads, latents]: those whose place is in the image."""
    return (wanted_places(variant).abs() <= 1).all(dim=-1)


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_head_of_a_latent_reads_its_own_spot(started, variant):
    wanted, inside = wanted_places(variant), within(variant)
    peaks = grid(TOKENS[variant])[encoder_rows(started[variant]).argmax(dim=-1)]
    for head in range(16):
        away = (peaks - wanted)[head, inside[head]].abs().amax(dim=1) / one_input(variant)
        assert len(away) >= 25
        assert away.mean() < 1
        assert (away < 2).float().mean() > 0.8  # the weights that begin at random move some


@pytest.mark.parametrize(("variant", "least"), [("learned", 0.9), ("fourier", 0.95), ("conv", 0.55)])
def test_a_spot_is_narrow(started, variant, least):
    """How much of the attention lies within two spacings; of all inputs this is 2%, or of the 7 x 7 a quarter."""
    distance = torch.cdist(wanted_places(variant), grid(TOKENS[variant])) / (one_input(variant) * spacing(variant))
    inside = torch.where(distance < 2, encoder_rows(started[variant]), 0).sum(dim=-1)
    assert inside[within(variant)].mean() > least


@pytest.mark.parametrize("variant", ["learned", "fourier"])
def test_a_spot_is_about_as_wide_as_the_heads_are_apart(started, variant):
    """Deviation 0.6 spacings, and something for what lies far off."""
    distance = torch.cdist(wanted_places(variant), grid(TOKENS[variant])) / (one_input(variant) * spacing(variant))
    deviation = (encoder_rows(started[variant]) * distance.square() / 2).sum(dim=-1).sqrt()
    assert 0.58 < deviation[within(variant)].median() < 1


@pytest.mark.parametrize("variant", VARIANTS)
def test_latents_carry_the_features_of_their_place_on_a_grid(started, variant):
    latents = perceiver_of(started[variant]).embeddings.latents.detach()
    low, high = FREQUENCIES[variant]
    second = low + (high - low) / (ALL_BANDS - 1)
    homes = grid(SIDE, first=-1 + 1 / SIDE).tolist()
    for latent, (row, column) in zip(latents, homes, strict=True):
        turns = [math.pi * place * frequency for place in (row, column) for frequency in (low, second)]
        expected = [math.sin(turn) for turn in turns] + [math.cos(turn) for turn in turns]
        torch.testing.assert_close(latent[:PLACE], torch.tensor(expected), atol=1e-4, rtol=0)
    assert latents[:, PLACE:].std() == pytest.approx(0.3, rel=0.05)


def test_learned_positions_begin_as_the_features_that_others_compute(started):
    """sin rows, sin columns, cos rows, cos columns; transformers' own function, at the frequencies up to 32 / 2."""
    preprocessor = perceiver_of(started["learned"]).input_preprocessor
    features = generate_fourier_features(grid(32)[None], ALL_BANDS, max_resolution=(32, 32), concat_pos=False)
    table = preprocessor.position_embeddings.position_embeddings.detach()
    torch.testing.assert_close(table, features, atol=1e-4, rtol=0)
    with torch.inference_mode():
        read, _, _ = preprocessor(torch.randn(1, 3, 32, 32))
    torch.testing.assert_close(read[0, :, 256:], features, atol=1e-4, rtol=0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_first_answers_are_near_a_guess_and_differ(started, variant):
    with torch.inference_mode():
        logits = started[variant](torch.randn(8, 3, 32, 32)).logits
    loss = torch.nn.functional.cross_entropy(logits, torch.arange(8))
    assert loss == pytest.approx(math.log(10), abs=0.2)
    assert logits.std(dim=0).min() > 1e-4


@pytest.mark.parametrize("variant", VARIANTS)
def test_about_two_million_parameters(started, variant):
    assert 1_500_000 < sum(parameter.numel() for parameter in started[variant].parameters()) < 2_500_000
