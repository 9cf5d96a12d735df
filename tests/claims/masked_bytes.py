"""Claims about filled masks."""

import re
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from models.backend.protocol import Backend
from models.data.examples import TextExample, text_examples
from models.schema import Decoding, MaskedBytesResult, Method
from pages.masked_bytes.screen import MaskedBytesScreen
from tests.claims.claim import Claim

EXAMPLES = text_examples("masked_bytes")


def run(backend: Backend, example: TextExample, **changes: object) -> MaskedBytesResult:
    screen = MaskedBytesScreen(backend)
    inputs = {"text": example.text, "mask": example.spans}
    return screen.run(screen.initial.changed(**inputs | changes)).result


class Restored(Claim):
    """The filled text is the original. at_least: lowest probability of a filled byte."""

    kind: Literal["restored"]
    at_least: float

    def check(self, backend: Backend, example: TextExample) -> None:
        result = run(backend, example)
        assert result.filled == example.text
        assert result.probabilities[:, 0].min() >= self.at_least


class Filled(Claim):
    """patterns: of each filled span. at_least: lowest probability of a filled byte.

    replace: text whose first occurrence is replaced before filling, and its replacement, of the same length.
    """

    kind: Literal["filled"]
    patterns: tuple[str, ...]
    at_least: float = 0
    decoding: Decoding = "iterative"
    replace: tuple[str, str] = ("", "")

    def check(self, backend: Backend, example: TextExample) -> None:
        text = example.text.replace(*self.replace, 1)
        assert len(text.encode()) == len(example.text.encode())
        result = run(backend, example, text=text, decoding=self.decoding)
        for pattern, (start, stop) in zip(self.patterns, example.spans, strict=True):
            filled = result.filled_bytes[start:stop].decode()
            assert re.fullmatch(pattern, filled), filled
        assert result.probabilities[:, 0].min() >= self.at_least


class Probability(Claim):
    """Bounds of the probability of the best candidate for a masked byte, counting from 0."""

    kind: Literal["probability"]
    masked_byte: int
    at_least: float = 0
    at_most: float = 1

    def check(self, backend: Backend, example: TextExample) -> None:
        best = run(backend, example).probabilities[self.masked_byte, 0]
        assert self.at_least <= best <= self.at_most


class AttentionDistance(Claim):
    """Bounds of the largest distance in bytes to the `top` most attended bytes, from the byte that is traced first."""

    kind: Literal["attention_distance"]
    method: Method
    top: int
    at_least: int = 0
    at_most: int = 512

    def check(self, backend: Backend, example: TextExample) -> None:
        result = run(backend, example, method=self.method)
        assert result.attention is not None
        assert result.traced is not None
        shares = result.attention.values[1:-1]  # without [CLS] and [SEP]
        farthest = np.abs(np.argsort(-shares)[: self.top] - result.traced).max()
        assert self.at_least <= farthest <= self.at_most


class Heads(Claim):
    """Least number of heads of both cross-attentions; rollout is the same, whichever head is asked for."""

    kind: Literal["heads"]
    at_least: int

    def check(self, backend: Backend, example: TextExample) -> None:
        assert backend.describe().shape("masked_bytes", "embedded").cross_heads >= self.at_least
        first, second = (run(backend, example, method="rollout", head=head).attention for head in (None, 0))
        assert first
        assert second
        assert np.array_equal(first.values, second.values)


class LargestShare(Claim):
    """Bounds of the largest share of attention of a byte. start_token: share of [CLS], to 0.0005."""

    kind: Literal["largest_share"]
    method: Method
    at_least: float = 0
    at_most: float = 1
    start_token: float | None = None

    def check(self, backend: Backend, example: TextExample) -> None:
        attention = run(backend, example, method=self.method).attention
        assert attention is not None
        assert self.at_least <= attention.values[1:-1].max() <= self.at_most
        if self.start_token is not None:
            assert attention.values[0] == attention.values.max()
            assert abs(attention.values[0] - self.start_token) < 0.0005


class AttentionOn(Claim):
    """Bound of the mean attention on the first occurrence of a text, relative to uniform."""

    kind: Literal["attention_on"]
    method: Method
    text: str
    at_most: float

    def check(self, backend: Backend, example: TextExample) -> None:
        attention = run(backend, example, method=self.method).attention
        assert attention is not None
        start = 1 + example.text.encode().index(self.text.encode())  # after [CLS]
        assert attention.values[start : start + len(self.text.encode())].mean() <= self.at_most * attention.uniform


class Rounds(Claim):
    """How many times the model ran to fill all bytes."""

    kind: Literal["rounds"]
    count: int

    def check(self, backend: Backend, example: TextExample) -> None:
        assert run(backend, example).order.max() + 1 == self.count


class FirstFilled(Claim):
    """The masked byte that was filled first, counting from 0."""

    kind: Literal["first_filled"]
    masked_byte: int

    def check(self, backend: Backend, example: TextExample) -> None:
        assert run(backend, example).order.argmin() == self.masked_byte


Kind = Annotated[
    Restored | Filled | Heads | Probability | AttentionDistance | LargestShare | AttentionOn | Rounds | FirstFilled,
    Field(discriminator="kind"),
]
