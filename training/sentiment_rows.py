"""Labeled texts of three sources: read, split by a seed, and drawn as batches of windows."""

import json
import lzma
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.byte_batches import BYTE_OFFSET, TOKENS
from training.masking import training_mask

LONGEST = 254
"""Bytes that the model reads at once."""
SHORTEST_WINDOW = 60
SHARES = {"sentence_polarity": 0.5, "pros_cons": 0.3, "movie_reviews": 0.2}
"""Shares of the sources in a training batch. A window of a review has the label of the review."""
TEST, VALIDATION = 0.1, 0.05
"""Shares of each source: for the final scores, and for choosing the best weights."""


@dataclass(frozen=True, slots=True)
class Rows:
    """texts, and labels: int64 [n], 1 for positive, 0 for negative."""

    texts: tuple[bytes, ...]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class Splits:
    """The rows of one source. No text is in two splits."""

    train: Rows
    validation: Rows
    test: Rows


def read_rows(data: Path, seed: int = 0) -> dict[str, Splits]:
    """By source. data: a folder with train.jsonl or train.jsonl.xz; a line: {"text", "label", "source"}."""
    file = next((data / name for name in ("train.jsonl.xz", "train.jsonl") if (data / name).exists()), None)
    if file is None:
        raise SystemExit(f"{data} has neither train.jsonl nor train.jsonl.xz")
    raw = lzma.decompress(file.read_bytes()) if file.suffix == ".xz" else file.read_bytes()
    found: dict[str, list[dict]] = {source: [] for source in SHARES}
    for line in raw.decode().splitlines():
        row = json.loads(line)
        found[row["source"]].append(row)
    return {source: split_rows(rows, seed) for source, rows in found.items()}


def split_rows(rows: list[dict], seed: int) -> Splits:
    """Equal texts stay together, so that no training text is scored."""
    texts = sorted({row["text"] for row in rows})
    drawn = np.random.default_rng(seed).permutation(len(texts))
    rank = {texts[index]: number / len(texts) for number, index in enumerate(drawn)}

    def between(low: float, high: float) -> Rows:
        some = [row for row in rows if low <= rank[row["text"]] < high]
        return Rows(tuple(row["text"].encode() for row in some), np.array([row["label"] for row in some], np.int64))

    return Splits(
        train=between(TEST + VALIDATION, 1), validation=between(TEST, TEST + VALIDATION), test=between(0, TEST)
    )


@dataclass(frozen=True, slots=True)
class LabeledBatch:
    """ids: int64 [B, n + 2], masked bytes as [MASK]; readable: bool, False for padding; labels: int64 [B].

    clear: ids without [MASK]; masked: bool, which bytes are masked.
    """

    ids: Tensor
    readable: Tensor
    labels: Tensor
    clear: Tensor
    masked: Tensor


class LabeledBatches:
    """Random windows of the rows of all sources, in batches of `size`, drawn with torch's global seed."""

    def __init__(self, sources: Mapping[str, Rows], device: torch.device, size: int):
        self.device, self.size = device, size
        rows = [(text, label) for source in SHARES for text, label in _pairs(sources[source])]
        self.content = torch.frombuffer(
            bytearray(b"".join(text for text, _ in rows) + bytes(LONGEST)), dtype=torch.uint8
        )
        self.lengths = torch.tensor([len(text) for text, _ in rows])
        self.starts = self.lengths.cumsum(0) - self.lengths
        self.labels = torch.tensor([label for _, label in rows])
        self.chances = torch.cat(
            [torch.full((len(sources[source]),), share / len(sources[source])) for source, share in SHARES.items()]
        )

    def draw(self, masked: float = 0.5) -> LabeledBatch:
        """masked: share of the rows in which some bytes are masked (see `training_mask`)."""
        rows = self.chances.multinomial(self.size, replacement=True)
        begins, lengths = self._windows(rows)
        text = self.content[begins[:, None] + torch.arange(LONGEST)]
        text = _some_capitals(text, 0.25)
        mask = training_mask(text, lengths, 0.5) & (torch.rand(self.size, 1) < masked)
        return labeled_batch(text, lengths, self.labels[rows], mask, self.device)

    def _windows(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Start and length of a window: short texts whole, random parts of long ones, about as long as sentences."""
        whole = self.lengths[rows]
        some = SHORTEST_WINDOW + (torch.rand(len(rows)) * (LONGEST - SHORTEST_WINDOW)).long()
        lengths = torch.where(whole <= LONGEST, whole, some)
        return self.starts[rows] + (torch.rand(len(rows)) * (whole - lengths + 1)).long(), lengths


def _pairs(rows: Rows) -> Iterator[tuple[bytes, int]]:
    return zip(rows.texts, rows.labels.tolist(), strict=True)


def _some_capitals(text: Tensor, share: float) -> Tensor:
    """Capitalizes some texts: the data sets are mostly lower-case, but visitors start with a capital."""
    first = text[:, :1]
    small = (first >= ord("a")) & (first <= ord("z")) & (torch.rand(len(text), 1) < share)
    return torch.cat([torch.where(small, first - 32, first), text[:, 1:]], dim=1)


def labeled_batch(text: Tensor, lengths: Tensor, labels: Tensor, mask: Tensor, device: torch.device) -> LabeledBatch:
    """[CLS] bytes [SEP], padded to the longest. text: uint8 [B, LONGEST]; lengths, labels: [B]; mask: bool."""
    longest = int(lengths.max())
    rows = torch.arange(len(text))
    clear = torch.full((len(text), longest + 2), TOKENS.pad_token_id)
    clear[:, 1:-1] = text[:, :longest].long() + BYTE_OFFSET
    clear[:, 0] = TOKENS.cls_token_id
    readable = torch.arange(longest + 2) <= lengths[:, None] + 1
    clear = torch.where(readable, clear, TOKENS.pad_token_id)
    clear[rows, lengths + 1] = TOKENS.sep_token_id
    masked = torch.zeros_like(readable)
    masked[:, 1:-1] = mask[:, :longest]
    ids = clear.masked_fill(masked, TOKENS.mask_token_id)
    return LabeledBatch(*(each.to(device) for each in (ids, readable, labels, clear, masked)))
