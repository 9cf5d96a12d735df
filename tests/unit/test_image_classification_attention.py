"""What the task of image classification shows of its attention, against the whole maps of transformers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.backend.local import LocalBackend
from models.schema import AttentionMap, ImageClassificationResult, LabelAt, Probe
from tests.masked_sentence import assert_close
from tests.noisy_picture import GOOD, GRID, VARIANTS, Read, forward
from tests.tiny_models import SIDE
from tests.unit.test_provenance import whole_product

LATENTS = 7
HEADS = {"learned": 2, "fourier": 1, "conv": 2}


def asked(service: LocalBackend, variant: Any, **changes: Any) -> ImageClassificationResult:
    return service.run(replace(GOOD, variant=variant, **changes))


def probed(service: LocalBackend, variant: Any, probe: Probe, **changes: Any) -> AttentionMap:
    attention = asked(service, variant, probe=probe, **changes).attention
    assert attention.values.dtype == np.float32
    assert attention.method == probe.method
    assert attention.uniform == pytest.approx(attention.values.sum() / attention.values.size)
    assert attention.values.sum() + attention.latent_share + attention.query_share == pytest.approx(1, abs=1e-5)
    return attention


def on_grid(row: np.ndarray) -> np.ndarray:
    """A row of inputs as they lie in the picture, row after row."""
    side = round(len(row) ** 0.5)
    return row.reshape(side, side)


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def whole(variant: Any) -> Read:
    return forward(variant)


def test_maps_to_compare_are_far_from_uniform(variant, whole):
    """Else any would do for any other: over inputs by more than ten times the tolerance, and more over latents."""
    assert whole.encoder.shape == (HEADS[variant], LATENTS, GRID[variant] ** 2)
    assert whole.decoder.shape == (1, LATENTS)
    assert np.ptp(whole.encoder, axis=2).min() > 1e-3
    assert np.ptp(whole.encoder.mean(axis=0), axis=0).max() > 1e-3
    assert np.ptp(whole.decoder) > 1e-2


# The map


def test_rollout(service, variant, whole):
    """Half stays with the output's query, a quarter with the latent array, and the last quarter is read."""
    found = probed(service, variant, Probe(LabelAt(3)))
    expected = whole_product(whole.maps, decoder_residual=True, encoder_residual=True)
    assert np.ptp(expected.inputs) > 1e-4
    np.testing.assert_allclose(found.values, on_grid(expected.inputs[0]), rtol=0, atol=1e-6)
    assert (found.query_share, found.latent_share) == (0.5, pytest.approx(0.25, abs=1e-6))
    assert "rollout" in found.title
    assert found.title.endswith("LABEL_3")


def test_encoder_weighted_by_what_the_output_reads(service, variant, whole):
    found = probed(service, variant, Probe(LabelAt(0), "encoder"))
    expected = np.tensordot(whole.decoder.mean(axis=0), whole.encoder.mean(axis=0), 1)
    assert_close(found.values, on_grid(expected))
    assert (found.latent_share, found.query_share) == (0, 0)
    assert "weighted by decoder attention" in found.title
    assert found.title.endswith("LABEL_0")


def test_encoder_mean_of_latents(service, variant, whole):
    found = probed(service, variant, Probe(LabelAt(0), "encoder", weighted=False))
    plain = whole.encoder.mean(axis=(0, 1))
    assert_close(found.values, on_grid(plain))
    weighted = np.tensordot(whole.decoder.mean(axis=0), whole.encoder.mean(axis=0), 1)
    assert np.abs(plain - weighted).max() > 1e-4
    assert "mean over latents" in found.title
    assert "LABEL" not in found.title  # no output has a part in it


def test_encoder_of_one_latent(service, variant, whole):
    for latent in (0, 4, LATENTS - 1):
        for weighted in (True, False):
            found = probed(service, variant, Probe(LabelAt(0), "encoder", latent=latent, weighted=weighted))
            assert_close(found.values, on_grid(whole.encoder.mean(axis=0)[latent]))
            assert f"latent {latent}" in found.title
            assert "LABEL" not in found.title


def test_heads_of_the_encoder(service, variant, whole):
    weights = whole.decoder.mean(axis=0)
    for head in range(HEADS[variant]):
        found = probed(service, variant, Probe(LabelAt(0), "encoder", head=head))
        assert_close(found.values, on_grid(weights @ whole.encoder[head]))
        found = probed(service, variant, Probe(LabelAt(0), "encoder", head=head, latent=2))
        assert_close(found.values, on_grid(whole.encoder[head, 2]))
        found = probed(service, variant, Probe(LabelAt(0), "encoder", head=head, weighted=False))
        assert_close(found.values, on_grid(whole.encoder[head].mean(axis=0)))
        assert f"head {head}" in found.title
        assert "mean over heads" not in found.title


def test_decoder(service, variant, whole):
    found = probed(service, variant, Probe(LabelAt(9), "decoder"))
    assert found.values.shape == (LATENTS,)
    assert_close(found.values, whole.decoder[0])
    assert_close(probed(service, variant, Probe(LabelAt(9), "decoder", head=0)).values, whole.decoder[0])
    assert found.title.endswith("LABEL_9")


