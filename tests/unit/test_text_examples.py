"""The prompts of text generation leave room for what is generated."""

import pytest

from models.data.examples import TextExample, example_with_text, text_examples

EXAMPLES = {example.title: example for example in text_examples("text_generation")}
CONTEXT, LATENTS = 1024, 64
"""Tokens that the demo model reads, and latents that the page sets."""


def test_all_have_room_to_go_on() -> None:
    assert len(EXAMPLES) >= 6
    for example in EXAMPLES.values():
        assert 0 < len(example.text.encode()) <= CONTEXT - 200
        assert example.text.isascii()  # as the training data of the demo model
        assert not example.spans


def test_quotation_marks_are_in_the_prefix_only() -> None:
    text = EXAMPLES["Quotation marks from the prefix"].text
    assert text[:-LATENTS].count("'") >= 10
    assert "'" not in text[-LATENTS:]
    assert '"' not in text


HARROW = TextExample("A name", "Old Mr. Harrow shut the gate, and Mr. Harrow nodded to the boy.", (), "")
SEA = TextExample("The sea", "The sea was calm, and the boats lay in the harbor until the evening.", (), "")


@pytest.mark.parametrize(
    ("text", "index"),
    [
        (HARROW.text, 0),
        (SEA.text, 1),
        (HARROW.text.replace("Harrow", "Barton", 1), 0),
        (SEA.text[:-1], 1),
        ("", None),
        ("The sea", None),
        ("A text of its own that has nothing to do with any of the others.", None),
    ],
)
def test_a_small_edit_is_still_the_example(text: str, index: int | None) -> None:
    assert example_with_text(text, (HARROW, SEA)) == index
