"""Windows of text for a byte-level Perceiver AR, and the length of the prefix of each batch."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.tasks.byte_tokens import CLS, FIRST_BYTE
from training.data import sentence_starts
from training.made_up_names import with_repeated_name

START = CLS
"""The token before the first byte of a text."""
STEP = 64
"""Prefixes are multiples of STEP, so that there are few shapes to compile."""
STARTS = 8
"""One in STARTS windows begins with START and a sentence."""


@dataclass(frozen=True, slots=True)
class Batch:
    """ids: int64 [B, P + N], of which the first P = `prefix` have no latents; targets: int64 [B, N], next tokens."""

    ids: Tensor
    prefix: int
    targets: Tensor


class Batches:
    """Random windows of the training text, uint8 [n], in batches of `size` with `latents` latents.

    names: share of the windows in which a made-up name is repeated.
    """

    def __init__(self, text: np.ndarray, device: torch.device, size: int, latents: int, names: float = 0.0):
        # START takes the place of this byte.
        self.text = torch.from_numpy(np.concatenate([np.frombuffer(b"\n", np.uint8), text])).to(device)
        self.starts = torch.from_numpy(sentence_starts(text)).to(device)
        self.size, self.latents, self.names = size, latents, names

    def draw(self, prefix: int) -> Batch:
        """One batch. Raises ValueError where the text is shorter than a window."""
        device, length = self.text.device, prefix + self.latents
        if len(self.text) <= length:
            raise ValueError(f"a text of {len(self.text) - 1} bytes has no window of {length}")
        begins = torch.randint(len(self.text) - length, (self.size,), device=device)
        sentences = self.starts[torch.randint(len(self.starts), (self.size,), device=device)]
        started = torch.rand(self.size, device=device) < 1 / STARTS
        begins = torch.where(started, sentences.clamp(max=len(self.text) - length - 1), begins)
        window = self.text[begins[:, None] + torch.arange(length + 1, device=device)]
        for row in (torch.rand(self.size) < self.names).nonzero()[:, 0].tolist():
            window[row] = _with_name(window[row])
        window = window.long() + FIRST_BYTE
        window[started, 0] = START
        return Batch(window[:, :-1], prefix, window[:, prefix + 1 :])


def _with_name(window: Tensor) -> Tensor:
    rng = np.random.default_rng(int(torch.randint(2**31, ())))
    changed = with_repeated_name(bytes(window.tolist()), rng)
    return torch.frombuffer(bytearray(changed), dtype=torch.uint8).to(window.device)


def longest_prefix(progress: float, first: int, most: int) -> int:
    """The longest prefix at a progress of 0 to 1: grows linearly from `first` to `most` at 0.5."""
    return min(most, first + int(2 * progress * max(0, most - first)) // STEP * STEP)


def random_prefix(progress: float, first: int, most: int) -> int:
    """Half of the batches have the longest prefix so far, the others any multiple of STEP; drawn with torch's seed."""
    longest = longest_prefix(progress, first, most)
    if torch.rand(()) < 0.5:
        return longest
    return int(torch.randint(longest // STEP + 1, ())) * STEP
