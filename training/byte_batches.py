"""Windows of text as `PerceiverForMaskedLM` reads them: cut, masked and tokenized on the device, in batches."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverForMaskedLM, PerceiverTokenizer

from models.perceiver.engine import decode, encode
from training.data import sentence_starts
from training.masking import training_mask

TEXT_LENGTH = 512
MAX_QUERIES = 128
TOKENS = PerceiverTokenizer()
BYTE_OFFSET = TOKENS._num_special_tokens  # the tokenizer has no public name for it


@dataclass(frozen=True, slots=True)
class Batch:
    """ids, targets: int64 [B, 514].

    readable: bool [B, 514], False for padding.
    positions: int64 [B, Q], positions to predict.
    counts: bool [B, Q], False for a filler that was not masked.
    """

    ids: Tensor
    readable: Tensor
    positions: Tensor
    counts: Tensor
    targets: Tensor


class Batches:
    """Random windows of the training text, uint8 [n], in batches of `size`."""

    def __init__(self, text: np.ndarray, device: torch.device, size: int):
        self.text = torch.from_numpy(np.concatenate([text, np.full(TEXT_LENGTH, ord("\n"), np.uint8)])).to(device)
        self.starts = torch.from_numpy(sentence_starts(text)).to(device)
        self.size = size

    def draw(self, single_share: float) -> Batch:
        """One batch; single_share: share of the examples that mask single bytes (see `training_mask`)."""
        begins, lengths = self._windows()
        text = self.text[begins[:, None] + torch.arange(TEXT_LENGTH, device=begins.device)]
        return tokenized(text, lengths, training_mask(text, lengths, single_share))

    def _windows(self) -> tuple[Tensor, Tensor]:
        """Starts and lengths of windows: two of five have full length, the others are whole sentences."""
        device, size = self.text.device, self.size
        anywhere = torch.randint(len(self.text) - 2 * TEXT_LENGTH, (size,), device=device)
        sentence = torch.randint(len(self.starts) - 8, (size,), device=device)
        begins = self.starts[sentence]
        some = self.starts[sentence + torch.randint(1, 8, (size,), device=device)] - 1 - begins
        lengths = torch.where(torch.rand(size, device=device) < 0.5, some, TEXT_LENGTH).clamp(8, TEXT_LENGTH)
        full = torch.rand(size, device=device) < 0.4
        return torch.where(full, anywhere, begins), torch.where(full, TEXT_LENGTH, lengths)


def tokenized(text: Tensor, lengths: Tensor, mask: Tensor, *, all_hidden: bool = False) -> Batch:
    """[CLS] bytes [SEP], padded, with masked bytes as [MASK]. text: uint8 [B, 512]; lengths: [B]; mask: bool [B, 512].

    The positions to predict are a random MAX_QUERIES of the masked ones; with all_hidden, all of them in ascending
    order and without a random draw, as an evaluation needs it.
    """
    rows = torch.arange(len(text), device=text.device)
    clear = F.pad(text.long() + BYTE_OFFSET, (1, 1))
    clear[:, 0] = TOKENS.cls_token_id
    place = torch.arange(TEXT_LENGTH + 2, device=text.device)
    readable = place <= lengths[:, None] + 1
    clear = torch.where(readable, clear, TOKENS.pad_token_id)
    clear[rows, lengths + 1] = TOKENS.sep_token_id
    hidden = F.pad(mask, (1, 1))
    positions = _in_order(hidden) if all_hidden else _at_random(hidden)
    counts = hidden.gather(1, positions)
    return Batch(clear.masked_fill(hidden, TOKENS.mask_token_id), readable, positions, counts, clear)


def masked_byte_logits(model: PerceiverForMaskedLM, batch: Batch) -> Tensor:
    """[B, Q, vocabulary], only at the masked bytes."""
    return decode(model, encode(model, batch.ids, batch.readable), batch.positions)


def _at_random(hidden: Tensor) -> Tensor:
    """Always MAX_QUERIES, so that shapes never change; filled up with visible positions if needed."""
    order = torch.rand(hidden.shape, device=hidden.device) + hidden
    return order.topk(min(MAX_QUERIES, order.shape[1]), dim=1).indices


def _in_order(hidden: Tensor) -> Tensor:
    most = int(hidden.sum(dim=1).max())
    return hidden.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :most]
