"""The softmax rows asked for against the whole maps of transformers' `output_attentions`, all seven classes."""

from typing import Any

import pytest
import torch
from torch import Tensor

from models.perceiver import attention
from models.perceiver.attention import attention_rows, run_layer_and_map, sliced_attention_rows
from models.perceiver.engine import Encoded, basic_decoder, decoder_queries, encode, perceiver_of
from models.perceiver.provenance import attending_latents, decoder_rows, encoder_rows, read_through_encoder
from tests.tiny_models import (
    FAR,
    NAMES,
    TEXTS,
    TINY,
    assert_equal,
    reference,
    spread,
    tiny_inputs,
    tiny_model,
)


@torch.no_grad()
def encoded_of(name: str, mask: Tensor | None = None) -> Encoded:
    return encode(tiny_model(name), tiny_inputs(name, batch=1), mask)


def maps(name: str, **options: Any) -> Any:
    return reference(tiny_model(name), tiny_inputs(name, batch=1), **options)


@pytest.mark.parametrize("name", NAMES)
def test_maps_to_compare_are_far_from_uniform(name):
    """Else any row would do for any other: over keys, over queries where there are several, over heads."""
    found = maps(name)
    for whole in (found.cross_attentions[0], *found.attentions, found.cross_attentions[-1]):
        assert spread(whole, dim=-1) > FAR
        assert whole.shape[2] == 1 or spread(whole, dim=2) > FAR
        assert whole.shape[1] == 1 or spread(whole, dim=1) > FAR


