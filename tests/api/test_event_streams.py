"""Answers as clients read them."""

import httpx
import pytest
from gradio_client import Client

from models.schema import LabelScore, SentimentRequest, SentimentResult
from pages.sentiment.gradio_page import PAGE
from tests.fake_backend import RUN, FakeBackend
from tests.serving import serving


def echo(request: SentimentRequest) -> SentimentResult:
    return SentimentResult(request.text, (LabelScore(request.text, 1.0, 1),), (), 1, None, None, RUN)


def test_an_answer_may_contain_any_character() -> None:
    text = "".join(map(chr, [*range(0x400), *range(0x2000, 0x2100), 0xFFFF, 0x1F600]))
    with serving(FakeBackend({SentimentRequest: echo}), [PAGE]) as address:
        answer = Client(address, verbose=False).predict(text, api_name="/sentiment")
    assert answer["labels"][0]["name"] == text


def test_a_stream_of_a_session_that_is_gone_ends(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(FakeBackend({}), [PAGE]) as address:
        stream = httpx.get(f"{address}gradio_api/queue/data", params={"session_hash": "gone"}, timeout=60)
    assert '"session_not_found":true' in stream.text
    assert "Traceback" not in "".join(capfd.readouterr())
