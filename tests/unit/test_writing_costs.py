"""What prefix and latents cost, and their picture."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from components.analysis.generation_costs import WriterShape, costs
from components.render import text_generation as render
from components.words.numbers import memory, operations
from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_cache import KeyValueCache
from models.perceiver.ar_config import PerceiverArConfig
from tests.markup import Elements

TINY = WriterShape(context=6, latents=2, channels=4, layers=1, vocabulary=8, widening=2)


def test_costs_by_hand():
    """P = 3, N = 2, C = 4: a product of n × 4 and 4 × 4 is 32 n operations, of n × 4 and 4 × k it is 8 n k."""
    cross = 2 * 64 + 2 * 160 + 2 * 80 + 2 * 128
    among = 4 * 64 + 2 * 32 + 2 * 128
    logits = 2 * 4 * 8
    ours, theirs = costs(TINY, 3, 2)
    assert ours.prompt == cross + among + logits
    # A further token reads 6 of the context, and 3 latents.
    assert ours.token == (4 * 32 + 2 * 48 + 2 * 64) + (4 * 32 + 2 * 24 + 2 * 64) + logits
    assert ours.memory == 4 * (2 * 4 * 5 + 2 * 4 * 2)
    assert theirs.prompt == 2 * (4 * 160 + 2 * 200 + 2 * 320) + logits
    assert theirs.token == 2 * (4 * 32 + 2 * 48 + 2 * 64) + logits
    assert theirs.memory == 4 * 2 * (2 * 4 * 5)


def test_without_a_prefix_both_are_the_same():
    ours, theirs = costs(TINY, 0, 2)
    assert ours == theirs


def test_operations_are_those_of_the_network():
    """Counted by torch, in the real network, for a prompt and for one token more; and the bytes of what it keeps."""
    config = PerceiverArConfig(
        vocab_size=11, max_seq_len=24, max_latents=8, num_channels=16, num_heads=2, num_self_attention_layers=3,
        self_attention_widening_factor=3, cross_attention_widening_factor=3,
    )  # fmt: skip
    shape = WriterShape(24, 8, 16, 3, 11, widening=3, number_bytes=8)
    # In double precision, where products are torch's own: it does not count those of oneDNN.
    model = PerceiverAr(config).eval().double()
    ids = torch.arange(20)[None] % 11
    kept = KeyValueCache(3, room=19, latents=7)
    first = flops(model, ids[:, :19], 12, kept)
    expected, _ = costs(shape, 12, 7)
    assert first == expected.prompt
    assert kept.nbytes == expected.memory
    kept = KeyValueCache(3, room=20, latents=8)
    flops(model, ids[:, :19], 12, kept)
    assert flops(model, ids[:, 19:], 0, kept) == expected.token


def flops(model: PerceiverAr, ids: torch.Tensor, prefix: int, kept: KeyValueCache) -> int:
    with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model.predict(model.latents(ids, prefix, None, kept)[:, -1:])
    return counter.get_total_flops()


# The picture


SHAPE = WriterShape(context=1024, latents=256, channels=256, layers=6, vocabulary=262)


def test_the_bar_is_the_context():
    page = Elements(render.text_generation_border(SHAPE, 512, 128))
    parts = {each["class"]: each["style"] for each in page.of("i") if each.get("class")}
    assert parts == {"prefix": "flex-grow:512", "latents": "flex-grow:128", "room": "flex-grow:384"}
    assert page.of("p", "border-label")[0]["style"] == "--at:0.5000"
    for said in ("latents begin at byte 512", "The next 128 bytes become latents", "every 129 bytes", "7 layers"):
        assert said in page.text
    assert page.of("div", "context-bar")[0]["aria-label"] == (
        "Context of 1,024 bytes: 512 prefix, 128 latents, room for 384"
    )


def test_costs_are_bars_and_words():
    page = Elements(render.text_generation_border(SHAPE, 512, 128))
    ours, theirs = costs(SHAPE, 512, 128)
    widths = [each["style"] for each in page.of("i") if "width" in (each.get("style") or "")]
    assert widths[:2] == [f"width:{100 * ours.prompt / theirs.prompt:.2f}%", "width:100.00%"]
    assert f"{theirs.memory / ours.memory:.3g}x less" in page.text
    assert "the same" in Elements(render.text_generation_border(SHAPE, 0, 128)).text


def test_what_is_cut_and_what_is_full_is_said():
    page = Elements(render.text_generation_border(SHAPE, 768, 256, 300, "token"))
    assert "truncatedthe first 300 tokens of the prompt." in page.text
    assert "latents begin at token 1,068" in page.text
    assert "All 256 latents are in use" in page.text


@pytest.mark.parametrize(("prefix", "latents"), [(0, 0), (0, 257), (769, 1), (-1, 3)])
def test_what_the_model_does_not_take_is_refused(prefix, latents):
    with pytest.raises(ValueError, match="this model takes"):
        render.text_generation_border(SHAPE, prefix, latents)


def test_numbers_have_three_digits():
    assert [operations(count) for count in (12, 999_600, 1_240_000_000)] == ["12 FLOP", "1 MFLOP", "1.24 GFLOP"]
    assert memory(3_145_728) == "3.15 MB"
