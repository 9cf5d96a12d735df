"""The pages' main calls as a program makes them."""

from base64 import b64encode
from io import BytesIO

import httpx
import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

from app import create_app, launch_options
from models.schema import ImageClassificationRequest, MaskedBytesRequest, Probe
from models.service import ModelService
from models.settings import Settings
from pages import PAGES

SENTENCE = "This is an incomplete sentence where some words are missing."


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


def test_only_the_main_calls_are_public_and_documented(client: Client) -> None:
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert set(endpoints) == {f"/{page.name}" for page in PAGES}
    for page in PAGES:
        assert len(endpoints[f"/{page.name}"]["description"]) > 40


def test_masked_bytes_answers_as_the_service_does(client: Client) -> None:
    answer = client.predict(SENTENCE, [[51, 60]], top_k=3, trace=53, api_name="/masked_bytes")
    result = ModelService(Settings(device="cpu")).run(MaskedBytesRequest(SENTENCE, ((51, 60),), top_k=3))
    assert answer["filled"] == result.filled
    assert answer["positions"] == result.positions.tolist()
    assert answer["candidates"] == result.candidates.tolist()
    assert answer["attention"]["method"] == "rollout"
    assert len(answer["attention"]["values"]) == 62


def test_a_picture_is_classified_as_by_the_service(client: Client) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
    file = BytesIO()
    picture.save(file, "PNG")
    request = ImageClassificationRequest(picture, "conv", top_k=3, probe=Probe(None, "rollout"))
    result = ModelService(Settings(device="cpu")).run(request)
    written = b64encode(file.getvalue()).decode()
    for image in (written, f"data:image/png;base64,{written}"):
        answer = client.predict(image, "conv", top_k=3, trace=True, api_name="/image_classification")
        assert [label["name"] for label in answer["labels"]] == [label.name for label in result.labels]
        assert answer["grid"] == [7, 7]
        assert answer["attention"]["title"] == result.attention.title
        np.testing.assert_allclose(answer["attention"]["values"], result.attention.values, atol=1e-6)


@pytest.mark.parametrize(
    ("image", "said"), [("%%%", "base64"), ("", "empty"), (b64encode(b"no picture").decode(), "no picture")]
)
def test_what_is_no_picture_comes_back_in_words(client: Client, image: str, said: str) -> None:
    with pytest.raises(Exception, match=said):
        client.predict(image, api_name="/image_classification")


@pytest.mark.parametrize(
    ("text", "mask", "said"),
    [
        ("", [], "no text"),
        ("abc", [], "Nothing is hidden"),
        ("abc", [[2, 9]], "not inside"),
        ("é" * 2000, [[0, 1]], "2,048"),
    ],
)
def test_mistakes_come_back_in_words(client: Client, text: str, mask: list, said: str) -> None:
    with pytest.raises(Exception, match=said):
        client.predict(text, mask, api_name="/masked_bytes")


def test_mcp_is_off_unless_a_setting_switches_it_on(address: str) -> None:
    schema = "gradio_api/mcp/schema"
    assert httpx.get(address + schema).status_code == 404
    service = ModelService(Settings(device="cpu", weights="embedded", mcp=True))
    app = create_app(service)
    _, url, _ = app.launch(
        **launch_options(service.settings) | {"server_port": None}, prevent_thread_lock=True, quiet=True
    )
    tools = httpx.get(url + schema).json()
    app.close()
    assert [tool["name"] for tool in tools] == [page.name for page in PAGES]
    assert "Half-open spans of UTF-8 bytes" in tools[0]["inputSchema"]["properties"]["mask"]["description"]
