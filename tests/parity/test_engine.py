"""The engine against transformers' own forward: the same logits from the same random weights, all seven classes."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import PerceiverForOpticalFlow

from models.perceiver import attention, engine
from models.perceiver.attention import Projected
from models.perceiver.checkpoints import PUBLISHED
from models.perceiver.engine import decode, encode
from tests.tiny_models import (
    BATCH,
    CLASSIFIERS,
    FAR,
    NAMES,
    TEXTS,
    TINY,
    assert_equal,
    flat_logits,
    reference,
    spread,
    tiny_inputs,
    tiny_model,
)

FLAT = ("PerceiverForMaskedLM", "PerceiverForOpticalFlow")
MULTIMODAL = "PerceiverForMultimodalAutoencoding"
HALF_ATOL = 0.1


@torch.no_grad()
def answer(name: str, wanted: Any = None, mask: Tensor | None = None, **changes: Any) -> Any:
    model = tiny_model(name, **changes)
    return decode(model, encode(model, tiny_inputs(name), mask), TINY[name].all_outputs if wanted is None else wanted)


def expected(name: str, **changes: Any) -> Any:
    return flat_logits(reference(tiny_model(name, **changes), tiny_inputs(name)).logits)


def tensors(logits: Any) -> list[Tensor]:
    return list(logits.values()) if isinstance(logits, dict) else [logits]


@pytest.mark.parametrize("name", NAMES)
def test_answers_to_compare_are_far_apart(name):
    """Else parity would say nothing: over examples of the batch, over outputs, and between any two of the models."""
    for logits in tensors(expected(name)):
        assert spread(logits, dim=0) > FAR
        assert spread(logits, dim=1) > FAR
    for logits, others in zip(tensors(expected(name)), tensors(expected(name, seed=1)), strict=True):
        assert (logits - others).abs().max() > FAR


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_all_outputs_equal_transformers(name, blocks):
    assert_equal(answer(name, num_blocks=blocks), expected(name, num_blocks=blocks))


@pytest.mark.parametrize("name", NAMES)
def test_without_query_residual_in_the_encoder(name):
    assert (tensors(expected(name))[0] - tensors(expected(name, use_query_residual=False))[0]).abs().max() > FAR
    assert_equal(answer(name, use_query_residual=False), expected(name, use_query_residual=False))


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize("wanted", [[3], [11, 2, 19], [5, 5], []])
def test_outputs_picked_for_the_batch(name, wanted):
    wanted = torch.tensor(wanted, dtype=torch.long)
    assert_equal(answer(name, wanted), expected(name)[:, wanted])


@pytest.mark.parametrize("name", FLAT)
def test_outputs_picked_for_each_example(name):
    wanted = torch.tensor([[4, 0, 17], [9, 19, 1]])
    rows = expected(name)
    assert_equal(answer(name, wanted), torch.stack([rows[0, wanted[0]], rows[1, wanted[1]]]))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_one_output_of_a_classifier_by_its_index(name):
    assert_equal(answer(name, torch.tensor([0])), expected(name))


@pytest.mark.parametrize(
    ("image", "audio"),
    [([5, 127, 64], [2, 0]), ([0], [3]), ([9, 9], [0, 1, 2, 3]), ([1, 2, 3], []), ([], [1])],
)
def test_outputs_picked_by_modality(image, audio):
    rows = expected(MULTIMODAL)
    found = answer(
        MULTIMODAL, {"image": torch.tensor(image).long(), "audio": torch.tensor(audio).long(), "label": None}
    )
    assert_equal(found["image"], rows["image"][:, image])
    assert_equal(found["audio"], rows["audio"].unflatten(1, (4, 16))[:, audio].flatten(1))
    assert_equal(found["label"], rows["label"])


@pytest.mark.parametrize("missing", [{"image": None}, {"audio": None}, {"image": None, "audio": None}])
def test_none_is_all_of_a_modality(missing):
    assert_equal(answer(MULTIMODAL, {**TINY[MULTIMODAL].all_outputs, **missing}), expected(MULTIMODAL))


def test_none_is_all_modalities():
    model = tiny_model(MULTIMODAL)
    with torch.no_grad():
        assert_equal(decode(model, encode(model, tiny_inputs(MULTIMODAL))), expected(MULTIMODAL))


@pytest.mark.parametrize("name", TEXTS)
def test_padding_is_not_read(name):
    model, ids = tiny_model(name), tiny_inputs(name)
    mask = torch.ones_like(ids, dtype=torch.bool)
    mask[1, 13:] = False
    padded = reference(model, ids, attention_mask=mask).logits
    assert (padded - expected(name))[1].abs().max() > FAR
    assert_equal(answer(name, mask=mask), padded)
    with torch.no_grad():
        short = encode(model, ids[1:, :13])
        assert_equal(decode(model, short), padded[1:])


@pytest.mark.parametrize("name", NAMES)
def test_chunks_of_outputs_change_nothing(name, monkeypatch):
    lengths = spy_on_decoder(monkeypatch, tiny_model(name))
    monkeypatch.setattr(engine, "CHUNK_BYTES", 1)
    assert_equal(answer(name), expected(name))
    assert lengths == [1] * TINY[name].answers


@pytest.mark.parametrize("name", FLAT)
def test_chunks_hold_as_many_outputs_as_fit(name, monkeypatch):
    lengths = spy_on_decoder(monkeypatch, tiny_model(name))
    widest = {"PerceiverForMaskedLM": 256, "PerceiverForOpticalFlow": 322}[name]
    monkeypatch.setattr(engine, "CHUNK_BYTES", 8 * 4 * 2 * widest)  # 8 queries of float32 for a batch of 2
    assert_equal(answer(name), expected(name))
    count = TINY[name].answers
    assert lengths == [8] * (count // 8) + [count % 8]


@pytest.mark.parametrize("name", NAMES)
def test_padded_heads_change_nothing(name, monkeypatch):
    sizes = set()
    fused = torch.nn.functional.scaled_dot_product_attention

    def spy(queries, keys, values, **options):
        sizes.add((queries.shape[-1], keys.shape[-1], values.shape[-1]))
        return fused(queries, keys, values, **options)

    monkeypatch.setattr(attention.F, "scaled_dot_product_attention", spy)
    plain = answer(name)
    unequal = {size for size in sizes if len(set(size)) > 1}
    sizes.clear()
    monkeypatch.setattr(attention, "FUSED_BYTES", 0)
    assert_equal(answer(name), plain)
    assert_equal(answer(name), expected(name))
    assert all(len(set(size)) == 1 for size in sizes)
    # The variants with no widths of their own have one head size already.
    assert unequal or tiny_model(name).config.qk_channels is None


@pytest.mark.parametrize("name", NAMES)
def test_latents_are_transformers_last_hidden_state(name):
    """In float64: latents grow with depth, and in float32 transformers itself is 2e-5 away from the truth there."""
    model, inputs = deepcopy(tiny_model(name)).double(), doubled(tiny_inputs(name))
    state = reference(model, inputs, output_hidden_states=True).hidden_states[-1]
    with torch.no_grad():
        assert_equal(encode(model, inputs).latents, state, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_mixing_is_the_product_of_transformers_maps(name):
    model, inputs = tiny_model(name), tiny_inputs(name)
    found = reference(model, inputs)
    with torch.no_grad():
        encoded = encode(model, inputs, keep_mixing=True)
    expected = torch.eye(7).double().expand(BATCH, -1, -1)
    for whole in found.attentions:
        expected = (torch.eye(7) + whole.double().mean(dim=1)) / 2 @ expected
    assert encoded.mixing.dtype == torch.float32
    assert spread(expected, dim=-1) > FAR
    assert_equal(encoded.mixing.double(), expected)
    with torch.no_grad():
        assert_equal(encoded.latents, encode(model, inputs).latents)


@pytest.mark.parametrize("side", Projected)
@pytest.mark.parametrize("changes", [{}, {"num_cross_attention_heads": 1}])
@pytest.mark.parametrize("name", NAMES)
def test_either_side_of_an_attention_may_be_projected(name, changes, side, monkeypatch):
    """Whichever is cheaper: the queries into the channels of what is read, what is read into theirs, or both."""
    monkeypatch.setattr(attention, "_cheapest", lambda *_: side)
    assert_equal(answer(name, **changes), expected(name, **changes))


@pytest.mark.parametrize("side", Projected)
@pytest.mark.parametrize("name", TEXTS)
def test_padding_is_not_read_on_any_side(name, side, monkeypatch):
    monkeypatch.setattr(attention, "_cheapest", lambda *_: side)
    test_padding_is_not_read(name)


@pytest.mark.parametrize("side", Projected)
def test_half_the_precision_on_any_side(side, monkeypatch):
    """bfloat16 has eight bits: an answer of 1 may be off by some hundredths."""
    name = "PerceiverForOpticalFlow"
    monkeypatch.setattr(attention, "_cheapest", lambda *_: side)
    model, inputs = deepcopy(tiny_model(name, num_blocks=1)).bfloat16(), tiny_inputs(name).bfloat16()
    with torch.no_grad():
        found = decode(model, encode(model, inputs))
    assert found.dtype == torch.bfloat16
    assert_equal(found.float(), expected(name, num_blocks=1), atol=HALF_ATOL * expected(name, num_blocks=1).std())


def test_the_published_flow_model_projects_what_is_cheaper():
    """Its latents ask 182,528 pixels, and are asked by them: it is the latents' side that is projected, both times."""
    with torch.device("meta"):
        model = PerceiverForOpticalFlow(PUBLISHED["deepmind/optical-flow-perceiver"]).eval()
    pixels, latents = 368 * 496, 2048
    encoder, decoder = model.perceiver.encoder, engine.basic_decoder(model)
    asking, read = decoder.decoding_cross_attention.attention, encoder.cross_attention.attention
    with torch.inference_mode():
        assert attention._cheapest(read, latents, pixels) is Projected.QUERY_SIDE
        assert attention._cheapest(encoder.self_attends[0].attention, latents, latents) is Projected.BOTH
        assert attention._cheapest(asking, pixels, latents) is Projected.KEY_SIDE
        assert attention._cheapest(asking, 1, latents) is Projected.QUERY_SIDE
    # Training keeps to what the fused kernel has gradients for.
    assert attention._cheapest(asking, pixels, latents) is Projected.BOTH


