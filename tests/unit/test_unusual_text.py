"""A text that is unlike English is noticed by the demo models, whatever label it gets."""

import pytest

from components.render import sentiment as render
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.examples import text_examples
from models.schema import Probe, SentimentRequest, SentimentResult
from models.schema.sentiment import MAX_USUAL_BITS
from tests.markup import Elements

UNUSUAL = (
    "asdf qwer",
    "for (let i = 0; i < n; i++) { total += items[i].price * items[i].count; }",
    '{"name": "value", "list": [1, 2, 3], "ok": true}',
    "Der Film war großartig und ich habe viel gelacht, auch wenn das Ende etwas zu lang war.",
    "teh movei wsa realy grate adn i luved it so mutch",
)
USUAL = (
    *(example.text for example in text_examples("sentiment")),
    "THIS MOVIE WAS GREAT AND I LOVED IT",
    "This phone is great value, the battery lasts two days, but the camera is disappointing.",
)


@pytest.fixture(scope="module")
def demo() -> LocalBackend:
    return LocalBackend(Settings(device="cpu"))


def classified(demo: LocalBackend, text: str) -> SentimentResult:
    return demo.run(SentimentRequest(text, Probe(method="encoder")))


@pytest.mark.parametrize("text", UNUSUAL)
def test_what_is_no_english_prose_is_unusual(demo: LocalBackend, text: str):
    result = classified(demo, text)
    assert result.unusual
    assert result.bits_per_byte is not None
    assert result.bits_per_byte > MAX_USUAL_BITS
    notes = [note for note in Elements(render.sentiment(result).labels).of("p", "notice") if note["role"] == "note"]
    assert len(notes) == 1


@pytest.mark.parametrize("text", USUAL)
def test_reviews_are_not(demo: LocalBackend, text: str):
    result = classified(demo, text)
    assert not result.unusual
    assert "notice" not in render.sentiment(result).labels


def test_it_is_measured_for_the_page_only_and_not_on_a_few_bytes(demo: LocalBackend):
    assert demo.run(SentimentRequest(UNUSUAL[1])).bits_per_byte is None
    assert classified(demo, "meh").bits_per_byte is None
