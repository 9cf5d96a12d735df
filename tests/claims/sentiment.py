"""Claims about the sentiment of a text."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from models.backend.protocol import Backend
from models.data.examples import TextExample, text_examples
from models.schema import EachLatent, Effects, Occlusion, Probe, SentimentRequest, SentimentResult
from pages.sentiment.screen import SentimentScreen
from tests.claims.claim import Claim

EXAMPLES = text_examples("sentiment")


def run(backend: Backend, text: str, occlude: bool = False) -> SentimentResult:
    screen = SentimentScreen(backend)
    return screen.run(screen.initial.changed(text=text), occlude).result


class Label(Claim):
    """The best label, and bounds of its probability.

    replace: text whose first occurrence is replaced before classifying, and its replacement.
    """

    kind: Literal["label"]
    label: str
    at_least: float
    at_most: float = 1
    replace: tuple[str, str] = ("", "")

    def check(self, backend: Backend, example: TextExample) -> None:
        best = run(backend, example.text.replace(*self.replace, 1)).labels[0]
        assert best.name == self.label
        assert self.at_least <= best.probability <= self.at_most


class Words(Claim):
    """Leave-one-out importance and attention of words, which are written with their punctuation.

    supporting: words of the largest drops, largest first. opposing: of the smallest, smallest first.
    margin: how much more the supporting words lower the probability than the next one.
    largest_drop: bound of all drops. most_attended, least_attended: by their share of attention.
    """

    kind: Literal["words"]
    supporting: tuple[str, ...] = ()
    opposing: tuple[str, ...] = ()
    margin: float = 0
    largest_drop: float = 1
    most_attended: str = ""
    least_attended: str = ""

    def check(self, backend: Backend, example: TextExample) -> None:
        occlusion = run(backend, example.text, occlude=True).occlusion
        assert occlusion is not None
        self._check_drops(example, occlusion)
        shares = occlusion.attention
        assert shares is not None
        words = _words(example, occlusion)
        assert self.most_attended in ("", words[shares.argmax()])
        assert self.least_attended in ("", words[shares.argmin()])

    def _check_drops(self, example: TextExample, occlusion: Occlusion) -> None:
        words, order = _words(example, occlusion), np.argsort(-occlusion.drops)
        ranked, drops = [words[index] for index in order], occlusion.drops[order]
        count = len(self.supporting)
        assert tuple(ranked[:count]) == self.supporting
        assert tuple(ranked[::-1][: len(self.opposing)]) == self.opposing
        assert drops[0] <= self.largest_drop
        if count:
            assert drops[count - 1] - drops[count] >= self.margin


class Windows(Claim):
    """The best label of each window, in reading order."""

    kind: Literal["windows"]
    labels: tuple[str, ...]

    def check(self, backend: Backend, example: TextExample) -> None:
        result = run(backend, example.text)
        names = {label.index: label.name for label in result.labels}
        assert tuple(names[int(window.probabilities.argmax())] for window in result.windows) == self.labels


def _words(example: TextExample, occlusion: Occlusion) -> list[str]:
    content = example.text.encode()
    return [content[start:stop].decode() for start, stop in occlusion.words]


class WordRankCorrelation(Claim):
    """Bounds of the rank correlation of the attention and the importance of the words."""

    kind: Literal["word_rank_correlation"]
    at_least: float
    at_most: float

    def check(self, backend: Backend, example: TextExample) -> None:
        occlusion = run(backend, example.text, occlude=True).occlusion
        assert occlusion is not None
        assert self.at_least <= occlusion.rank_correlation <= self.at_most


class LatentOff(Claim):
    """Bounds of the probability of the label without a latent. rank: by decoder attention, counting from 0."""

    kind: Literal["latent_off"]
    rank: int
    at_least: float = 0
    at_most: float = 1

    def check(self, backend: Backend, example: TextExample) -> None:
        assert self.at_least <= effects_of(backend, example).without[self.rank, 0] <= self.at_most


class LatentRankCorrelation(Claim):
    """Bound of the rank correlation of the attention to the latents and the effect of switching them off."""

    kind: Literal["latent_rank_correlation"]
    at_least: float

    def check(self, backend: Backend, example: TextExample) -> None:
        assert effects_of(backend, example).rank_correlation[0] >= self.at_least


def effects_of(backend: Backend, example: TextExample) -> Effects:
    request = SentimentRequest(example.text, Probe(stages=True, without=(EachLatent(),)))
    attention = backend.run(request).attention
    assert attention is not None
    assert attention.stages is not None
    assert attention.stages.effects is not None
    return attention.stages.effects[EachLatent()]


Kind = Annotated[
    Label | Words | Windows | WordRankCorrelation | LatentOff | LatentRankCorrelation, Field(discriminator="kind")
]
