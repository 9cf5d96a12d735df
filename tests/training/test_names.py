"""Made-up names in texts, and whether a model spells them."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from training.made_up_names import LONGEST, SHORTEST, made_up_name, with_repeated_name
from training.text_memory import DISTANCES, NAMES, questions_about, recall

PROSE = b"the old house stood on a hill above the sea and nobody had lived there for years. "


@given(st.integers(0, 2**32))
def test_a_name_is_a_word_with_a_capital(seed):
    name = made_up_name(np.random.default_rng(seed))
    assert re.fullmatch(rb"[A-Z][a-z]+", name)
    assert SHORTEST <= len(name) <= LONGEST


@given(st.integers(0, 2**32))
def test_a_name_comes_twice_and_the_text_keeps_its_length(seed):
    text = PROSE * 6
    changed = with_repeated_name(text, np.random.default_rng(seed))
    assert len(changed) == len(text)
    added = re.findall(rb" [A-Z][a-z]+", changed)
    assert len(added) in (0, 2)
    assert len(set(added)) <= 1


def test_a_name_that_comes_twice_is_replaced_wherever_it_stands():
    text = PROSE + b"there Gertrude met him, and then Gertrude's brother, and Bertram. " + PROSE
    changed = with_repeated_name(text, np.random.default_rng(1))
    assert b"Gertrude" not in changed
    found = re.findall(rb"[A-Z][a-z]+", changed)
    assert found[0] == found[1] != found[2] == b"Bertram"


def test_a_text_without_places_stays():
    assert with_repeated_name(b"1234567890", np.random.default_rng(0)) == b"1234567890"


def test_questions_end_with_a_name_that_came_once_before():
    for window, name in questions_about(PROSE * 100, 1025):
        assert len(window) == 1025
        first, second = (found.start() for found in re.finditer(name, window))
        assert second == len(window) - len(name)
        assert DISTANCES[0] <= second - first <= DISTANCES[1] + 2 * LONGEST


class Copies:
    """Predicts what followed the last three bytes before, as far back as it reads."""

    config = SimpleNamespace(max_seq_len=1024, max_latents=256, max_prefix=768)

    def parameters(self):
        return iter([torch.zeros(1)])

    def latents(self, ids, prefix, *, matching=True):
        assert ids.shape[1] - prefix <= 256
        found = torch.zeros(len(ids), ids.shape[1] - prefix, 262)
        for row, text in enumerate(ids.tolist()):
            for place in range(prefix, len(text)):
                last = text[place - 2 : place + 1]
                before = [i for i in range(place - 2) if text[i : i + 3] == last]
                if matching and before:
                    found[row, place - prefix, text[before[-1] + 3]] = 1
        return found

    def predict(self, latents):
        return latents


@pytest.mark.parametrize(("options", "spells"), [({}, True), ({"prefix": 0}, False), ({"matching": False}, False)])
def test_recall_needs_the_prefix_and_a_way_to_find_the_name_in_it(options, spells):
    # Few bytes, so that no three letters of a name come by chance.
    text = b"aaaaa bbbbb " * 300
    found = recall(Copies(), questions_about(text, 1025), **options)
    assert found["count"] == NAMES
    assert found["letters"] > 0.97 if spells else found["letters"] < 0.03
    assert found["names"] > 0.9 if spells else found["names"] == 0
