"""Made-up names, put into texts: a model can only spell them by reading them again."""

import re

import numpy as np

ONSETS = ("b", "br", "c", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "qu", "r", "s",
          "sk", "st", "t", "th", "tr", "v", "w", "y", "z")  # fmt: skip
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou", "y")
CODAS = ("", "", "l", "m", "n", "r", "s", "ck", "ld", "nd", "rn", "th", "x")
SHORTEST, LONGEST = 6, 10
"""Letters of a name."""
NEAREST = 24
"""Fewest bytes between the two places of a name that is put into a text."""
_NAMES = re.compile(rb"(?<=[a-z,;] )[A-Z][a-z]{3,}(?![a-zA-Z])")
_SPACES = re.compile(rb"(?<=[a-z]) (?=[a-z])")


def made_up_name(rng: np.random.Generator) -> bytes:
    """A capital and small letters, SHORTEST to LONGEST in all."""
    while True:
        syllables = [
            part[rng.integers(len(part))] for _ in range(rng.integers(2, 5)) for part in (ONSETS, VOWELS, CODAS)
        ]
        name = "".join(syllables)
        if SHORTEST <= len(name) <= LONGEST:
            return name.capitalize().encode()


def with_repeated_name(text: bytes, rng: np.random.Generator) -> bytes:
    """A text of equal length in which a made-up name occurs at least twice, if it has places for it.

    In place of a name that occurs twice in the text, or after two words.
    """
    found = _NAMES.findall(text)
    repeated = sorted({name for name in found if found.count(name) > 1})
    if repeated:
        old = repeated[rng.integers(len(repeated))]
        changed = re.sub(rb"\b%s\b" % re.escape(old), made_up_name(rng), text)
    else:
        changed = _inserted(text, made_up_name(rng), rng)
    missing = max(0, len(text) - len(changed))
    return (changed + text[len(text) - missing :])[: len(text)]


def _inserted(text: bytes, name: bytes, rng: np.random.Generator) -> bytes:
    # Both names stay whole when the text is cut to its length.
    places = [match.start() for match in _SPACES.finditer(text[: len(text) - 2 * (LONGEST + 1)])]
    if not places:
        return text
    one, other = sorted(places[i] for i in rng.integers(len(places), size=2))
    if other - one < NEAREST:
        return text
    return text[:one] + b" " + name + text[one:other] + b" " + name + text[other:]
