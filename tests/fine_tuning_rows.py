"""Labeled rows, and a request to fine-tune a classifier on them."""

from models.schema import FineTuneRequest

ROWS = tuple(
    (f"{word} {number}", label)
    for number in range(10)
    for word, label in (("up above", "high"), ("down below", "low"), ("in the middle", "between"))
)
LABELS = ("high", "low", "between")


def request(**changes: object) -> FineTuneRequest:
    """A short fine-tuning run that reaches the right labels."""
    return FineTuneRequest(**{"rows": ROWS, "epochs": 3, "batch_size": 6, "learning_rate": 3e-3, **changes})
