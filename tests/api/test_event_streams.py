"""Answers as clients read them."""

import json

import httpx
import pytest

from models.schema import LabelScore, SentimentRequest, SentimentResult
from pages.sentiment.gradio_page import PAGE
from tests.fake_backend import RUN, FakeBackend
from tests.serving import serving


def echo(request: SentimentRequest) -> SentimentResult:
    return SentimentResult(request.text, (LabelScore(request.text, 1.0, 1),), (), 1, None, None, RUN)


def test_an_answer_may_contain_any_character() -> None:
    text, session = "".join(map(chr, [*range(0x400), *range(0x2000, 0x2100), 0xFFFF, 0x1F600])), {"session_hash": "a"}
    with serving(FakeBackend({SentimentRequest: echo}), [PAGE]) as address, httpx.Client(timeout=60) as client:
        url = f"{address}gradio_api/"
        parameters = client.get(f"{url}info").json()["named_endpoints"]["/sentiment"]["parameters"]
        values = [text, *(each["parameter_default"] for each in parameters[1:])]
        client.post(f"{url}call/sentiment", json={"data": values} | session).raise_for_status()
        with client.stream("GET", f"{url}queue/data", params=session) as stream:
            events = [json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line]
    answer = next(each for each in events if each["msg"] == "process_completed")
    assert answer["output"]["data"][0]["labels"][0]["name"] == text


def test_a_stream_of_a_session_that_is_gone_ends(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(FakeBackend({}), [PAGE]) as address:
        stream = httpx.get(f"{address}gradio_api/queue/data", params={"session_hash": "gone"}, timeout=60)
    assert '"session_not_found":true' in stream.text
    assert "Traceback" not in "".join(capfd.readouterr())
