"""A masked sentence for tests, and what transformers' own forward makes of such texts."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import PerceiverTokenizer

from models.schema import MaskedBytesRequest
from tests.tiny_models import READS, tiny_model

TEXT = "words that were here"
SPANS = ((3, 6), (11, 12), (19, 20))
POSITIONS = [3, 4, 5, 11, 19]
GOOD = MaskedBytesRequest(TEXT, SPANS)
MASK_ID, FIRST_BYTE = 3, 6
MODEL = tiny_model("PerceiverForMaskedLM", max_position_embeddings=READS + 2)


class Read(NamedTuple):
    """One forward of transformers: probabilities of all tokens [positions, 262], and its attention maps."""

    probabilities: np.ndarray
    maps: Any


@torch.no_grad()
def padded_forward(text: str, hidden: list[int]) -> Read:
    """As the published examples do it: tokenized by transformers, padded to the longest, masked by attention_mask."""
    tokens = PerceiverTokenizer()(text, padding="max_length", max_length=READS + 2, return_tensors="pt")
    tokens["input_ids"][0, np.array(hidden) + 1] = MASK_ID
    found = MODEL(inputs=tokens["input_ids"], attention_mask=tokens["attention_mask"], output_attentions=True)
    return Read(found.logits[0, np.array(hidden) + 1].softmax(dim=-1).numpy(), found)


@torch.no_grad()
def forward(content: bytes, hidden: list[int], asked: list[int]) -> Read:
    """[CLS], bytes, [SEP], as ids written by hand, so that bytes may be no text."""
    ids = torch.tensor([[4, *(byte + FIRST_BYTE for byte in content), 5]])
    ids[0, torch.tensor(hidden, dtype=torch.long) + 1] = MASK_ID
    found = MODEL(inputs=ids, output_attentions=True)
    return Read(found.logits[0, torch.tensor(asked) + 1].softmax(dim=-1).numpy(), found)


def assert_close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def parts(value: Any) -> Iterator[Any]:
    """All that a result is made of."""
    if is_dataclass(value):
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    else:
        yield value


def assert_same(found: Any, expected: Any) -> None:
    """But for the seconds that it took, and whether the latents were known."""
    plain = {"seconds": 0.0, "encoder_cached": False}
    found, expected = (replace(result, run=replace(result.run, **plain)) for result in (found, expected))
    for one, other in zip(parts(found), parts(expected), strict=True):
        if isinstance(other, np.ndarray | float):
            assert_close(one, other)
        else:
            assert one == other
