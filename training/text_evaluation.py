"""Bits per byte of a text: every byte is predicted once, with as much context as the model can read.

Each window after the first scores `stride` bytes, those of its last latents, so that at most `stride` - 1 bytes of the
context are missing. With half of the latents as stride, the app generates the same way (`Refill.HALF`).
"""

import bz2
import gzip
import lzma
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.perceiver.ar import PerceiverAr
from models.tasks.byte_tokens import FIRST_BYTE
from training.byte_ngram import Ngram
from training.progress import reported
from training.text_batches import START

WINDOWS_AT_ONCE = 8
POSITIONS_AT_ONCE = 2**16


@dataclass(frozen=True, slots=True)
class Span:
    """Positions in START and the text: tokens from `begin`, latents from `first`, scores from `scored`, up to `end`.

    The latent at a position predicts the byte with this index in the text, which is the next token.
    """

    begin: int
    first: int
    scored: int
    end: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.first - self.begin, self.end - self.first, self.end - self.scored


def spans(length: int, context: int, latents: int, stride: int) -> Iterator[Span]:
    """Scores every byte of a text of `length` in one span; spans after the first score `stride` of `latents`.

    A span has at most `context` tokens. Raises ValueError unless 0 < stride <= latents <= context.
    """
    if not 0 < stride <= latents <= context:
        raise ValueError(f"a stride of {stride} with {latents} latents in a context of {context}")
    end = min(length, latents)
    if end:
        yield Span(0, 0, 0, end)
    while end < length:
        scored, end = end, min(length, end + stride)
        yield Span(max(0, end - context), end - latents, scored, end)


def evaluate(
    model: PerceiverAr,
    text: np.ndarray,
    *,
    stride: int | None = None,
    context: int | None = None,
    every: int = 1,
    matching: bool = True,
) -> dict[str, float]:
    """Bits per byte of a text, uint8 [n], n > 0; the first byte is predicted from START.

    stride: bytes that a window scores, by default half of the latents. context: maximum number of tokens, by default
    the model's. every: score one of `every` windows. matching: as in `PerceiverAr.latents`. The model is in evaluation
    mode. Arithmetic: float32 on a CPU.
    """
    config = model.config
    context = min(context or config.max_seq_len, config.max_seq_len)
    latents = min(config.max_latents, context)
    stride = stride or (latents + 1) // 2
    if not len(text):
        raise SystemExit("There is nothing to evaluate: the text is empty.")
    wanted = list(spans(len(text), context, latents, stride))[::every]
    bits = np.concatenate(list(_bits(model, text, wanted, matching)))
    return {
        "bits_per_byte": float(bits.mean()),
        "bytes": len(bits),
        "context": context,
        "least_context": context - stride + 1,
    }


def by_prefix(
    model: PerceiverAr, text: np.ndarray, every: int = 1, *, matching: bool = True
) -> dict[int, dict[str, float]]:
    """`evaluate` by number of prefix tokens: none, a third of the longest prefix, and the longest.

    All three score the same bytes from the same latents.
    """
    longest, latents = model.config.max_prefix, model.config.max_latents
    prefixes = sorted({0, longest // 3, longest})
    return {
        prefix: evaluate(model, text, context=latents + prefix, every=every, matching=matching) for prefix in prefixes
    }


def baselines(training_text: np.ndarray, text: np.ndarray) -> dict[str, float]:
    """Bits per byte of a text, uint8 [n]: compressed by three programs, and with a 5-gram of the training text."""
    raw, ngram = text.tobytes(), Ngram(training_text)
    packed = {
        "gzip -9": gzip.compress(raw, 9, mtime=0),
        "bzip2 -9": bz2.compress(raw, 9),
        "xz -9e": lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME),
    }
    starts = range(0, len(text), POSITIONS_AT_ONCE)
    nats = 0.0
    for start in reported(starts, len(starts), f"baselines, {POSITIONS_AT_ONCE} bytes at once"):
        places = np.arange(start, min(len(text), start + POSITIONS_AT_ONCE))
        nats -= np.log(ngram.probabilities(text, places)[np.arange(len(places)), text[places]]).sum()
    return {name: 8 * len(file) / len(text) for name, file in packed.items()} | {
        "5-gram": float(nats) / len(text) / math.log(2)
    }


@torch.inference_mode()
def _bits(model: PerceiverAr, text: np.ndarray, wanted: list[Span], matching: bool) -> Iterator[np.ndarray]:
    """Bits of the scored bytes, float64, grouped by the shape of their span."""
    device = next(model.parameters()).device
    tokens = torch.from_numpy(np.concatenate([[START], text.astype(np.int64) + FIRST_BYTE])).to(device)
    parts = [part for shape, group in groupby(wanted, lambda span: span.shape) for part in _parts(shape, list(group))]
    for shape, part in reported(parts, len(parts), f"evaluate, {WINDOWS_AT_ONCE} windows at once"):
        yield _bits_of(model, tokens, shape, part, matching)


def _parts(shape: tuple[int, int, int], group: list[Span]) -> Iterator[tuple[tuple[int, int, int], list[Span]]]:
    return ((shape, group[i : i + WINDOWS_AT_ONCE]) for i in range(0, len(group), WINDOWS_AT_ONCE))


def _bits_of(
    model: PerceiverAr, tokens: Tensor, shape: tuple[int, int, int], part: list[Span], matching: bool
) -> np.ndarray:
    prefix, _, count = shape
    ids = torch.stack([tokens[span.begin : span.end] for span in part])
    targets = torch.stack([tokens[span.scored + 1 : span.end + 1] for span in part])
    logits = model.predict(model.latents(ids, prefix, matching=matching)[:, -count:]).float()
    nats = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return nats.double().flatten().cpu().numpy() / math.log(2)
