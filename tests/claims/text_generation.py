"""Claims about generated text."""

import re
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from models.backend.protocol import Backend
from models.data.examples import TextExample, text_examples
from models.schema import Method, Probe, TextGenerationRequest, TextGenerationStep, TokenAt
from pages.text_generation.state import TextGenerationState, request_of
from tests.claims.claim import Claim

EXAMPLES = text_examples("text_generation")


def run(backend: Backend, example: TextExample, **changes: Any) -> TextGenerationStep:
    return _answer(backend, replace(request_of(TextGenerationState(prompt=example.text)), **changes))


@cache
def _answer(backend: Backend, request: TextGenerationRequest) -> TextGenerationStep:
    return backend.run(request)


class Generated(Claim):
    """A pattern that is found in the generated text.

    prefix: number of the last tokens of the prompt that are read; None: all. tokens: how many are generated. matching:
    with matching heads.
    """

    kind: Literal["generated"]
    pattern: str
    temperature: float = 0.6
    prefix: int | None = None
    tokens: int = TextGenerationState().max_new_tokens
    matching: bool = True

    def check(self, backend: Backend, example: TextExample) -> None:
        changes = {"prefix": self.prefix, "temperature": self.temperature, "max_new_tokens": self.tokens}
        changes |= {"matching": self.matching}
        text = run(backend, example, **changes).text
        assert re.search(self.pattern, text), text


class NextToken(Claim):
    """Bounds of the probability of a token after the prompt, which is among the likeliest.

    prefix, matching: see `Generated`. num_latents: as on the page.
    """

    kind: Literal["next_token"]
    token: str
    at_least: float = 0
    at_most: float = 1
    prefix: int | None = None
    num_latents: int = TextGenerationState().num_latents
    matching: bool = True

    def check(self, backend: Backend, example: TextExample) -> None:
        changes = {"prefix": self.prefix, "num_latents": self.num_latents, "max_new_tokens": 1}
        (first,) = run(backend, example, **changes, matching=self.matching).tokens
        assert self.at_least <= dict(first.alternatives)[self.token.encode()] <= self.at_most


class DistinctWords(Claim):
    """Bounds of the number of different words in the generated text, divided by the number of words."""

    kind: Literal["distinct_words"]
    temperature: float
    at_least: float = 0
    at_most: float = 1

    def check(self, backend: Backend, example: TextExample) -> None:
        words = re.findall(r"[a-z']+", run(backend, example, temperature=self.temperature).text.lower())
        assert self.at_least <= len(set(words)) / len(words) <= self.at_most


class WordStarts(Claim):
    """The mean probability of the first bytes of words is lower than that of their other bytes, by this much."""

    kind: Literal["word_starts"]
    less_probable_by: float

    def check(self, backend: Backend, example: TextExample) -> None:
        step = run(backend, example)
        content = example.text.encode()[-1:] + b"".join(token.content for token in step.tokens)
        letters = [bytes([byte]).isalpha() for byte in content]
        starts, others = [], []
        for token, before, letter in zip(step.tokens, letters, letters[1:], strict=False):
            if letter:
                (others if before else starts).append(token.probability)
        assert np.mean(others) - np.mean(starts) >= self.less_probable_by


class Attention(Claim):
    """Mean attention of the first generated token to all tokens with this text, relative to uniform."""

    kind: Literal["attention"]
    method: Method
    head: int | None = None
    to: str
    relative_to_uniform: float

    def check(self, backend: Backend, example: TextExample) -> None:
        probe = Probe(TokenAt(0), self.method, self.head)
        step = run(backend, example, max_new_tokens=1, probe=probe)
        assert step.attention is not None
        chosen = np.array([token == self.to.encode() for token in step.prompt_tokens[step.dropped :]])
        assert step.attention.values[chosen].mean() >= self.relative_to_uniform * step.attention.uniform


class Layout(Claim):
    """How the prompt is divided into prefix and latents."""

    kind: Literal["layout"]
    prefix: int
    latents: int

    def check(self, backend: Backend, example: TextExample) -> None:
        step = run(backend, example, max_new_tokens=1)
        assert (step.prefix_length, step.latents) == (self.prefix, self.latents)


Kind = Annotated[Generated | NextToken | DistinctWords | WordStarts | Attention | Layout, Field(discriminator="kind")]
