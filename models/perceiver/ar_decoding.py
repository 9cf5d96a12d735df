"""Writing on with a Perceiver AR: which tokens are prefix and which latents, and what is kept from step to step.

Each new token is one more latent, until there are as many as the model has. So far, keys and values that were kept
give exactly what reading everything again would give. From then on a latent has to become prefix: it is read through
another norm, and its own layers are no longer there to be read, so that all later latents change. No cache survives
that, and none is pretended here: everything is read again, under one of two rules (`Refill`) with a known price.
"""

from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_cache import KeyValueCache
from models.perceiver.ar_config import PerceiverArConfig


class Refill(Enum):
    """What happens when the latents are full.

    EACH: all but one latent stay, as perceiver-io does it: everything is read again for every further token.
    HALF: half of the latents become prefix, and the other half fills up again: one reading for so many tokens.
    """

    EACH = "each"
    HALF = "half"


@dataclass(frozen=True, slots=True)
class Window:
    """The first `dropped` tokens of the text are out of sight; then come `prefix` tokens, and `latents` to its end."""

    dropped: int
    prefix: int
    latents: int

    @property
    def read(self) -> int:
        return self.prefix + self.latents


def first_window(config: PerceiverArConfig, length: int, latents: int) -> Window:
    """A prompt of `length` tokens, of which the last `latents` are latents.

    Raises ValueError where the prompt has not so many, or where latents or prefix are more than the model takes.
    """
    fewest, most = max(1, length - config.max_prefix), min(length, config.max_latents)
    if not fewest <= latents <= most:
        raise ValueError(
            f"{length} tokens, {latents} of them latents: "
            + (f"{fewest} to {most} can be" if fewest <= most else f"at most {config.max_seq_len} can be read")
        )
    return Window(0, length - latents, latents)


def next_window(config: PerceiverArConfig, window: Window, refill: Refill) -> Window:
    """Where the border lies when one more token has come: latents grow, then the prefix, then the left end is lost."""
    if window.latents < config.max_latents:
        return Window(window.dropped, window.prefix, window.latents + 1)
    latents = config.max_latents if refill is Refill.EACH else (config.max_latents + 1) // 2
    prefix = window.read + 1 - latents
    lost = max(0, prefix - config.max_prefix)
    return Window(window.dropped + lost, prefix - lost, latents)


class IncrementalDecoder:
    """A text, or a batch of them of the same length, that grows token by token.

    readings: how often everything was read anew, the prompt included; steps: how often one position was enough.
    """

    def __init__(self, model: PerceiverAr, refill: Refill = Refill.HALF, *, cached: bool = True):
        """cached=False reads everything again for each token: the same logits, to compare with."""
        self.model, self.refill, self.cached = model, refill, cached
        self.full_passes = self.steps = 0
        self.window = Window(0, 0, 0)
        self._memory: KeyValueCache | None = None
        self._ids = torch.empty(1, 0, dtype=torch.int64)
        self._padding: Tensor | None = None

    @property
    def ids(self) -> Tensor:
        """All tokens so far, prompt and what followed, int64 [B, n]."""
        return self._ids

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values that are kept."""
        return self._memory.nbytes if self._memory else 0

    @torch.inference_mode()
    def start(self, ids: Tensor, latents: int, padding: Tensor | None = None) -> Tensor:
        """Reads a prompt, int64 [B, n], its last `latents` as latents; gives logits of the next token, [B, vocabulary].

        padding: bool [B, n], True on the left where a shorter prompt has no token. Raises ValueError as `first_window`.
        """
        self.window = first_window(self.model.config, ids.shape[1], latents)
        self._ids, self._padding = ids, padding
        return self._read_again()

    @torch.inference_mode()
    def write(self, ids: Tensor) -> Tensor:
        """Takes in the token that follows, int64 [B]; gives logits of the one after it, [B, vocabulary]."""
        before, self.window = self.window, next_window(self.model.config, self.window, self.refill)
        self._ids = torch.cat([self._ids, ids[:, None]], dim=1)
        if self._padding is not None:
            self._padding = torch.cat([self._padding, self._padding.new_zeros(len(ids), 1)], dim=1)
        if self._memory is None or self.window.prefix != before.prefix or self.window.dropped != before.dropped:
            return self._read_again()
        self.steps += 1
        return self._predicted(self.model.latents(ids[:, None], 0, self._seen_padding(), self._memory))

    def _read_again(self) -> Tensor:
        self.full_passes += 1
        config, window = self.model.config, self.window
        self._memory = None
        if self.cached and window.latents < config.max_latents:  # full ones would not be added to
            room = window.prefix + config.max_latents
            self._memory = KeyValueCache(len(self.model.layers), room, config.max_latents)
        seen = self._ids[:, window.dropped :]
        return self._predicted(self.model.latents(seen, window.prefix, self._seen_padding(), self._memory))

    def _seen_padding(self) -> Tensor | None:
        return None if self._padding is None else self._padding[:, self.window.dropped :]

    def _predicted(self, latents: Tensor) -> Tensor:
        return self.model.predict(latents[:, -1:])[:, 0]
