"""The prompts of text generation: short enough, and long where a name is to be remembered from before the latents."""

import pytest

from models.data.examples import text_examples

EXAMPLES = {example.title: example for example in text_examples("text_generation")}
REMEMBERED = {"A name from long ago": "Quillan", "The number of a room": "number 7", "A stubborn mule": "Zaxby"}
CONTEXT, OUT_OF_LATENTS = 1024, 300
"""Bytes: what the embedded model reads, and more than it has latents (256)."""


def begun(text: str, name: str) -> str:
    """The beginning of a name that a text ends with; "" if it does not."""
    return next((name[:length] for length in range(len(name) - 1, 0, -1) if text.endswith(name[:length])), "")


def test_all_have_room_to_go_on() -> None:
    assert len(EXAMPLES) == 6
    assert EXAMPLES.keys() > REMEMBERED.keys()
    for example in EXAMPLES.values():
        assert 0 < len(example.text.encode()) <= CONTEXT - 200
        assert example.text.isascii()  # what the embedded model was trained on
        assert not example.spans
        assert example.notice.endswith((".", "?"))
    short = [example for title, example in EXAMPLES.items() if title not in REMEMBERED]
    assert all(len(example.text) <= OUT_OF_LATENTS for example in short)


@pytest.mark.parametrize("title", REMEMBERED)
def test_what_is_to_come_was_said_only_before_the_latents(title: str) -> None:
    text, name = EXAMPLES[title].text, REMEMBERED[title]
    beginning = begun(text, name)
    before, tail = text[:-OUT_OF_LATENTS], text[-OUT_OF_LATENTS : -len(beginning)]
    assert len(text) >= 600
    assert 1 <= before.count(name) == text.count(name) <= 2
    # No letter before it: it is the name that begins here. And nothing else in sight of the latents begins so.
    assert len(beginning) >= 3
    assert not text[-len(beginning) - 1].isalnum()
    assert beginning.strip().lower() not in tail.lower()


def test_the_only_digit_is_the_one_to_come() -> None:
    assert {each for each in EXAMPLES["The number of a room"].text if each.isdigit()} == {"7"}
