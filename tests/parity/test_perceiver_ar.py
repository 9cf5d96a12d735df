"""Perceiver AR against what perceiver-io 0.11.0 made of the same weights: logits, padded batches, a continuation."""

import json

import pytest
import torch
from safetensors.torch import load_file

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_config import PerceiverArConfig
from models.perceiver.ar_decoding import IncrementalDecoder, Refill
from models.perceiver.ar_weights import load
from tests.tiny_ar import DATA, RECORDED
from tests.tiny_models import FAR, assert_equal

CASES = [
    (name, case)
    for name in RECORDED
    for case in json.loads((DATA / name / "cases.json").read_text(encoding="utf-8"))["cases"]
]

CLM_BASE = PerceiverArConfig(
    vocab_size=32_000, max_seq_len=1024, max_latents=512, num_channels=1280, num_heads=10,
    num_self_attention_layers=20, num_self_attention_rotary_layers=1, output_norm=True, output_bias=False,
    abs_pos_emb=False,
)  # fmt: skip


@pytest.mark.parametrize(("name", "case"), CASES)
def test_logits(name, case):
    recorded, number = load_file(DATA / name / "reference.safetensors"), case["case"]
    padding = recorded.get(f"case{number}.pad_mask")
    assert (padding is not None) is (case["left_pad"] is not None)
    with torch.no_grad():
        found = load(DATA / name)(
            recorded[f"case{number}.input_ids"], case["prefix_len"], None if padding is None else padding.bool()
        )
    assert recorded[f"case{number}.logits"].std() > FAR
    assert_equal(found, recorded[f"case{number}.logits"])


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("name", RECORDED)
def test_greedy_continuation(name, cached):
    """Latents grow from 2 to 16, then the prefix from 8 to 16, then 18 tokens are lost on the left."""
    recorded = load_file(DATA / name / "reference.safetensors")
    writer = IncrementalDecoder(load(DATA / name), Refill.EACH, cached=cached)
    logits = [writer.start(recorded["greedy.prompt_ids"], latents=2)]
    for _ in range(40):
        logits.append(writer.write(logits[-1].argmax(dim=-1)))
    assert torch.equal(writer.ids, recorded["greedy.ids"])
    assert_equal(torch.stack(logits[:40], dim=1), recorded["greedy.step_logits"])
    assert writer.window.dropped == 18


def test_size_of_the_published_model():
    with torch.device("meta"):
        count = sum(parameter.numel() for parameter in PerceiverAr(CLM_BASE).parameters())
    assert round(count / 1e6, 2) == 453.95