def doubled(inputs: Any) -> Any:
    if isinstance(inputs, dict):
        return {name: doubled(tensor) for name, tensor in inputs.items()}
    return inputs.double() if inputs.is_floating_point() else inputs


def test_interpolated_positions_equal_transformers():
    name = "PerceiverForImageClassificationLearned"
    model, larger = tiny_model(name), torch.randn(2, 3, 8, 10)
    with torch.no_grad():
        found = decode(model, encode(model, larger, interpolate_positions=True))
    assert_equal(found, reference(model, larger, interpolate_pos_encoding=True).logits)


@pytest.mark.parametrize("side", Projected)
@pytest.mark.parametrize("name", ["PerceiverForMaskedLM", "PerceiverForImageClassificationConvProcessing"])
def test_gradients_equal_transformers(name, side, monkeypatch):
    """Training goes through the engine."""
    monkeypatch.setattr(attention, "_cheapest", lambda *_: side)
    found, wanted = deepcopy(tiny_model(name)), deepcopy(tiny_model(name))
    inputs = tiny_inputs(name)
    decode(found, encode(found, inputs)).square().mean().div(10).backward()
    wanted(inputs=inputs).logits.square().mean().div(10).backward()
    gradients = {key: parameter.grad for key, parameter in wanted.named_parameters()}
    assert max(gradient.abs().max() for gradient in gradients.values()) > FAR
    # The bias of keys moves no attention: folded, it is not asked, and its gradient is none instead of nearly zero.
    ours = {key: torch.zeros_like(p) if p.grad is None else p.grad for key, p in found.named_parameters()}
    assert_equal(ours, gradients)


