"""Terms of the glossary in running text: the first use of each carries its definition."""

import re
from collections.abc import Mapping
from functools import cache

from markupsafe import Markup

_SKIPPED = r"`[^`]*`|<[^>]*>|\[[^\]]*\]\([^)]*\)|^#.*$"
"""Code, tags, links and headings of Markdown, which stay as they are."""


def mark_terms(text: str, glossary: Mapping[str, str], seen: set[str]) -> str:
    """Markdown in which terms that are not in `seen` have a tooltip with their definition; adds them to `seen`.

    glossary: term -> definition. A term may have an abbreviation, as in "End-point error (EPE)".
    """
    names = {name.lower(): term for term in glossary for name in _names(term)}

    def marked(found: re.Match[str]) -> str:
        word = found["term"]
        term = word and names[word.lower().removesuffix("s") if word.lower() not in names else word.lower()]
        if not term or term in seen:
            return found[0]
        seen.add(term)
        return Markup('<abbr class="term" tabindex="0" title="{}">{}</abbr>').format(glossary[term], Markup(word))  # noqa: S704

    return _pattern(tuple(names)).sub(marked, text)


def _names(term: str) -> list[str]:
    """ "End-point error (EPE)" is written out or abbreviated."""
    whole, _, short = term.partition(" (")
    return [whole, short.removesuffix(")")] if short else [whole]


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """What is skipped, or a name, in the singular or plural; the longest comes first."""
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"{_SKIPPED}|(?<![\w-])(?P<term>(?:{words})s?)(?![\w-])", re.IGNORECASE | re.MULTILINE)
