"""What the task of masked bytes refuses, and that it says why in words for the visitor."""

from dataclasses import replace

import pytest

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.schema import ByteAt, InputError, MaskedBytesRequest, Probe, TokenAt
from tests.masked_sentence import GOOD
from tests.tiny_models import READS, tiny_model


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": "", "mask": ()}, "empty"),
        ({"mask": ()}, "No bytes are masked"),
        ({"mask": ((0, 20),)}, "All bytes are masked"),
        ({"text": "[MASK]", "mask": ()}, "All bytes are masked"),
        ({"text": "a" * 2049}, "2,049 bytes"),
        ({"text": "é" * 1025}, "2,050 bytes"),
        ({"text": "words that \ud83d were here"}, "Character 12 .*D83D"),
        ({"mask": ((5, 4),)}, "5:4"),
        ({"mask": ((5, 5),)}, "5:5"),
        ({"mask": ((-1, 5),)}, "-1:5"),
        ({"mask": ((5, 21),)}, "5:21 .* 20 bytes"),
        ({"mask": ((1.5, 4),)}, "pair of byte offsets"),
        ({"mask": (7,)}, "pair of byte offsets"),
        ({"top_k": 0}, "1 to 256"),
        ({"top_k": 257}, "1 to 256"),
        ({"top_k": -1}, "1 to 256"),
        ({"decoding": "greedy"}, "parallel or iterative"),
        ({"weights": "mine"}, "embedded or published"),
        ({"probe": Probe(ByteAt(20))}, "no byte 20: .* 0 to 19"),
        ({"probe": Probe(TokenAt(3))}, "ByteAt, not TokenAt"),
        ({"probe": Probe(ByteAt(-1))}, "no byte -1"),
        ({"probe": Probe(ByteAt(3), "gradient")}, "not 'gradient'"),
        ({"probe": Probe(ByteAt(3), "rollout", head=0)}, "Rollout"),
        ({"probe": Probe(ByteAt(3), "encoder", head=2)}, "no head 2.* 0 to 1"),
        ({"probe": Probe(ByteAt(3), "decoder", head=8)}, "no head 8.* 0 to 7"),
        ({"probe": Probe(ByteAt(3), "encoder", head=-1)}, "no head -1"),
        ({"probe": Probe(ByteAt(3), "encoder", latent=7)}, "no latent 7.* 0 to 6"),
        ({"probe": Probe(ByteAt(3), "encoder", latent=-1)}, "no latent -1"),
    ],
)
def test_what_is_refused(service, changes, words):
    service.run(GOOD)
    with pytest.raises(InputError, match=words):
        service.run(replace(GOOD, **changes))


def test_one_by_one_fills_128_bytes_and_no_more():
    longer = LocalBackend(
        Settings(device="cpu"), lambda *args: tiny_model("PerceiverForMaskedLM", max_position_embeddings=140)
    )
    result = longer.run(MaskedBytesRequest("x" * 138, ((0, 128),), decoding="iterative"))
    assert sorted(result.order.tolist()) == list(range(128))
    with pytest.raises(InputError, match=r"129 bytes.* 128"):
        longer.run(MaskedBytesRequest("x" * 138, ((0, 129),), decoding="iterative"))
    assert len(longer.run(MaskedBytesRequest("x" * 138, ((0, 129),))).positions) == 129


def test_bytes_that_are_not_read_cannot_be_traced(service):
    request = MaskedBytesRequest("x" * (READS + 8), ((2, 3),))
    service.run(replace(request, probe=Probe(ByteAt(READS - 1))))
    with pytest.raises(InputError, match=f"no byte {READS}: .* 0 to {READS - 1}"):
        service.run(replace(request, probe=Probe(ByteAt(READS))))


@pytest.mark.parametrize("start", [READS, READS + 3])
def test_hidden_bytes_behind_the_head_are_refused(service, start):
    text = "x" * (READS + 8)
    with pytest.raises(InputError, match=f"first {READS} of {READS + 8} bytes"):
        service.run(MaskedBytesRequest(text, ((2, 3), (start, start + 1))))
    with pytest.raises(InputError, match="after them"):
        service.run(MaskedBytesRequest(text, ((start, start + 1),)))


def test_a_head_that_is_all_hidden_is_refused(service):
    """What is visible lies where the model does not read."""
    for decoding in ("parallel", "iterative"):
        with pytest.raises(InputError, match="masked"):
            service.run(MaskedBytesRequest("x" * (READS + 8), ((0, READS),), decoding=decoding))
