"""Incremental decoding with a Perceiver AR: how the text is divided into prefix and latents, and what is cached.

Each new token becomes one more latent until the model has no more. Until then, cached keys and values give exactly the
same result as reading the whole text again. After that, a latent must become prefix: it is read through another layer
norm and has no layers of its own, so that all later latents change and no cache can be reused. Then the whole text is
read again, under one of two rules (`Refill`).
"""

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_cache import KeyValueCache
from models.perceiver.ar_config import PerceiverArConfig


class Refill(Enum):
    """What happens when all latents are in use.

    EACH: all latents but one stay, as in perceiver-io: the whole text is read again for every token.
    HALF: half of the latents become prefix, and the other half fills up again: one full pass per half of the latents.
    """

    EACH = "each"
    HALF = "half"


@dataclass(frozen=True, slots=True)
class Window:
    """The first `dropped` tokens of the text are not read; `prefix` tokens and `latents` follow."""

    dropped: int
    prefix: int
    latents: int

    @property
    def read(self) -> int:
        return self.prefix + self.latents


def first_window(config: PerceiverArConfig, length: int, latents: int) -> Window:
    """The window of a prompt of `length` tokens with `latents` latents.

    Raises ValueError for more latents than tokens, and for more latents or prefix than the model allows.
    """
    fewest, most = max(1, length - config.max_prefix), min(length, config.max_latents)
    if not fewest <= latents <= most:
        raise ValueError(
            f"{length} tokens, {latents} of them latents: "
            + (f"{fewest} to {most} can be" if fewest <= most else f"at most {config.max_seq_len} can be read")
        )
    return Window(0, length - latents, latents)


def next_window(config: PerceiverArConfig, window: Window, refill: Refill) -> Window:
    """The window after one more token: first the latents grow, then the prefix, then the left end is dropped."""
    if window.latents < config.max_latents:
        return Window(window.dropped, window.prefix, window.latents + 1)
    latents = config.max_latents if refill is Refill.EACH else (config.max_latents + 1) // 2
    prefix = window.read + 1 - latents
    lost = max(0, prefix - config.max_prefix)
    return Window(window.dropped + lost, prefix - lost, latents)


class IncrementalDecoder:
    """Generates a text, or a batch of texts of the same length, token by token.

    full_passes: how often the whole text was read, including the prompt.
    steps: how often a single position was enough.
    """

    def __init__(self, model: PerceiverAr, refill: Refill = Refill.HALF, *, cached: bool = True, matching: bool = True):
        """cached=False reads the whole text for each token: the same logits, for comparison.

        matching=False switches off matching heads.
        """
        self.model, self.refill, self.cached, self.matching = model, refill, cached, matching
        self.full_passes = self.steps = 0
        self.window = Window(0, 0, 0)
        self._memory: KeyValueCache | None = None
        self._ids = torch.empty(1, 0, dtype=torch.int64)
        self._padding: Tensor | None = None

    @property
    def ids(self) -> Tensor:
        """All tokens so far, prompt and continuation, int64 [B, n]."""
        return self._ids

    @property
    def nbytes(self) -> int:
        """Bytes of the key-value cache."""
        return self._memory.nbytes if self._memory else 0

    @torch.inference_mode()
    def start(self, ids: Tensor, latents: int, padding: Tensor | None = None) -> Tensor:
        """Reads a prompt, int64 [B, n], with `latents` latents. Returns logits of the next token, [B, vocabulary].

        padding: bool [B, n], True at the left of shorter prompts.

        Raises the ValueError of `first_window`.
        """
        self.window = first_window(self.model.config, ids.shape[1], latents)
        self._ids, self._padding = ids, padding
        return self._read_again()

    @torch.inference_mode()
    def write(self, ids: Tensor) -> Tensor:
        """Appends a token, int64 [B]. Returns logits of the token after it, [B, vocabulary]."""
        before, self.window = self.window, next_window(self.model.config, self.window, self.refill)
        self._ids = torch.cat([self._ids, ids[:, None]], dim=1)
        if self._padding is not None:
            self._padding = torch.cat([self._padding, self._padding.new_zeros(len(ids), 1)], dim=1)
        if self._memory is None or self.window.prefix != before.prefix or self.window.dropped != before.dropped:
            return self._read_again()
        self.steps += 1
        return self._predicted(ids[:, None], 0)

    def _read_again(self) -> Tensor:
        self.full_passes += 1
        config, window = self.model.config, self.window
        self._memory = None
        if self.cached and window.latents < config.max_latents:  # a full cache cannot be extended
            room = window.prefix + config.max_latents
            self._memory = KeyValueCache(len(self.model.layers), room, config.max_latents)
        seen = self._ids[:, window.dropped :]
        return self._predicted(seen, window.prefix)

    def _seen_padding(self) -> Tensor | None:
        return None if self._padding is None else self._padding[:, self.window.dropped :]

    def _predicted(self, ids: Tensor, prefix: int) -> Tensor:
        latents = self.model.latents(ids, prefix, self._seen_padding(), self._memory, matching=self.matching)
        return self.model.predict(latents[:, -1:])[:, 0]
