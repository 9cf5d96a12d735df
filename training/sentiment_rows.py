"""Labeled texts of three sources: read, parted by a seed, and drawn as batches of windows."""

import json
import lzma
from collections.abc import Mapping
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
"""Of the rows of a training batch. A window of a review has the review's label, right or wrong."""
HELD_OUT, WATCHED = 0.1, 0.05
"""Shares of each source: scored in the end, and looked at while training, to keep the best weights."""


@dataclass(frozen=True, slots=True)
class Rows:
    """texts, and labels: int64 [n], 1 for praise, 0 for blame."""

    texts: tuple[bytes, ...]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class Parted:
    """The rows of one source: to train on, to watch, and held out. No text is in two of them."""

    training: Rows
    watched: Rows
    held_out: Rows


def read_rows(data: Path, seed: int = 0) -> dict[str, Parted]:
    """By source. data: a folder with train.jsonl or train.jsonl.xz; a line: {"text", "label", "source"}."""
    file = next((data / name for name in ("train.jsonl.xz", "train.jsonl") if (data / name).exists()), None)
    if file is None:
        raise SystemExit(f"{data} has neither train.jsonl nor train.jsonl.xz")
    raw = lzma.decompress(file.read_bytes()) if file.suffix == ".xz" else file.read_bytes()
    found: dict[str, list[dict]] = {source: [] for source in SHARES}
    for line in raw.decode().splitlines():
        row = json.loads(line)
        found[row["source"]].append(row)
    return {source: part(rows, seed) for source, rows in found.items()}


def part(rows: list[dict], seed: int) -> Parted:
    """Equal texts stay together: a text that was learned is never one that is scored."""
    texts = sorted({row["text"] for row in rows})
    drawn = np.random.default_rng(seed).permutation(len(texts))
    place = {texts[index]: rank / len(texts) for rank, index in enumerate(drawn)}
    sides = {
        "held_out": (0.0, HELD_OUT),
        "watched": (HELD_OUT, HELD_OUT + WATCHED),
        "training": (HELD_OUT + WATCHED, 1),
    }
    return Parted(
        **{
            side: _rows([row for row in rows if low <= place[row["text"]] < high])
            for side, (low, high) in sides.items()
        }
    )


def _rows(rows: list[dict]) -> Rows:
    return Rows(tuple(row["text"].encode() for row in rows), np.array([row["label"] for row in rows], dtype=np.int64))


@dataclass(frozen=True, slots=True)
class LabeledBatch:
    """ids: int64 [B, n + 2], hidden bytes as [MASK]; readable: bool, False for padding; labels: int64 [B].

    clear: the same without [MASK]; hidden: bool, which bytes were hidden.
    """

    ids: Tensor
    readable: Tensor
    labels: Tensor
    clear: Tensor
    hidden: Tensor


class LabeledBatches:
    """Random windows of the rows of all sources, in batches of `size`, drawn with torch's global seed."""

    def __init__(self, sources: Mapping[str, Rows], device: torch.device, size: int):
        self.device, self.size = device, size
        rows = [(text, label) for source in SHARES for text, label in zip(*_columns(sources[source]), strict=True)]
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
        """masked: share of the rows of which some bytes are hidden (see `training_mask`)."""
        rows = self.chances.multinomial(self.size, replacement=True)
        begins, lengths = self._windows(rows)
        text = self.content[begins[:, None] + torch.arange(LONGEST)]
        text = _some_capitals(text, 0.25)
        hidden = training_mask(text, lengths, 0.5) & (torch.rand(self.size, 1) < masked)
        return labeled_batch(text, lengths, self.labels[rows], hidden, self.device)

    def _windows(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Short texts whole; of long ones a random part, as long as sentences are."""
        whole = self.lengths[rows]
        some = SHORTEST_WINDOW + (torch.rand(len(rows)) * (LONGEST - SHORTEST_WINDOW)).long()
        lengths = torch.where(whole <= LONGEST, whole, some)
        return self.starts[rows] + (torch.rand(len(rows)) * (whole - lengths + 1)).long(), lengths


def _columns(rows: Rows) -> tuple[tuple[bytes, ...], list[int]]:
    return rows.texts, rows.labels.tolist()


def _some_capitals(text: Tensor, share: float) -> Tensor:
    """Most of the texts were lower-cased by those who collected them; visitors begin with a capital."""
    first = text[:, :1]
    small = (first >= ord("a")) & (first <= ord("z")) & (torch.rand(len(text), 1) < share)
    return torch.cat([torch.where(small, first - 32, first), text[:, 1:]], dim=1)


def labeled_batch(text: Tensor, lengths: Tensor, labels: Tensor, hidden: Tensor, device: torch.device) -> LabeledBatch:
    """[CLS] bytes [SEP], padded to the longest. text: uint8 [B, LONGEST]; lengths, labels: [B]; hidden: bool."""
    longest = int(lengths.max())
    rows = torch.arange(len(text))
    clear = torch.full((len(text), longest + 2), TOKENS.pad_token_id)
    clear[:, 1:-1] = text[:, :longest].long() + BYTE_OFFSET
    clear[:, 0] = TOKENS.cls_token_id
    readable = torch.arange(longest + 2) <= lengths[:, None] + 1
    clear = torch.where(readable, clear, TOKENS.pad_token_id)
    clear[rows, lengths + 1] = TOKENS.sep_token_id
    masked = torch.zeros_like(readable)
    masked[:, 1:-1] = hidden[:, :longest]
    ids = clear.masked_fill(masked, TOKENS.mask_token_id)
    return LabeledBatch(*(each.to(device) for each in (ids, readable, labels, clear, masked)))
