"""Texts that the model generates for its card, always from the same prompts and seeds."""

from dataclasses import dataclass

import torch

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_decoding import IncrementalDecoder
from models.perceiver.sampling import Sampling, choose, ranked
from models.tasks.byte_tokens import FIRST_BYTE
from models.tasks.text_tokens import ByteTokens

TEMPERATURE, TOP_P = 0.8, 0.95
LENGTH = 300
"""Bytes that follow a prompt."""
PROMPTS = (
    "The old house at the end of the lane had stood empty for many years. One evening in October, as the rain",
    '"You have come too late," said the captain, and he pointed to the harbor. "The last of the ships',
    "mild and rainy winters, cool summers; mountains in the north, hills and marshes along the western coast; the",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """continuation: invalid UTF-8 is replaced by U+FFFD."""

    prompt: str
    seed: int
    continuation: str


def samples(model: PerceiverAr, length: int = LENGTH) -> list[Sample]:
    """One text of `length` bytes for each prompt; the seed is the number of the prompt, from 1."""
    return [
        Sample(prompt, seed, _continuation(model, prompt, seed, length)) for seed, prompt in enumerate(PROMPTS, start=1)
    ]


def _continuation(model: PerceiverAr, prompt: str, seed: int, length: int) -> str:
    """Generated as in the app."""
    device, tokens = next(model.parameters()).device, ByteTokens()
    sampling, writer = Sampling(True, TEMPERATURE, 0, TOP_P, seed), IncrementalDecoder(model)
    ids = torch.tensor([tokens.ids(prompt)[-model.config.max_seq_len :]], device=device)
    logits = writer.start(ids, min(ids.shape[1], model.config.max_latents))
    written = bytearray()
    while len(written) < length:
        values = logits[0].double().cpu().numpy()
        byte = choose(values, ranked(values, range(FIRST_BYTE)), sampling, len(written))
        written += tokens.contents[byte]
        logits = writer.write(torch.tensor([byte], device=device))
    return written.decode(errors="replace")
