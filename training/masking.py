"""Which bytes to mask: the fixed masks of the evaluation, and the random ones of training.

Training draws whole batches on the device (torch); the evaluation places its spans one window at a time (numpy), so
that its masks never depend on the training.
"""

import numpy as np
import torch
from torch import Tensor

EVALUATION_RATE = 0.15
SPAN_WIDTHS = (1, 1, 2, 3, 5, 7)


def evaluation_mask(length: int, rng: np.random.Generator) -> np.ndarray:
    """bool [length]: spans of SPAN_WIDTHS that do not touch; EVALUATION_RATE of the bytes, or slightly more."""
    mask = np.zeros(length + 2, dtype=bool)  # a guard at each end
    wanted = max(1, round(EVALUATION_RATE * length))
    while mask.sum() < wanted:
        width = int(rng.choice(SPAN_WIDTHS))
        start = int(rng.integers(1, max(2, length + 2 - width)))
        if not mask[start - 1 : start + width + 1].any():
            mask[start : start + width] = True
    return mask[1:-1]


def span_widths(mask: np.ndarray) -> np.ndarray:
    """bool [b, L] -> int64 [b, L]: width of the span of each masked byte; 0 for visible bytes."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    widths = np.nonzero(edges == -1)[1] - np.nonzero(edges == 1)[1]
    wide = np.zeros(mask.shape, dtype=np.int64)
    wide[mask] = np.repeat(widths, widths)
    return wide


def training_mask(text: Tensor, lengths: Tensor, single_share: float) -> Tensor:
    """bool [B, L]: each example masks 5% to 25% of its bytes, as single bytes, as spans, or as whole words.

    text: uint8 [B, L]; lengths: int64 [B].
    single_share: share of the examples that mask single bytes; a third of the others mask words with their leading
        space, the rest spans of SPAN_WIDTHS.
    """
    batch, length = text.shape
    rate = torch.rand(batch, 1, device=text.device) * 0.2 + 0.05
    kind = torch.rand(batch, 1, device=text.device)
    single = torch.rand(batch, length, device=text.device) < rate
    words = _words(text, rate)
    mask = torch.where(
        kind < single_share,
        single,
        torch.where(kind < single_share + (1 - single_share) / 3, words, _spans(batch, length, rate)),
    )
    inside = torch.arange(length, device=text.device) < lengths[:, None]
    mask &= inside
    # At least one byte is masked in each example.
    mask[torch.arange(batch, device=text.device), (torch.rand(batch, device=text.device) * lengths).long()] = True
    return mask


def _words(text: Tensor, rate: Tensor) -> Tensor:
    """Words with the space or newline before them, each masked or visible as a whole."""
    word = ((text == ord(" ")) | (text == ord("\n"))).cumsum(dim=1)
    word = word - word[:, :1]  # below L even if all bytes are spaces
    return (torch.rand(text.shape, device=text.device) < rate).gather(1, word)


def _spans(batch: int, length: int, rate: Tensor) -> Tensor:
    """Union of spans that start anywhere: `rate` of the bytes on average."""
    widths = torch.tensor(SPAN_WIDTHS, device=rate.device)
    mean_width = widths.float().mean()
    starts = torch.rand(batch, length, device=rate.device) < -torch.log1p(-rate) / mean_width
    reach = torch.where(starts, widths[torch.randint(len(SPAN_WIDTHS), (batch, length), device=rate.device)], 0)
    mask = torch.zeros(batch, length, dtype=torch.bool, device=rate.device)
    for offset in range(max(SPAN_WIDTHS)):
        mask[:, offset:] |= reach[:, : length - offset] > offset
    return mask
