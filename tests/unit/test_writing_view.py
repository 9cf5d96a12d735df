"""The view of the page on writing: as an address, within what its controls can have, and as a question."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.schema import ModelShape, Weights
from pages.text_generation_view import (
    FIRST_VIEW,
    MOST_AT_ONCE,
    NAME,
    TEMPERATURES,
    TOP_P,
    border,
    request_of,
    settings_of,
    view_in_address,
    view_of,
)
from pages.text_link import generation_to_query
from pages.trace import ALL, MEAN

SHAPE = ModelShape(
    name="tiny",
    parameters=1,
    longest_text=24,
    image_size=0,
    labels=(),
    fps=0,
    sample_rate=0,
    input_channels=8,
    latents=8,
    latent_channels=8,
    blocks=1,
    layers=2,
    self_heads=2,
    cross_heads=2,
    vocabulary=262,
)
LOOKED = ("rollout", MEAN, ALL, "log")


def shape_of(weights: Weights) -> ModelShape:
    return SHAPE


@given(
    prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    temperature=st.sampled_from([0.1, 0.65, 2.0]),
    seed=st.integers(0, 10**8),
    little=st.none() | st.integers(0, 256),
    stop=st.sampled_from(["", ".", "\n\nEND\n&"]),
)
def test_there_and_back(prompt, temperature, seed, little, stop):
    view = replace(FIRST_VIEW, prompt=prompt, temperature=temperature, seed=seed, little=little, stop=stop)
    view = replace(view, num_latents=5, cut=True, do_sample=False, traced=3, unit="bytes", looked=LOOKED)
    params = dict(parse_qsl(generation_to_query(NAME, view), keep_blank_values=True))
    assert view_in_address(params, FIRST_VIEW, shape_of) == view


@pytest.mark.parametrize("params", [{}, {"tab": NAME}, {"tab": "sentiment", "text": "a"}])
def test_an_address_that_asks_for_no_text(params):
    assert view_in_address(params, FIRST_VIEW, shape_of) is None


NUMBERS = ("latents", "tokens", "temperature", "top_k", "top_p", "seed", "little", "token")


@given(
    st.dictionaries(
        st.sampled_from([*NUMBERS, "draw", "cut", "unit", "stop", "weights", "look"]),
        st.sampled_from(
            ["", "0", "-1", "1e9", "99999", "0.0001", "1.2.3", "x", "encoder|7|3|linear", "decoder|1|2|log"]
        ),
    )
)
def test_whatever_an_address_says_the_controls_can_have_it(garbled):
    view = view_in_address({"tab": NAME, "text": "begin", **garbled}, FIRST_VIEW, shape_of)
    assert view is not None
    _, latents, tokens, _, temperature, top_k, top_p, seed, *_, compared, little = settings_of(view, SHAPE)
    assert 1 <= latents["value"] <= latents["maximum"] == SHAPE.latents
    assert 1 <= tokens <= MOST_AT_ONCE
    assert TEMPERATURES[0] <= temperature <= TEMPERATURES[1]
    assert TOP_P[0] <= top_p <= TOP_P[1]
    assert min(top_k, seed, little) >= 0
    assert little <= 256
    assert isinstance(compared, bool)
    assert view.looked[1] in (MEAN, "0", "1")
    assert view.looked[2] == ALL


def test_emptied_fields_are_nothing():
    asked = ("begin", 4, 9, True, 0.5, None, 0.9, None, "a\n\nb", False, "embedded", True, 16, "words", *LOOKED)
    view = view_of(*asked)
    request = request_of(view)
    assert (request.top_k, request.seed, request.stop, view.little) == (0, 0, ("a", "b"), 16)


@pytest.mark.parametrize(
    ("prompt", "latents", "cut", "said"),
    [
        ("x" * 20, 6, False, "14 bytes: read by the cross-attention"),
        ("x" * 20, 2, False, "16 bytes: read by the cross-attention"),
        ("x" * 20, 2, True, "2 bytes at the prompt"),
        ("é", 6, False, "none: all that is read"),
        ("", 6, False, "Write how the text begins"),
        ("x" * 25, 6, False, "25 bytes: the model reads at most 24"),
    ],
)
def test_the_border_is_told_before_anything_is_written(prompt, latents, cut, said):
    assert said in border(replace(FIRST_VIEW, prompt=prompt, num_latents=latents, cut=cut), SHAPE, 4)


def test_pieces_of_words_are_not_counted_as_bytes():
    assert "pieces of words" in border(FIRST_VIEW, replace(SHAPE, vocabulary=32_000), 4)
