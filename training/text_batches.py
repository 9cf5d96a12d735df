"""Windows of text as a byte-level Perceiver AR reads them, and how long the prefix of each batch is."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.tasks.byte_tokens import CLS, FIRST_BYTE
from training.data import sentence_starts

START = CLS
"""What stands before the first byte of a text."""
STEP = 64
"""Prefixes are multiples of this, so that there are few shapes."""
FIRST_PREFIX = 64
STARTS = 8
"""One window of so many begins where a sentence does, with START before it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """ids: int64 [B, P + N], of which the first `prefix` are read only; targets: int64 [B, N], what follows latents."""

    ids: Tensor
    prefix: int
    targets: Tensor


class Batches:
    """Random windows of the training text, uint8 [n], in batches of `size` with `latents` latents."""

    def __init__(self, text: np.ndarray, device: torch.device, size: int, latents: int):
        # A byte before the first, whose place START takes.
        self.text = torch.from_numpy(np.concatenate([np.frombuffer(b"\n", np.uint8), text])).to(device)
        self.starts = torch.from_numpy(sentence_starts(text)).to(device)
        self.size, self.latents = size, latents

    def draw(self, prefix: int) -> Batch:
        """One fresh batch. Raises ValueError where the text is shorter than a window."""
        device, length = self.text.device, prefix + self.latents
        if len(self.text) <= length:
            raise ValueError(f"a text of {len(self.text) - 1} bytes has no window of {length}")
        begins = torch.randint(len(self.text) - length, (self.size,), device=device)
        sentences = self.starts[torch.randint(len(self.starts), (self.size,), device=device)]
        started = torch.rand(self.size, device=device) < 1 / STARTS
        begins = torch.where(started, sentences.clamp(max=len(self.text) - length - 1), begins)
        window = self.text[begins[:, None] + torch.arange(length + 1, device=device)].long() + FIRST_BYTE
        window[started, 0] = START
        return Batch(window[:, :-1], prefix, window[:, prefix + 1 :])


def longest_prefix(progress: float, most: int) -> int:
    """The longest prefix so far into a training, 0 to 1: from FIRST_PREFIX, in proportion, to `most` at its middle."""
    return min(most, FIRST_PREFIX + int(2 * progress * max(0, most - FIRST_PREFIX)) // STEP * STEP)


def random_prefix(progress: float, most: int) -> int:
    """Half of the batches have the longest prefix so far, the others any, none included; drawn from torch's numbers."""
    longest = longest_prefix(progress, most)
    if torch.rand(()) < 0.5:
        return longest
    return int(torch.randint(longest // STEP + 1, ())) * STEP
