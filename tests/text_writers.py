"""Services whose tiny writers of text are told what to prefer, for tests of text generation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.ar import PerceiverAr
from models.schema import TextGenerationRequest, TextGenerationStep
from models.tasks.byte_tokens import FIRST_BYTE
from models.tasks.text_generation import TEXT_GENERATION
from tests.tiny_models import load_tiny

PROMPT = "Once upon a "
"""12 bytes: the writers read 24, of which 8 are latents."""
LETTERS = b"abcde"


def biased(bias: Mapping[int, float], otherwise: float = 0.0, matching_orders: tuple[int, ...] = ()) -> LocalBackend:
    """bias: id -> what is added to its logit; to those of the others `otherwise` is."""

    def load(*options: Any) -> PerceiverAr:
        model = with_matching(load_tiny(*options), matching_orders)
        values = torch.full((model.config.vocab_size,), otherwise)
        for token, value in bias.items():
            values[token] = value
        model.output_bias = nn.Parameter(values)
        return model

    return LocalBackend(Settings(device="cpu"), load)


def with_matching(model: PerceiverAr, orders: tuple[int, ...]) -> PerceiverAr:
    """The same weights and matching heads that make a difference."""
    if not orders:
        return model
    torch.manual_seed(0)
    changed = PerceiverAr(replace(model.config, matching_orders=orders)).eval()
    changed.load_state_dict(changed.state_dict() | model.state_dict())
    nn.init.normal_(changed.cross.matching.output.weight)
    return changed


def of_letters() -> LocalBackend:
    """Writes a to e only."""
    return biased({letter + FIRST_BYTE: 0.0 for letter in LETTERS}, otherwise=-1e4)


def steps_of(service: LocalBackend, prompt: str = PROMPT, **options: Any) -> list[TextGenerationStep]:
    return list(service.stream(TextGenerationRequest(prompt, **options)))


def ids_of(step: TextGenerationStep) -> tuple[int, ...]:
    """Of the tokens of this request."""
    return tuple(token.id for token in step.tokens)


def model_of(service: LocalBackend) -> PerceiverAr:
    with service.load(TEXT_GENERATION.checkpoint("embedded")) as loaded:
        return loaded.model
