"""Wording: all text of the app and the code avoids what a native speaker would have to read twice."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("pages", "components", "models", "training", "tools", "benchmarks")
QUOTED = ("text", "prompt", "unseen")
"""Keys of examples whose values are input for a model rather than text of the app."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A banned pattern.

    pattern: regular expression, case-insensitive; a space in it matches any whitespace.
    instead: what to write.
    bad, good: a phrase that it must find, and one that it must spare.
    """

    pattern: str
    instead: str
    bad: str
    good: str


BE = r"(?:is|are|was|were|be|been)"
BRITISH = (
    r"colour|grey(?!hound)|labell|centre|centrin|neighbour|behaviour|normalis|favour|modell|optimis(?!t|m)|initialis"
    r"|visualis|artefact|analyse|learnt|organis(?!m)|recognis|minimis|maximis|cancell(?!ation)|licence|catalogue"
    r"|judgement|whilst|towards|honour|metres?\b|millimetre|synthesis(?:e|ing)|summaris|generalis|serialis|travell"
)
RULES = (
    Rule(
        r"(?:^|[.!?] )(?-i:Of) (?!course\b)",
        "start with the subject",
        "Of two frames, the first.",
        "One of two frames.",
    ),
    Rule(r"\banew\b", "again", "The text is read anew.", "A new model."),
    Rule(r"(?<![-\w])alone(?!-)\b", "only", "The decoder alone learns.", "A stand-alone file."),
    Rule(r"\bbesides?\b", "next to, compared with or in addition to", "The map beside it.", "The map on the side."),
    Rule(rf"\b{BE} said\b", "an active verb", "It is said which one.", "The paper said so."),
    Rule(rf"\b{BE} taken for\b", "mistaken for or treated as", "What each was taken for.", "The time taken for it."),
    Rule(r"\btold\b", "given, known or distinguished", "The model is told the label.", "A bold word."),
    Rule(r"\bfound out\b", "determined", "What was found out.", "We found outliers."),
    Rule(r"\bso (?:many|much)\b(?! (?:that|as)\b)", "N, or this many", "At most so many.", "So many that it fails."),
    Rule(r"\bsuch as (?:are|is|were|have|has)\b", "those that", "Such as are there.", "Modes such as P."),
    Rule(r"\bof before\b", "previous", "The result of before.", "The result before it."),
    Rule(r"\blikeliest\b", "most likely", "The likeliest token.", "The most likely token."),
    Rule(
        r"\b(?:writ(?:e|es|ing|ten)|wrote) on\b(?! (?:a|the|disk)\b)", "continue", "Write on!", "Written on the disk."
    ),
    Rule(r"\b(?:taught|teach(?:es|ing)?)\b", "fine-tune or train", "A taught model.", "A tuned model."),
    Rule(r"\b(?:somebody|nobody|whoever)\b", "no one, or the subject", "Nobody writes to it.", "No other code does."),
    Rule(r"\brebuil(?:d|ds|ding|t)\b", "reconstruct", "The clip rebuilt.", "The clip reconstructed."),
    Rule(
        r"\b(?:frames|samples|tokens|pixels|bits|numbers|steps) an? (?:second|channel|side|pixel|input|color)\b",
        "per",
        "Two frames a second.",
        "Two frames in a second.",
    ),
    Rule(rf"\b(?:{BRITISH})", "American spelling", "Grey colours.", "Gray colors, optimistic, cancellation"),
    Rule(r"(?<=\d) %(?=[\s.,;:)\"'|<]|$)", "93% without a space", "It is 93 % of it.", "It is 93% of it."),
    Rule(r"\bwhat (?:is|was) (?:read|asked|said|hidden|seen|wanted)\b", "a noun", "Shows what is read.", "The inputs."),
    Rule(
        r"\bthat (?:is|are) no(?:ne)?\b(?! (?:longer|more)\b)", "that is not", "A file that is no clip.", "That is not."
    ),
    Rule(r"\bas (?:may|might|can) be\b", "as possible", "As loud as may be.", "It may be loud."),
    Rule(
        r"\b(?:model|latent|query|head|encoder|decoder|layer)s? (?:thinks?|wants?|says?|tells?|speaks?|looks?)\b",
        "no personification: predict, attend, read",
        "What the model says.",
        "What the model predicts.",
    ),
    Rule(
        r"\b(?:thereof|hereby|whereby|wherein|therein|hitherto|nigh)\b",
        "plain words",
        "The words therein.",
        "The words in it.",
    ),
    Rule(
        rf"\basked (?:about|of)\b|\b{BE} asked\b(?! to\b)",
        "a noun or 'for'",
        "The byte asked about.",
        "The user asked.",
    ),
    Rule(
        r"\bwhere (?:there (?:is|are) (?:one|none)|one is)\b",
        "if there is none, or without",
        "None where there is none.",
        "Where there is noise.",
    ),
    Rule(r"\bhas not\b(?=\s*[.,;:)]|$)", "does not have", "A frame that the clip has not.", "It has not changed."),
    Rule(r"\b(?:to|can|could|may) be had\b", "is available", "It cannot be had nor can be had.", "It had no frames."),
    Rule(r"\b(?:came|comes?) about\b", "was computed or happens", "How it came about.", "It comes after."),
    Rule(r"\bpraise or blame\b", "positive or negative", "Praise or blame?", "praise and criticism"),
)

PATTERNS = [(rule, re.compile(rule.pattern.replace(" ", r"\s+"), re.IGNORECASE)) for rule in RULES]
COMMENTS = re.compile(r"(?:^ *|  )# ?(.*(?:\n *# ?.*)*)", re.MULTILINE)


def python_texts(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of comments and of string literals of more than one word. Values in f-strings read as 0."""
    inner: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if id(node) in inner:
            continue
        if isinstance(node, ast.JoinedStr):
            inner.update(id(part) for part in ast.walk(node) if part is not node)
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value
    yield from comments(source)


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of the comments; consecutive lines of comments are one text."""
    for block in COMMENTS.finditer(source):
        yield source.count("\n", 0, block.start(1)) + 1, re.sub(r"\n\s*# ?", "\n", block[1])


def json_texts(value: Any) -> Iterator[tuple[int, str]]:
    """The text values of the app in a JSON file, which has no line numbers."""
    if isinstance(value, str):
        yield 1, value
    elif isinstance(value, list):
        for item in value:
            yield from json_texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in QUOTED:
                yield from json_texts(item)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of everything in a file that people read."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from python_texts(source)
    elif path.suffix == ".json":
        yield from json_texts(json.loads(source))
    else:
        yield 1, source


def files() -> list[Path]:
    """Code, documents, model cards and examples of the repository."""
    kinds = ("py", "md", "jinja", "html", "js", "css")
    inside = [path for package in PACKAGES for kind in kinds for path in (ROOT / package).rglob(f"*.{kind}")]
    assets = [*(ROOT / "assets").rglob("*.md"), *(ROOT / "assets" / "examples").rglob("*.json")]
    return sorted([*ROOT.glob("*.py"), *ROOT.glob("*.md"), *inside, *assets])


def findings(text: str) -> Iterator[tuple[int, str, Rule]]:
    """Offset of the line, phrase and rule of each banned phrase in a text, across line breaks."""
    for rule, pattern in PATTERNS:
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start()), match[0], rule


def test_the_repository_has_no_banned_phrases():
    found = [
        f'{path.relative_to(ROOT)}:{line + offset}: "{" ".join(phrase.split())}"; write {rule.instead}'
        for path in files()
        for line, text in texts(path)
        for offset, phrase, rule in findings(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("rule", RULES, ids=[rule.bad for rule in RULES])
def test_rules_find_bad_phrases_and_spare_good_ones(rule):
    assert rule in [found for _, _, found in findings(rule.bad)]
    assert rule not in [found for _, _, found in findings(rule.good)]


def test_every_kind_of_text_is_read(tmp_path):
    sources = {
        "a.py": 'VALUE = 5  # Read anew.\n\ndef f(x):\n    """Is\n    found\n    out."""\n    return f"{x} anew"\n',
        "a.md": "# Title\n\nRead anew.\n",
        "a.json": '[{"title": "Read anew", "text": "anew"}]',
        "a.js": "// Read anew.\n",
    }
    lines = {}
    for name, source in sources.items():
        path = tmp_path / name
        path.write_text(source, encoding="utf-8")
        lines[name] = sorted(line + offset for line, text in texts(path) for offset, _, _ in findings(text))
    assert lines == {"a.py": [1, 5, 7], "a.md": [3], "a.json": [1], "a.js": [1]}


def test_numbers_in_f_strings_are_read():
    (text,) = (text for _, text in python_texts('f"{share:.0f} %"'))
    assert [phrase for _, phrase, _ in findings(text)] == [" %"]