@pytest.mark.parametrize("folds", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_encoder_rows(name, folds, monkeypatch):
    monkeypatch.setattr(attention, "_folds", lambda *_: folds)
    whole = maps(name).cross_attentions[0][0]
    with torch.no_grad():
        assert_equal(encoder_rows(tiny_model(name), encoded_of(name)), whole.mean(dim=0))
        for head in range(len(whole)):
            assert_equal(encoder_rows(tiny_model(name), encoded_of(name), head=head), whole[head])
        some = torch.tensor([6, 0, 3])
        assert_equal(encoder_rows(tiny_model(name), encoded_of(name), some), whole[:, some].mean(dim=0))
        assert_equal(encoder_rows(tiny_model(name), encoded_of(name), slice(4, 5), head=0), whole[0, 4:5])


@pytest.mark.parametrize("name", NAMES)
def test_decoder_rows(name):
    whole = maps(name).cross_attentions[-1][0]
    wanted = TINY[name].all_outputs
    with torch.no_grad():
        assert_equal(decoder_rows(tiny_model(name), encoded_of(name), wanted), whole.mean(dim=0))
        for head in range(len(whole)):
            assert_equal(decoder_rows(tiny_model(name), encoded_of(name), wanted, head), whole[head])


@pytest.mark.parametrize("name", [name for name in NAMES if TINY[name].all_outputs is None])
def test_decoder_rows_of_some_outputs(name):
    whole = maps(name).cross_attentions[-1][0]
    wanted = torch.tensor([TINY[name].answers - 1, 0])
    with torch.no_grad():
        assert_equal(decoder_rows(tiny_model(name), encoded_of(name), wanted), whole[:, wanted].mean(dim=0))


def test_decoder_rows_by_modality():
    name = "PerceiverForMultimodalAutoencoding"
    whole = maps(name).cross_attentions[-1][0]
    some = {"image": torch.tensor([100, 7]), "audio": torch.tensor([2]), "label": None}
    places = [2, 4 + 100, 4 + 7, 4 + 128]  # transformers puts modalities in the order of their names
    with torch.no_grad():
        assert_equal(decoder_rows(tiny_model(name), encoded_of(name), some), whole[:, places].mean(dim=0))


@pytest.mark.parametrize("name", NAMES)
def test_self_attention_rows(name):
    found = maps(name, output_hidden_states=True)
    layers = perceiver_of(tiny_model(name)).encoder.self_attends
    assert len(found.attentions) == 4
    with torch.no_grad():
        for index, whole in enumerate(found.attentions):
            hidden = before_layer(found.hidden_states, index)
            assert_equal(attention_rows(layers[index % 2].attention.self, hidden), whole)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows_at_once", [1, 3, 7])
def test_a_layer_gives_its_map_with_its_output(name, rows_at_once, monkeypatch):
    found = maps(name, output_hidden_states=True)
    layers = perceiver_of(tiny_model(name)).encoder.self_attends
    monkeypatch.setattr(attention, "MAP_BYTES", rows_at_once * 4 * found.attentions[0][:, :, :1].numel())
    with torch.no_grad():
        for index in (0, 2):
            output, mean = run_layer_and_map(layers[0], before_layer(found.hidden_states, index))
            assert_equal(output, before_layer(found.hidden_states, index + 1))
            assert_equal(mean, found.attentions[index].mean(dim=1))


def before_layer(states: tuple[Tensor, ...], index: int) -> Tensor:
    """transformers lists the state between the two blocks of two layers twice."""
    return states[index + (index >= 2)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows_at_once", [1, 3])
def test_slices_make_up_the_whole_map(name, rows_at_once, monkeypatch):
    model, encoded, found = tiny_model(name), encoded_of(name), maps(name, output_hidden_states=True)
    latents = perceiver_of(model).embeddings(batch_size=1)
    with torch.no_grad():
        queries = decoder_queries(model, encoded, TINY[name].all_outputs)
    for layer, hidden, inputs, whole in (
        (perceiver_of(model).encoder.cross_attention, latents, encoded.inputs, found.cross_attentions[0]),
        (perceiver_of(model).encoder.self_attends[0], found.hidden_states[0], None, found.attentions[0]),
        (basic_decoder(model).decoding_cross_attention, queries, encoded.latents, found.cross_attentions[-1]),
    ):
        one_row = 4 * whole[:, :, :1].numel()
        monkeypatch.setattr(attention, "MAP_BYTES", rows_at_once * one_row + one_row - 1)
        with torch.no_grad():
            slices = list(sliced_attention_rows(layer.attention.self, hidden, inputs))
        assert_equal(torch.cat([rows for _, rows in slices], dim=2), whole)
        for which, rows in slices:
            assert_equal(rows, whole[:, :, which])
            assert rows.shape[2] <= rows_at_once


def test_a_row_larger_than_the_limit_still_comes(monkeypatch):
    name = "PerceiverForMaskedLM"
    hidden = maps(name, output_hidden_states=True).hidden_states[0]
    layer = perceiver_of(tiny_model(name)).encoder.self_attends[0]
    monkeypatch.setattr(attention, "MAP_BYTES", 1)
    with torch.no_grad():
        slices = list(sliced_attention_rows(layer.attention.self, hidden))
    assert [rows.shape[2] for _, rows in slices] == [1] * 7


@pytest.mark.parametrize("name", TEXTS)
def test_padding_gets_no_attention(name):
    mask = torch.arange(20)[None] < 13
    whole = maps(name, attention_mask=mask).cross_attentions[0][0]
    with torch.no_grad():
        found = encoder_rows(tiny_model(name), encoded_of(name, mask))
        nobody = attending_latents(tiny_model(name), encoded_of(name, mask), 13)
    assert_equal(found, whole.mean(dim=0))
    assert (found[:, 13:] == 0).all()
    assert (nobody == 0).all()
    assert_equal(found.sum(dim=-1), torch.ones(7))


@pytest.mark.parametrize("name", NAMES)
def test_encoder_rows_weighted(name):
    whole = maps(name).cross_attentions[0][0]
    weights = torch.rand(2, 7)
    with torch.no_grad():
        found = read_through_encoder(tiny_model(name), encoded_of(name), weights)
        of_head = read_through_encoder(tiny_model(name), encoded_of(name), weights, head=0)
    assert_equal(found, weights @ whole.mean(dim=0))
    assert_equal(of_head, weights @ whole[0])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows_at_once", [1, 3, 7])
def test_readers_of_an_input_are_a_column(name, rows_at_once, monkeypatch):
    whole = maps(name).cross_attentions[0][0]
    monkeypatch.setattr(attention, "MAP_BYTES", rows_at_once * 4 * whole[:, :1].numel())
    for place in (0, 1, whole.shape[2] - 1):
        with torch.no_grad():
            found = attending_latents(tiny_model(name), encoded_of(name), place)
        assert_equal(found, whole[:, :, place].mean(dim=0))
