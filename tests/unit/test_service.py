"""The service: what it keeps, what it runs anew, what its results are, and from many threads."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.schema import ByteAt, CheckpointUnavailable, InputError, Probe
from tests.masked_sentence import GOOD, assert_close, assert_same, parts
from tests.tiny_models import Counting, load_tiny, unavailable

OTHER = replace(GOOD, text="words that went there")


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def counted(counting: Counting) -> LocalBackend:
    return LocalBackend(Settings(device="cpu"), counting)


# What is kept


def test_second_question_runs_the_decoder_alone(counted, counting):
    first = counted.run(GOOD)
    second = counted.run(replace(GOOD, top_k=9, probe=Probe(ByteAt(4))))
    assert (counting.loads, counting.reads) == (["masked_bytes"], ["masked_bytes"])
    assert (first.run.encoder_cached, second.run.encoder_cached) == (False, True)
    assert_close(second.probabilities[:, :5], first.probabilities)


@pytest.mark.parametrize("other", [OTHER, replace(GOOD, mask=((3, 6), (11, 12)))])
def test_other_inputs_are_read_anew(counted, counting, other):
    first, second, again = counted.run(GOOD), counted.run(other), counted.run(GOOD)
    assert [result.run.encoder_cached for result in (first, second, again)] == [False, False, True]
    assert len(counting.reads) == 2
    assert_same(second, LocalBackend(Settings(device="cpu"), load_tiny).run(other))


def test_other_weights_read_the_same_inputs_anew(counted, counting):
    embedded, published = counted.run(GOOD), counted.run(replace(GOOD, weights="published"))
    assert counting.reads == ["masked_bytes", "deepmind/language-perceiver"]
    assert not published.run.encoder_cached
    assert (published.run.model, published.run.weights) == ("deepmind/language-perceiver", "published")
    assert np.abs(embedded.probabilities - published.probabilities).max() > 1e-2
    alone = LocalBackend(Settings(device="cpu"), load_tiny).run(replace(GOOD, weights="published"))
    assert_same(published, alone)


def test_iterative_rounds_are_known_the_second_time(counted, counting):
    request = replace(GOOD, decoding="iterative")
    first = counted.run(request)
    assert len(counting.reads) == 5
    second = counted.run(request)
    assert len(counting.reads) == 5
    assert (first.run.encoder_cached, second.run.encoder_cached) == (False, True)
    assert_same(second, first)


def test_a_byte_filled_one_by_one_is_traced_with_one_reading(counted, counting):
    request = replace(GOOD, decoding="iterative")
    plain = counted.run(request)
    traced = counted.run(replace(request, probe=Probe(ByteAt(4))))
    assert len(counting.reads) == 6
    again = counted.run(replace(request, probe=Probe(ByteAt(4), "decoder")))
    assert len(counting.reads) == 6
    for result in (traced, again):
        assert_same(replace(result, attention=None, traced=None), plain)


def test_decodings_are_kept_apart(counted):
    requests = [GOOD, replace(GOOD, decoding="iterative")]
    alone = [LocalBackend(Settings(device="cpu"), load_tiny).run(request) for request in requests]
    for request, expected in zip(requests * 2, alone * 2, strict=True):
        assert_same(counted.run(request), expected)


def test_no_room_for_latents_means_reading_anew(counting):
    service = LocalBackend(Settings(device="cpu", latent_cache_mib=0), counting)
    first, second = service.run(GOOD), service.run(GOOD)
    assert (second.run.encoder_cached, len(counting.reads), len(counting.loads)) == (False, 2, 1)
    assert_same(second, first)


def test_no_room_for_models_means_loading_anew(counting):
    service = LocalBackend(Settings(device="cpu", model_cache_mib=0), counting)
    first, second = service.run(GOOD), service.run(GOOD)
    assert counting.loads == ["masked_bytes"] * 2
    assert_same(second, first)


# Results


def test_results_are_plain_and_pickle(service):
    result = service.run(replace(GOOD, probe=Probe(ByteAt(4))))
    assert {type(part).__module__.split(".")[0] for part in parts(result)} <= {"builtins", "numpy"}
    assert_same(pickle.loads(pickle.dumps(result)), result)


@pytest.mark.parametrize("decoding", ["parallel", "iterative"])
def test_arrays_belong_to_the_result(service, decoding):
    """Whoever writes into one does no harm to the next."""
    request = replace(GOOD, decoding=decoding, probe=Probe(ByteAt(4), "decoder"))
    first = service.run(request)
    expected = deepcopy(first)
    for array in (first.positions, first.probabilities, first.candidates, first.order, first.attention.values):
        array[:] = 0
    assert_same(service.run(request), expected)


def test_run_info(service):
    run = service.run(GOOD).run
    assert (run.model, run.weights, run.device, run.dtype, run.seed) == (
        "masked_bytes",
        "embedded",
        "cpu",
        "float32",
        None,
    )
    assert 0 < run.seconds < 60


def test_dtype_of_the_settings(service):
    low = LocalBackend(Settings(device="cpu", dtype="bfloat16"), load_tiny)
    result, exact = low.run(replace(GOOD, probe=Probe(ByteAt(4)))), service.run(GOOD)
    assert result.run.dtype == "bfloat16"
    assert result.probabilities.dtype == np.float32
    assert 1e-5 < np.abs(result.probabilities - exact.probabilities).max() < 0.1
    assert result.attention.values.sum() + result.attention.latent_share == pytest.approx(1, abs=1e-2)


def test_unknown_request(service):
    with pytest.raises(TypeError, match="str"):
        service.run("words that were here")


def test_mistakes_and_missing_weights_pass(service):
    with pytest.raises(InputError):
        service.run(replace(GOOD, mask=()))
    with pytest.raises(CheckpointUnavailable, match="not there"):
        LocalBackend(Settings(device="cpu"), unavailable).run(GOOD)


def test_loader_is_asked_again_after_it_failed(counting):
    answers = [unavailable, counting]
    service = LocalBackend(Settings(device="cpu"), lambda *args: answers.pop(0)(*args))
    with pytest.raises(CheckpointUnavailable):
        service.run(GOOD)
    assert service.run(GOOD).filled


# Threads


@pytest.mark.parametrize("room", [0, 64])
def test_eight_threads_equal_one(room):
    requests = [
        replace(request, weights=weights, decoding=decoding, probe=probe)
        for request in (GOOD, OTHER)
        for weights in ("embedded", "published")
        for decoding, probe in (
            ("parallel", None),
            ("iterative", Probe(ByteAt(4))),
            ("parallel", Probe(ByteAt(5), "encoder", head=1)),
        )
    ]
    limits = {"model_cache_mib": room, "latent_cache_mib": room}
    alone = LocalBackend(Settings(device="cpu", **limits), load_tiny)
    expected = [alone.run(request) for request in requests]
    together = LocalBackend(Settings(device="cpu", **limits), load_tiny)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(together.run, requests * 4))
    for one, other in zip(found, expected * 4, strict=True):
        assert_same(one, other)


def test_one_model_is_loaded_once_by_eight_threads(counted, counting):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(counted.run, [GOOD] * 16))
    assert (len(counting.loads), len(counting.reads)) == (1, 1)