@pytest.mark.parametrize("method", ["rollout", "decoder"])
def test_what_is_for_the_encoder_alone_changes_no_other(service, method):
    plain = probed(service, "conv", Probe(LabelAt(3), method))
    for options in ({"latent": 2}, {"weighted": False}):
        found = probed(service, "conv", Probe(LabelAt(3), method, **options))
        assert_close(found.values, plain.values)
        assert found.title == plain.title


@pytest.mark.parametrize("method", ["rollout", "decoder", "encoder"])
def test_one_query_answers_for_all_classes(service, variant, method):
    """So that the map is the same for each; the title says whose it is."""
    one, other = (probed(service, variant, Probe(LabelAt(output), method)) for output in (0, 7))
    assert_close(one.values, other.values)
    assert one.title.replace("LABEL_0", "LABEL_7") == other.title != one.title


@pytest.mark.parametrize("size", [28, 2 * SIDE])
@pytest.mark.parametrize("weights", ["embedded", "published"])
def test_maps_at_other_sizes(service, variant, size, weights):
    whole = forward(variant, weights, size=size)
    found = probed(service, variant, Probe(LabelAt(0), "encoder", latent=1), size=size, weights=weights)
    assert_close(found.values, on_grid(whole.encoder.mean(axis=0)[1]))
    rolled = probed(service, variant, Probe(LabelAt(0)), size=size, weights=weights)
    expected = whole_product(whole.maps, decoder_residual=True, encoder_residual=True)
    np.testing.assert_allclose(rolled.values, on_grid(expected.inputs[0]), rtol=0, atol=1e-6)


def test_a_probe_changes_nothing_else(service, variant):
    plain, traced = asked(service, variant), asked(service, variant, probe=Probe(LabelAt(3)))
    assert (traced.labels, traced.grid) == (plain.labels, plain.grid)
    assert (plain.attention, traced.latent_maps, traced.attending_latents, traced.positions) == (None,) * 4


# Single latents


@pytest.mark.parametrize("count", [1, 3, LATENTS])
def test_maps_of_the_latents_that_are_read_most(service, variant, whole, count):
    found = asked(service, variant, latent_maps=count).latent_maps
    weights, encoder = whole.decoder.mean(axis=0), whole.encoder.mean(axis=0)
    assert found.latents.tolist() == np.argsort(-weights)[:count].tolist()
    assert_close(found.weights, -np.sort(-weights)[:count])
    assert found.maps.shape == (count, *[GRID[variant]] * 2)
    assert_close(found.maps, np.stack([on_grid(encoder[latent]) for latent in found.latents]))
    assert_close(found.maps.sum(axis=(1, 2)), 1)


def test_weights_of_all_latents_sum_to_one(service, variant):
    assert_close(asked(service, variant, latent_maps=LATENTS).latent_maps.weights.sum(), 1)


def test_readers_of_a_place(service, variant, whole):
    """A column of the encoder's map: what each latent reads there."""
    encoder = whole.encoder.mean(axis=0)
    strongest = int(encoder.max(axis=0).argmax())
    for place in (0, GRID[variant], strongest, GRID[variant] ** 2 - 1):
        found = asked(service, variant, place=place).attending_latents
        assert_close(found, encoder[:, place])
    assert np.ptp(encoder[:, strongest]) > 1e-3


def test_readers_and_maps_are_of_the_same_places(service, variant):
    """Which the visitor sees as row and column."""
    side = GRID[variant]
    row, column = side // 3, side - 2
    result = asked(service, variant, latent_maps=LATENTS, place=row * side + column)
    maps = result.latent_maps
    assert_close(maps.maps[:, row, column], result.attending_latents[maps.latents])


# Positions


@pytest.mark.parametrize("size", [None, 28])
def test_positions_are_the_last_channels_of_what_is_read(service, variant, size):
    found = asked(service, variant, positions=True, size=size).positions
    expected = forward(variant, size=size or SIDE).positions
    assert_close(found, expected.reshape(*found.shape))
    assert np.ptp(found, axis=(0, 1)).max() > 0.1
    assert found.shape[2] == (256 if variant == "learned" else 258)


@pytest.mark.parametrize("fourier", ["fourier", "conv"])
def test_fourier_positions_begin_with_row_and_column(service, fourier):
    """From -1 to 1; then sines of 64 frequencies of each, the lowest first, then the cosines."""
    found = asked(service, fourier, positions=True).positions
    places = np.linspace(-1, 1, GRID[fourier])
    assert_close(found[..., 0], np.repeat(places[:, None], GRID[fourier], axis=1))
    assert_close(found[..., 1], np.repeat(places[None], GRID[fourier], axis=0))
    assert_close(found[..., 2], np.sin(np.pi * found[..., 0]))
    assert_close(found[..., 2 + 64], np.sin(np.pi * found[..., 1]))
    assert_close(found[..., 2 + 128], np.cos(np.pi * found[..., 0]))


def test_positions_do_not_depend_on_the_picture(service, variant):
    one, other = (
        asked(service, variant, positions=True, image=image).positions
        for image in (GOOD.image, GOOD.image.transpose(0).convert("L"))
    )
    assert_close(one, other)
