"""The task of masked bytes: what transformers' forward says of the same text."""

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.schema import ByteAt, MaskedBytesRequest, Probe
from tests.masked_sentence import FIRST_BYTE, POSITIONS, SPANS, TEXT, assert_close, assert_same, forward, padded_forward
from tests.tiny_models import READS, load_tiny, tiny_model

# Predictions


def test_parallel_equals_transformers(service):
    result = service.run(MaskedBytesRequest(TEXT, SPANS, top_k=256))
    expected = padded_forward(TEXT, POSITIONS).probabilities
    assert result.positions.tolist() == POSITIONS
    for row, candidates, probabilities in zip(expected, result.candidates, result.probabilities, strict=True):
        assert_close(probabilities, row[FIRST_BYTE:][candidates])
        assert sorted(candidates.tolist()) == list(range(256))
        assert (np.diff(probabilities) <= 0).all()
        assert 0.5 < probabilities.sum() < 1  # the rest is for special tokens
    assert np.ptp(expected, axis=0).max() > 1e-2  # the positions differ


def test_best_candidates_come_first(service):
    result = service.run(MaskedBytesRequest(TEXT, SPANS, top_k=3))
    expected = padded_forward(TEXT, POSITIONS).probabilities[:, FIRST_BYTE:]
    assert result.candidates.tolist() == np.argsort(-expected, axis=1)[:, :3].tolist()
    assert_close(result.probabilities, -np.sort(-expected, axis=1)[:, :3])


@pytest.mark.parametrize("decoding", ["parallel", "iterative"])
def test_best_candidates_fill_the_text(service, decoding):
    result = service.run(MaskedBytesRequest(TEXT, SPANS, decoding=decoding))
    expected = bytearray(TEXT.encode())
    for position, candidates in zip(POSITIONS, result.candidates, strict=True):
        expected[position] = candidates[0]
    assert result.filled_bytes == bytes(expected)
    assert result.filled == bytes(expected).decode(errors="replace")
    assert (result.bytes_read, result.bytes_total) == (20, 20)


def test_iterative_replayed_by_hand(service):
    """Each round the most certain byte of those that wait, then transformers reads the text with it anew."""
    result = service.run(MaskedBytesRequest(TEXT, SPANS, top_k=256, decoding="iterative"))
    content, waiting = bytearray(TEXT.encode()), list(POSITIONS)
    for turn in range(len(POSITIONS)):
        found = forward(bytes(content), waiting, waiting).probabilities[:, FIRST_BYTE:]
        surest = int(found.max(axis=1).argmax())
        position = waiting.pop(surest)
        index = POSITIONS.index(position)
        assert result.order[index] == turn
        assert_close(result.probabilities[index], -np.sort(-found[surest]))
        assert_close(result.probabilities[index], found[surest][result.candidates[index]])
        content[position] = found[surest].argmax()
    assert result.filled_bytes == bytes(content)
    assert result.order.tolist() != sorted(result.order.tolist())  # not simply from left to right


def test_progress_shows_each_byte_in_the_order_of_the_result(service, monkeypatch):
    monkeypatch.setattr("models.tasks.masked_bytes.PROGRESS_SECONDS", 0)
    request = MaskedBytesRequest(TEXT, SPANS, decoding="iterative", probe=Probe())
    *parts, result = service.stream(request)
    assert len(parts) == len(POSITIONS) - 1
    for number, part in enumerate(parts, start=1):
        assert part.filled.tolist() == result.positions[result.order < number].tolist()
        assert part.masked.tolist() == result.positions[result.order >= number].tolist()
        expected = bytearray(result.filled_bytes)
        for position in part.masked:
            expected[position] = part.content[position]
        assert part.content == bytes(expected)
    (cached,) = service.stream(request)
    assert cached.run.encoder_cached
    assert_same(cached, result)
    assert_same(LocalBackend(Settings(device="cpu"), load_tiny).run(request), result)


def test_a_quick_request_has_no_progress(service):
    (result,) = service.stream(MaskedBytesRequest(TEXT, SPANS, decoding="parallel"))
    assert_same(result, service.run(MaskedBytesRequest(TEXT, SPANS, decoding="parallel")))


def test_decodings_differ_where_bytes_depend_on_each_other(service):
    parallel = service.run(MaskedBytesRequest(TEXT, SPANS))
    iterative = service.run(MaskedBytesRequest(TEXT, SPANS, decoding="iterative"))
    assert parallel.order.tolist() == [0] * 5
    first = int(np.flatnonzero(iterative.order == 0)[0])
    assert_close(iterative.probabilities[first], parallel.probabilities[first])
    assert np.abs(iterative.probabilities - parallel.probabilities).max() > 1e-3


def test_one_hidden_byte_is_the_same_in_both(service):
    parallel = service.run(MaskedBytesRequest(TEXT, ((4, 5),)))
    iterative = service.run(MaskedBytesRequest(TEXT, ((4, 5),), decoding="iterative"))
    assert_close(iterative.probabilities, parallel.probabilities)
    assert iterative.filled == parallel.filled


def test_types_of_the_arrays(service):
    result = service.run(MaskedBytesRequest(TEXT, SPANS, top_k=2))
    found = [(a.dtype, a.shape) for a in (result.positions, result.candidates, result.probabilities, result.order)]
    assert found == [(np.int64, (5,)), (np.uint8, (5, 2)), (np.float32, (5, 2)), (np.int64, (5,))]
    assert result.attention is None


