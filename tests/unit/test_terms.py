"""The first use of a term of the glossary carries its definition, and nothing else of the text changes."""

import re

from hypothesis import given
from hypothesis import strategies as st

from components.html.terms import mark_terms
from models.data.glossary import read_glossary

GLOSSARY = {"Latent": "One <vector>.", "End-point error (EPE)": "A distance.", "Error": "Never marked within another."}


def marked(text: str, seen: set[str] | None = None) -> list[tuple[str, str]]:
    """Definition and word of each marked term."""
    found = mark_terms(text, GLOSSARY, set() if seen is None else seen)
    return re.findall(r'<abbr class="term" tabindex="0" title="([^"]*)">([^<]*)</abbr>', found)


def test_the_first_use_is_marked_in_any_form() -> None:
    assert marked("Latents and a latent") == [("One &lt;vector&gt;.", "Latents")]
    assert marked("the EPE, or end-point error") == [("A distance.", "EPE")]
    assert marked("end-point errors") == [("A distance.", "end-point errors")]


def test_a_term_is_marked_once_over_several_texts() -> None:
    seen: set[str] = set()
    assert len(marked("a latent", seen)) == 1
    assert marked("a latent", seen) == []
    assert seen == {"Latent"}


def test_other_words_code_links_and_headings_stay() -> None:
    for text in ("latently", "a non-latent", "`latent`", "# Latent", "[latent](https://a.b)", '<a title="latent">'):
        assert mark_terms(text, GLOSSARY, set()) == text


@given(st.lists(st.sampled_from([*read_glossary(), "a", "`b`", "**c**", ".", "\n\n", "s"]), max_size=30))
def test_only_marks_are_added(words: list[str]) -> None:
    text = " ".join(words)
    found = mark_terms(text, read_glossary(), set())
    assert re.sub(r"</?abbr[^>]*>", "", found) == text
