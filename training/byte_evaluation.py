"""Scores for masked bytes: of the model, and of counting baselines on the same masks.

The masks use a seed of numpy. Nothing here draws from the random numbers of torch, so that neither scores nor training
depend on when an evaluation takes place.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F
from transformers import PerceiverForMaskedLM

from training.byte_batches import TEXT_LENGTH, masked_byte_logits, tokenized
from training.byte_ngram import TwoSidedNgram
from training.masking import evaluation_mask, span_widths
from training.progress import reported

EVALUATION_SEED = 20
WINDOWS_AT_ONCE = 32


def evaluation_windows(
    text: np.ndarray, windows: int | None = None, size: int = WINDOWS_AT_ONCE
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields (bytes uint8 [b, 512], mask bool [b, 512]); an incomplete last window is left out.

    windows: number of windows; None for all. The masks do not depend on `size`.
    """
    rng = np.random.default_rng(EVALUATION_SEED)
    whole = text[: len(text) // TEXT_LENGTH * TEXT_LENGTH].reshape(-1, TEXT_LENGTH)[:windows]
    if not len(whole):
        raise SystemExit(f"An evaluation needs at least {TEXT_LENGTH} bytes of text, not {len(text)}.")
    for start in range(0, len(whole), size):
        chunk = whole[start : start + size]
        yield chunk, np.stack([evaluation_mask(TEXT_LENGTH, rng) for _ in chunk])


@torch.inference_mode()
def evaluate(model: PerceiverForMaskedLM, text: np.ndarray, windows: int | None = None) -> dict:
    """Scores over consecutive windows of 512 bytes, masks drawn with a fixed seed; see `_scores`.

    text: uint8 [n], n >= 512. The arithmetic is float32 on the CPU, bfloat16 on CUDA.
    """
    device = next(model.parameters()).device
    guesses = []
    for chunk, mask in _reported_windows(text, windows, "evaluate"):
        # A copy, since torch warns about read-only arrays.
        shown, hidden = torch.from_numpy(chunk.copy()).to(device), torch.from_numpy(mask).to(device)
        lengths = torch.full((len(chunk),), TEXT_LENGTH, device=device)
        batch = tokenized(shown, lengths, hidden, all_hidden=True)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = masked_byte_logits(model, batch)
        targets = batch.targets.gather(1, batch.positions)[batch.counts]
        logits = logits[batch.counts].float()
        nats = F.cross_entropy(logits, targets, reduction="none")
        right = logits.argmax(dim=-1) == targets
        guesses.append((right.cpu().numpy(), nats.double().cpu().numpy(), span_widths(mask)[mask]))
    return _scores(guesses)


def baselines(training_text: np.ndarray, text: np.ndarray, windows: int | None = None) -> dict[str, dict]:
    """Scores of the most frequent byte and of a two-sided 5-gram, on the masks of `evaluate`."""
    ngram = TwoSidedNgram(training_text)
    frequent, counted = [], []
    for chunk, mask in _reported_windows(text, windows, "baselines"):
        targets, widths = chunk[mask], span_widths(mask)[mask]
        frequent.append((targets == ngram.unigram.argmax(), -np.log(ngram.unigram)[targets], widths))
        found = [
            ngram.log_probabilities(content, hidden, np.flatnonzero(hidden))
            for content, hidden in zip(chunk, mask, strict=True)
        ]
        chances = np.concatenate(found)
        counted.append((chances.argmax(axis=1) == targets, -chances[np.arange(len(targets)), targets], widths))
    return {"most_frequent": _scores(frequent), "two_sided_5gram": _scores(counted)}


def _reported_windows(text: np.ndarray, windows: int | None, what: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    count = min(len(text) // TEXT_LENGTH, windows or len(text))
    total = -(-count // WINDOWS_AT_ONCE)
    return reported(evaluation_windows(text, windows), total, f"{what}, batches of {WINDOWS_AT_ONCE} windows")


def _scores(guesses: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> dict:
    """guesses: (correct bool, nats, span width) of the masked bytes, in parts.

    Returns top-1 accuracy, 0 to 1, over all and by span width; nats per masked byte; number of masked bytes.
    """
    right, nats, widths = (np.concatenate(parts) for parts in zip(*guesses, strict=True))
    return {
        "accuracy": float(right.mean()),
        "nats_per_byte": float(nats.mean()),
        "masked_bytes": len(right),
        "accuracy_by_width": {str(width): float(right[widths == width].mean()) for width in np.unique(widths)},
    }
