"""Requests for text that are refused, in words that say what would do."""

import math
from typing import Any

import pytest

from models.schema import InputError
from models.tasks.text_prompt import LONGEST_PROMPT, MAX_WRITTEN
from tests.text_writers import PROMPT, steps_of

LONG = "0123456789" * 3
"""30 bytes, of which the model reads 24; its prefix is up to 16, its latents 8."""

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no prompt": ({"prompt": ""}, "prompt is empty"),
    "half a character": ({"prompt": "a\udc00"}, "surrogate"),
    "endless prompt": ({"prompt": "x" * (LONGEST_PROMPT + 1), "cut": True}, "1 to 100,000, not 100,001"),
    "no temperature": ({"temperature": 0}, "temperature .* above 0, not 0"),
    "temperature that is none": ({"temperature": math.nan}, "above 0, not nan"),
    "top-p of nothing": ({"top_p": 0}, "Top-p .* at most 1, not 0"),
    "top-p of more than all": ({"top_p": 1.1}, "at most 1, not 1.1"),
    "top-k below nothing": ({"top_k": -1}, "top-k .* 0 or more, not -1"),
    "seed below nothing": ({"seed": -1}, "seed .* 0 to"),
    "too many tokens": ({"max_new_tokens": 2001}, "0 to 2,000, not 2,001"),
    "tokens to take back": ({"max_new_tokens": -1}, "0 to 2,000, not -1"),
    "an empty stop": ({"stop": ("a", "")}, "stop string"),
    "half a character to stop at": ({"stop": ("\ud800",)}, "surrogate"),
    "many stops": ({"stop": ("a",) * 17}, "0 to 16, not 17"),
    "ids of another model": ({"written": (7, 262)}, "0 to 261"),
    "ids below nothing": ({"written": (-1,)}, "0 to 261"),
    "a long text": ({"written": (7,) * (MAX_WRITTEN + 1)}, "0 to 20,000, not 20,001"),
    "no latents": ({"num_latents": 0}, "at least 1, not 0"),
    "prefix below nothing": ({"prefix": -1}, "prefix .* 0 to 16 bytes, not -1"),
    "prefix longer than the model's": ({"prefix": 17}, "prefix .* 0 to 16 bytes, not 17"),
    "long prompt": ({"prompt": LONG}, "30 bytes.* 24"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(service, options, message):
    with pytest.raises(InputError, match=message):
        steps_of(service, **{"prompt": PROMPT, "max_new_tokens": 1, **options})


@pytest.mark.parametrize(
    "options",
    [
        {"prompt": "x"},
        {"prompt": LONG[:24]},
        {"prompt": LONG, "cut": True},
        {"prompt": LONG, "prefix": 16},
        {"top_k": 10**6, "top_p": 1, "temperature": 1e6, "seed": 2**63 - 1},
    ],
)
def test_not_refused(service, options):
    assert len(steps_of(service, **{"prompt": PROMPT, "max_new_tokens": 1, **options})) == 2


@pytest.mark.parametrize(
    ("options", "cut", "prefix", "latents"),
    [
        ({"prompt": LONG[:20], "num_latents": 4}, 0, 16, 4),
        ({"prompt": LONG[:20], "num_latents": 3}, 0, 16, 4),  # nothing is cut unasked
        ({"prompt": LONG[:20], "num_latents": 3, "cut": True}, 1, 16, 3),
        ({"prompt": LONG[:20], "num_latents": 9}, 0, 12, 8),
        ({"prompt": "abc", "num_latents": 4}, 0, 0, 3),
        ({"prompt": LONG, "cut": True}, 6, 16, 8),
        ({"prompt": LONG, "num_latents": 2, "prefix": 5}, 23, 5, 2),
    ],
)
def test_the_border_lies_as_near_as_may_be_to_where_it_is_wanted(service, options, cut, prefix, latents):
    step = steps_of(service, **options, max_new_tokens=0)[0]
    assert (step.cut, step.prefix_length, step.latents) == (cut, prefix, latents)
