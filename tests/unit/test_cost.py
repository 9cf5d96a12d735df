"""What attention costs: cases computed by hand, and operations that torch counts in the networks of transformers."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import PerceiverConfig, PerceiverModel
from transformers.models.perceiver.modeling_perceiver import PerceiverBasicDecoder

from components.analysis.cost import Cost, Sizes, costs, growth

TINY = Sizes(inputs=5, latents=2, layers=3, outputs=4, channels=3, input_channels=2, widening=1)


def test_costs_by_hand() -> None:
    """A product of n × a and a × b takes 2 n a b operations."""
    found = costs(TINY)
    layer = 4 * (2 * 5 * 3 * 3) + 2 * (2 * 5 * 5 * 3) + 2 * (2 * 5 * 3 * 3)
    assert found["Transformer"] == Cost(3 * layer, 3 * 8 * 25, 3 * (15 + 30 + 15 + 15 + 15 + 15))
    # Encoder: latents of 3 channels read inputs of 2, keys of 2.
    encoder = 2 * (2 * 2 * 3 * 2) + 2 * (2 * 5 * 2 * 2) + 2 * (2 * 2 * 5 * 2) + 2 * (2 * 2 * 3 * 3)
    among = 4 * (2 * 2 * 3 * 3) + 2 * (2 * 2 * 2 * 3) + 2 * (2 * 2 * 3 * 3)
    # Decoder: queries of 2 channels read latents of 3, keys of 3.
    decoder = 2 * (2 * 4 * 2 * 3) + 2 * (2 * 2 * 3 * 3) + 2 * (2 * 4 * 2 * 3) + 2 * (2 * 4 * 2 * 2)
    assert found["Perceiver IO"].operations == encoder + 3 * among + decoder
    assert found["Perceiver IO"].maps == 8 * (2 * 5 + 3 * 2 * 2 + 4 * 2)
    cross = 2 * (2 * 2 * 3 * 3) + 2 * (2 * 5 * 3 * 3) + 2 * (2 * 2 * 5 * 3) + 2 * (2 * 2 * 3 * 3)
    assert found["Perceiver AR"].operations == cross + 3 * among
    assert found["Transformer"].memory == 4 * (3 * 8 * 25 + 3 * 105)


def counted(run) -> int:
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


@pytest.mark.parametrize("inputs", [40, 320])
def test_operations_are_those_that_torch_counts(inputs: int) -> None:
    sizes = Sizes(inputs, latents=16, layers=3, outputs=24, channels=32, input_channels=12, widening=2)
    config = PerceiverConfig(
        d_model=12, d_latents=32, num_latents=16, num_blocks=1, num_self_attends_per_block=3,
        num_self_attention_heads=4, num_cross_attention_heads=4, self_attention_widening_factor=2,
        cross_attention_widening_factor=2, attn_implementation="eager",
    )  # fmt: skip
    decoder = PerceiverBasicDecoder(
        config, output_num_channels=5, num_channels=12, output_index_dims=24, num_heads=1, widening_factor=2,
        final_project=False, trainable_position_encoding_kwargs={"num_channels": 12, "index_dims": 24},
    )  # fmt: skip
    model = PerceiverModel(config, decoder=decoder)
    assert costs(sizes)["Perceiver IO"].operations == counted(lambda: model(torch.randn(1, inputs, 12)))


def test_a_transformer_layer_is_one_of_latents_that_are_the_inputs() -> None:
    sizes = Sizes(inputs=20, latents=20, layers=1, outputs=1, channels=8, input_channels=8)
    found = costs(sizes)
    assert found["Perceiver AR"] == found["Transformer"] * 2


def test_growth_approaches_the_square_only_without_latents() -> None:
    grown = growth(Sizes(100_000, 256, 24, 1, 512, 512), 8)
    assert 60 < grown["Transformer"] < 64
    assert 1 < grown["Perceiver IO"] < 8
    assert 1 < grown["Perceiver AR"] < 8
