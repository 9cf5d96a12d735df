"""The glossary of the app: terms and their definitions."""

from functools import cache
from pathlib import Path

GLOSSARY = Path(__file__).parents[2] / "assets" / "glossary.md"


@cache
def read_glossary(path: Path = GLOSSARY) -> dict[str, str]:
    """Maps each term, a heading of level 2, to the plain text below it.

    Raises ValueError for a term that occurs twice or has no definition.
    """
    definitions: dict[str, str] = {}
    for entry in path.read_text(encoding="utf-8").split("\n## ")[1:]:
        term, _, text = entry.partition("\n")
        definition = " ".join(text.split())
        if term in definitions or not definition:
            raise ValueError(f'{path.name}: the term "{term}" needs exactly one definition')
        definitions[term] = definition
    return definitions
