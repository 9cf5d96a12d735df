"""The prompts of text generation leave room for what is generated."""

from models.data.examples import text_examples

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
