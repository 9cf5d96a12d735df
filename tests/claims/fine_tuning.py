"""Claims about datasets. They do not run a model: fine-tuning takes too long for a test of every example."""

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field

from models.backend.protocol import Backend
from models.data.csv_table import read_table
from models.data.examples import DatasetExample, dataset_examples
from models.data.labeled_rows import labeled_rows
from tests.claims.claim import Claim

EXAMPLES = dataset_examples("fine_tuning")


def rows(example: DatasetExample) -> tuple[tuple[str, str], ...]:
    """Text and label of each row. All rows of the file are usable."""
    labeled = labeled_rows(read_table(example.file), "text", "label")
    assert (labeled.problems, labeled.notices) == ((), ())
    return labeled.rows


class Rows(Claim):
    """Number of rows of each label."""

    kind: Literal["rows"]
    labels: dict[str, int]

    def check(self, backend: Backend, example: DatasetExample) -> None:
        assert Counter(label for _, label in rows(example)) == self.labels


class SingleByteAccuracy(Claim):
    """Bound of the accuracy of the best rule that knows only whether one byte value occurs in a text."""

    kind: Literal["single_byte_accuracy"]
    at_most: float

    def check(self, backend: Backend, example: DatasetExample) -> None:
        texts = [(text.encode(), label) for text, label in rows(example)]
        for byte in range(256):
            sides = (Counter(label for text, label in texts if (byte in text) is present) for present in (True, False))
            correct = sum(max(side.values(), default=0) for side in sides)
            assert correct <= self.at_most * len(texts)


class Unseen(Claim):
    """The text to try afterwards is not in the dataset."""

    kind: Literal["unseen"]

    def check(self, backend: Backend, example: DatasetExample) -> None:
        assert example.unseen not in [text for text, _ in rows(example)]


Kind = Annotated[Rows | SingleByteAccuracy | Unseen, Field(discriminator="kind")]