def test_attention_drops_out_in_training_only():
    """Where all attention is dropped, chance has no part: transformers answers the same, and not as in evaluation."""
    model = deepcopy(tiny_model("PerceiverForMaskedLM", attention_probs_dropout_prob=1.0))
    inputs = tiny_inputs("PerceiverForMaskedLM")
    with torch.no_grad():
        evaluated = decode(model, encode(model, inputs))
        model.train()
        trained = decode(model, encode(model, inputs))
    assert_equal(trained, reference(model, inputs).logits)
    assert (trained - evaluated).abs().max() > FAR


def test_size_of_an_encoding_counts_every_tensor_in_it():
    """The cache of latents is bounded by it."""
    for name in NAMES:
        with torch.no_grad():
            encoded = encode(tiny_model(name), tiny_inputs(name), keep_mixing=True)
        held = [encoded.inputs, encoded.latents, encoded.mixing]
        without_pos = encoded.inputs_without_pos
        held += without_pos.values() if isinstance(without_pos, dict) else [without_pos]
        storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in held}
        assert encoded.nbytes >= sum(storages.values()), name


def spy_on_decoder(monkeypatch: pytest.MonkeyPatch, model: torch.nn.Module) -> list[int]:
    """The number of queries in each call of the decoder's cross-attention, as they come."""
    lengths: list[int] = []
    decoder, run_layer = engine.basic_decoder(model).decoding_cross_attention, engine.run_layer

    def spy(layer, hidden, *rest):
        if layer is decoder:
            lengths.append(hidden.shape[1])
        return run_layer(layer, hidden, *rest)

    monkeypatch.setattr(engine, "run_layer", spy)
    return lengths
