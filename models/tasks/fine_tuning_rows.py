"""Checks labeled rows, tokenizes them, and splits them into training and held-out rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from models.data.byte_text import ByteText, utf8
from models.data.csv_table import MAX_ROWS
from models.data.labeled_rows import MAX_LABELS, MIN_LABELS
from models.perceiver.fine_tuning import Rows
from models.schema import FineTuneRequest, InputError
from models.schema.fine_tuning import BATCH_SIZE, EPOCHS, LEARNING_RATE, MAX_STEPS
from models.tasks.byte_tokens import AROUND, token_ids

LABELS = MIN_LABELS, MAX_LABELS
HELD_OUT = 0.2


@dataclass(frozen=True, slots=True)
class SplitRows:
    """labels: names, by index.

    held_out_texts: texts of the held-out rows, in the order of `held_out`.
    shortened: number of rows that are longer than the model reads.
    """

    labels: tuple[str, ...]
    training: Rows
    held_out: Rows
    held_out_texts: tuple[str, ...]
    shortened: int


def check(request: FineTuneRequest) -> None:
    """Raises InputError for what is wrong regardless of the content of the rows."""
    if len(request.rows) > MAX_ROWS:
        raise InputError(f"There are {len(request.rows):,} rows. The limit is {MAX_ROWS:,}. Remove some rows.")
    for name, value, (least, most) in (
        ("number of epochs", request.epochs, EPOCHS),
        ("batch size", request.batch_size, BATCH_SIZE),
        ("learning rate", request.learning_rate, LEARNING_RATE),
        ("seed", request.seed, (0, 2**63 - 1)),
    ):
        if not least <= value <= most:  # also rejects NaN
            raise InputError(f"The {name} must be {least:,} to {most:,}, not {value}.")


def split(request: FineTuneRequest, longest: int) -> SplitRows:
    """Holds out a fifth of each label, drawn by the seed.

    longest: bytes of a row that the model reads.

    Raises InputError with the numbers of the rows, counted from 1, for rows that cannot be used.
    """
    contents = [_content(number, text, label) for number, (text, label) in enumerate(request.rows, start=1)]
    labels = _labels(request.rows)
    indices = [labels.index(label) for _, label in request.rows]
    heads = [ByteText(content, (False,) * len(content)).head(longest) for content in contents]
    held = _held_out(indices, len(labels), request.seed)
    learned = [row for row in range(len(heads)) if row not in held]

    def rows(chosen: Sequence[int]) -> Rows:
        return Rows([token_ids(heads[row])[0] for row in chosen], [indices[row] for row in chosen])

    return SplitRows(
        labels=labels,
        training=rows(learned),
        held_out=rows(sorted(held)),
        held_out_texts=tuple(request.rows[row][0] for row in sorted(held)),
        shortened=sum(len(head.content) < len(content) for head, content in zip(heads, contents, strict=True)),
    )


def longest_text(positions: int) -> int:
    """Bytes of text that a model with this number of positions reads at once."""
    return positions - 2 * AROUND


def check_steps(steps: int, request: FineTuneRequest) -> None:
    if steps > MAX_STEPS:
        raise InputError(
            f"{request.epochs} epochs with a batch size of {request.batch_size} are {steps:,} steps. The limit is "
            f"{MAX_STEPS:,}. Use fewer epochs, larger batches or fewer rows."
        )


def _content(number: int, text: str, label: str) -> bytes:
    if not text.strip():
        raise InputError(f"Row {number} has no text.")
    if not label.strip():
        raise InputError(f"Row {number} has no label.")
    try:
        return utf8(text)
    except InputError as error:
        raise InputError(f"Row {number}: {error}") from None


def _labels(rows: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """In order of appearance."""
    labels = tuple(dict.fromkeys(label for _, label in rows))
    least, most = LABELS
    if not least <= len(labels) <= most:
        only = f" ({labels[0]!r})" if len(labels) == 1 else ""
        raise InputError(f"The rows have {len(labels)} different labels{only}. Use {least} to {most}.")
    for label in labels:
        numbers = [number for number, (_, other) in enumerate(rows, start=1) if other == label]
        if len(numbers) == 1:
            raise InputError(
                f"Row {numbers[0]} is the only one with the label {label!r}. Each label needs at least two rows, one "
                "for training and one to hold out."
            )
    return labels


def _held_out(indices: Sequence[int], labels: int, seed: int) -> set[int]:
    """A fifth of each label, at least one row."""
    draws = torch.Generator().manual_seed(seed)
    held: set[int] = set()
    for label in range(labels):
        rows = [row for row, index in enumerate(indices) if index == label]
        order = torch.randperm(len(rows), generator=draws).tolist()
        held |= {rows[place] for place in order[: max(1, round(HELD_OUT * len(rows)))]}
    return held