@settings(max_examples=30)
@given(
    text=st.text(st.characters(codec="utf-8"), min_size=2, max_size=READS // 4),
    decoding=st.sampled_from(["parallel", "iterative"]),
    data=st.data(),
)
def test_any_short_text(text, decoding, data):
    """What is visible stays; what is hidden becomes the best candidate, be that text or not."""
    raw = text.encode()
    hidden = data.draw(st.sets(st.integers(0, len(raw) - 1), min_size=1, max_size=min(6, len(raw) - 1)))
    request = MaskedBytesRequest(text, tuple((at, at + 1) for at in hidden), decoding=decoding)
    result = LocalBackend(Settings(device="cpu"), load_tiny).run(request)
    best = dict(zip(result.positions.tolist(), result.candidates[:, 0].tolist(), strict=True))
    assert set(best) == hidden
    assert list(result.filled_bytes) == [best.get(at, byte) for at, byte in enumerate(raw)]
    assert result.filled == result.filled_bytes.decode("utf-8", errors="replace")
    assert sorted(result.order.tolist()) == (list(range(len(best))) if decoding == "iterative" else [0] * len(best))


# Bytes that are not characters


def test_fill_that_is_no_character():
    """A model that says 0xFF to everything."""

    def certain(*args: Any):
        model = deepcopy(tiny_model("PerceiverForMaskedLM", max_position_embeddings=READS + 2))
        model.embedding_decoder.bias.data[FIRST_BYTE + 0xFF] = 100
        return model

    result = LocalBackend(Settings(device="cpu"), certain).run(MaskedBytesRequest("ab☕cd", ((3, 4),)))
    assert result.filled_bytes == b"ab\xe2\xff\x95cd"
    assert result.filled == "ab\ufffd\ufffd\ufffdcd"
    assert_close(result.probabilities[0, 0], 1)


def test_one_byte_of_a_character_is_hidden(service):
    raw = "a ☕ b".encode()
    result = service.run(MaskedBytesRequest("a ☕ b", ((3, 4),), top_k=256))
    assert result.positions.tolist() == [3]
    assert_close(result.probabilities[0], forward(raw, [3], [3]).probabilities[0, FIRST_BYTE:][result.candidates[0]])
    assert len(result.filled_bytes) == len(raw)


def test_special_tokens_in_a_text_are_bytes(service):
    text = "a [SEP] [CLS] [PAD] b"
    result = service.run(MaskedBytesRequest(text, ((0, 1),), top_k=256))
    expected = forward(text.encode(), [0], [0]).probabilities[0, FIRST_BYTE:]
    assert_close(result.probabilities[0], expected[result.candidates[0]])
    assert result.filled_bytes[1:] == text.encode()[1:]
    assert result.bytes_read == len(text)


def test_control_characters_are_bytes(service):
    text = "\0a\x01\n\t\x7f\r\x1b"
    result = service.run(MaskedBytesRequest(text, ((1, 2),), top_k=256))
    expected = forward(text.encode(), [1], [1]).probabilities[0, FIRST_BYTE:]
    assert_close(result.probabilities[0], expected[result.candidates[0]])
    assert result.filled_bytes[0:1] + result.filled_bytes[2:] == text.replace("a", "").encode()


def test_literal_mask_is_one_hidden_byte(service):
    """Positions count it as one."""
    result = service.run(MaskedBytesRequest("ab[MASK]cd[MASK]ef", ((9, 10),), top_k=256))
    assert result.positions.tolist() == [2, 4, 5]
    expected = forward(b"ab?cd?ef", [2, 4, 5], [2, 4, 5]).probabilities[:, FIRST_BYTE:]
    assert_close(result.probabilities, np.take_along_axis(expected, result.candidates.astype(int), axis=1))
    best = result.candidates[:, 0].tolist()
    assert list(result.filled_bytes) == [*b"ab", best[0], *b"c", best[1], best[2], *b"ef"]
    assert (result.bytes_read, result.bytes_total) == (8, 8)


# Texts longer than the model


def test_long_text_is_read_to_where_the_model_ends(service):
    text = "x" * READS + " and what follows"
    result = service.run(MaskedBytesRequest(text, ((5, 7),), top_k=256))
    assert (result.bytes_read, result.bytes_total) == (READS, len(text))
    expected = forward(text[:READS].encode(), [5, 6], [5, 6]).probabilities[:, FIRST_BYTE:]
    assert_close(result.probabilities, np.take_along_axis(expected, result.candidates.astype(int), axis=1))
    assert result.filled_bytes[READS:] == text[READS:].encode()


def test_text_as_long_as_the_model_reads(service):
    result = service.run(MaskedBytesRequest("x" * READS, ((READS - 1, READS),)))
    assert (result.bytes_read, result.bytes_total) == (READS, READS)


def test_head_does_not_cut_a_character(service):
    result = service.run(
        MaskedBytesRequest("x" * (READS - 1) + "☕ and more", ((5, 7),), probe=Probe(ByteAt(READS - 2)))
    )
    assert result.bytes_read == READS - 1
    assert result.attention.values.shape == (READS + 1,)
