"""What is refused before a request is read."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest


def test_a_body_that_is_too_long_is_refused(address: str) -> None:
    content = b'{"data": ["' + b"x" * 90 * 2**20 + b'"]}'
    url, headers = f"{address}gradio_api/call/sentiment", {"content-type": "application/json"}
    assert httpx.post(url, content=content, headers=headers, timeout=60).status_code == 413

    def parts() -> Iterator[bytes]:
        yield from (content[start : start + 2**20] for start in range(0, len(content), 2**20))

    assert httpx.post(url, content=parts(), headers=headers, timeout=60).status_code == 413


@pytest.mark.parametrize(("origin", "status"), [("own", 200), (None, 200), ("https://elsewhere.example", 403)])
def test_uploads_from_other_websites_are_refused(address: str, origin: str | None, status: int) -> None:
    own = f"http://{urlsplit(address).netloc}"
    headers = {"origin": own if origin == "own" else origin} if origin else {}
    response = httpx.post(f"{address}gradio_api/upload", files={"files": ("a.txt", b"a")}, headers=headers)
    assert response.status_code == status


def test_the_api_is_described_only_if_switched_on(address: str) -> None:
    assert httpx.get(f"{address}gradio_api/openapi.json").status_code == 404
    assert httpx.get(f"{address}gradio_api/info").status_code == 200


def test_a_long_value_is_not_written_to_the_log(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    response = httpx.post(f"{address}gradio_api/call/sentiment", json={"data": ["secret" * 1000]}, timeout=60)
    assert response.status_code == 422
    assert "takes" in response.json()["detail"]
    assert "secret" not in "".join(capfd.readouterr())
