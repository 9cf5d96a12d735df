"""The pages' main calls as a program makes them."""

from base64 import b64decode, b64encode
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

from app import create_app, launch_options
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.flow_files import read_flow
from models.data.media.reading import open_clip
from models.schema import (
    METHODS,
    ImageClassificationRequest,
    MaskedBytesRequest,
    OpticalFlowRequest,
    PixelAt,
    Probe,
    SentimentRequest,
    TextGenerationRequest,
    TokenAt,
)
from pages.gradio_ui.pages import PAGES
from tests.clip_files import clip_bytes, numbered, tone

SENTENCE = "This is an incomplete sentence where some words are missing."


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


def named_calls(backend: LocalBackend) -> list[str]:
    return [call.name for page in PAGES for call in page.screen(backend).calls]


def test_only_the_main_calls_are_public_and_documented(client: Client) -> None:
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    calls = named_calls(LocalBackend(Settings(device="cpu")))
    assert set(endpoints) == {f"/{call}" for call in calls}
    assert {page.endpoint for page in PAGES} < {*calls}
    assert all(len(each["description"]) > 40 for each in endpoints.values())


def test_costs_are_calculated(client: Client) -> None:
    answer = client.predict(1024, latents=16, api_name="/cost")
    fewer = client.predict(512, latents=16, api_name="/cost")
    assert 2 < answer["transformer"]["operations"] / fewer["transformer"]["operations"] < 4
    with pytest.raises(Exception, match="latents"):
        client.predict(1024, latents=0, api_name="/cost")


def test_masked_bytes_answers_as_the_service_does(client: Client) -> None:
    answer = client.predict(SENTENCE, [[51, 60]], top_k=3, byte=53, method="rollout", api_name="/masked_bytes")
    request = MaskedBytesRequest(SENTENCE, ((51, 60),), top_k=3, decoding="iterative")
    result = LocalBackend(Settings(device="cpu")).run(request)
    assert answer["filled"] == result.filled
    assert answer["positions"] == result.positions.tolist()
    assert answer["candidates"] == result.candidates.tolist()
    assert answer["attention"]["method"] == "rollout"
    assert len(answer["attention"]["values"]) == 62


def test_a_text_is_classified_as_by_the_service(client: Client) -> None:
    text = "A warm and funny film."
    answer = client.predict(text, occlude=True, method="encoder", api_name="/sentiment")
    service = LocalBackend(Settings(device="cpu"))
    result = service.run(SentimentRequest(text, Probe(None, "encoder"), occlude=True))
    assert [label["name"] for label in answer["labels"]] == [label.name for label in result.labels]
    assert answer["windows"][0]["stop"] == len(text)
    assert result.occlusion
    assert result.attention
    np.testing.assert_allclose(answer["occlusion"]["drops"], result.occlusion.drops, atol=1e-4)
    np.testing.assert_allclose(answer["attention"]["values"], result.attention.values, atol=1e-5)


def test_attributions_come_with_their_faithfulness(client: Client) -> None:
    answer = client.predict("Warm and funny.", api_name="/sentiment_faithfulness")
    assert [each["method"] for each in answer["methods"]] == [*METHODS]
    assert answer["parts"] == ["Warm ", "and ", "funny."]
    assert len(answer["random"]["deletion"]) == 8
    for each in answer["methods"]:
        assert each["deletion"][0] == pytest.approx(answer["probability"], abs=1e-4)
    plain = client.predict("Warm and funny.", api_name="/sentiment_attribute")
    np.testing.assert_allclose(plain["methods"][0]["values"], answer["methods"][0]["values"], atol=1e-3)
    assert "deletion" not in plain["methods"][0]


def test_rows_are_taught_and_new_texts_classified_and_nothing_is_kept(client: Client) -> None:
    rows = [[f"{word} {i}", label] for i in range(6) for word, label in (("yes", "agree"), ("no", "refuse"))]
    before = client.predict("yes 7", api_name="/sentiment")["labels"]
    answer = client.predict(rows, texts=["yes 7"], epochs=1, batch_size=4, api_name="/fine_tuning")
    assert answer["labels"] == ["agree", "refuse"]
    assert len(answer["losses"]) == 3  # ten rows learn, four at a time; two are held out
    assert np.sum(answer["confusion"]) == 2
    assert {label["name"] for label in answer["answers"][0]} == {"agree", "refuse"}
    assert client.predict("yes 7", api_name="/sentiment")["labels"] == before
    with pytest.raises(Exception, match="label"):
        client.predict([["a", "one"]] * 9, api_name="/fine_tuning")


def test_a_text_is_written_on_as_by_the_service(client: Client) -> None:
    asked = {"num_latents": 4, "max_new_tokens": 9, "seed": 3}
    answer = client.predict("The sea was", **asked, token=8, api_name="/text_generation")
    service = LocalBackend(Settings(device="cpu"))
    request = TextGenerationRequest("The sea was", **asked, temperature=0.6, probe=Probe(TokenAt(8), "encoder"))
    result = service.run(request)
    assert answer["text"] == result.text
    assert [token["content"] for token in answer["tokens"]] == [token.content.hex() for token in result.tokens]
    assert (answer["finish_reason"], answer["traced"], answer["prefix_length"], answer["latents"]) == (
        "length",
        8,
        7,
        12,
    )
    assert result.attention
    np.testing.assert_allclose(answer["attention"]["values"], result.attention.values, atol=1e-5)
    compared = client.predict("The sea was", **asked, compare=True, short_prefix=2, api_name="/text_generation")
    assert len(compared["short_prefix"]["tokens"]) == 9
    assert compared["short_prefix"]["tokens"][0]["prefix"] == 2
    with pytest.raises(Exception, match="1,024"):
        client.predict("x" * 2_000, api_name="/text_generation")


def test_a_picture_is_classified_as_by_the_service(client: Client) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8))
    request = ImageClassificationRequest(picture, "conv", top_k=3, probe=Probe(None, "rollout"))
    result = LocalBackend(Settings(device="cpu")).run(request)
    for image in (written(picture), f"data:image/png;base64,{written(picture)}"):
        answer = client.predict(image, variant="conv", top_k=3, method="rollout", api_name="/image_classification")
        assert [label["name"] for label in answer["labels"]] == [label.name for label in result.labels]
        assert answer["grid"] == [7, 7]
        assert answer["attention"]["title"] == result.attention.title
        np.testing.assert_allclose(answer["attention"]["values"], result.attention.values, atol=1e-6)


def written(picture: Image.Image) -> str:
    file = BytesIO()
    picture.save(file, "PNG")
    return b64encode(file.getvalue()).decode()


def test_a_flow_comes_as_the_service_finds_it(client: Client, tmp_path: Path) -> None:
    frames = [Image.fromarray(np.random.default_rng(n).integers(0, 256, (40, 60, 3), np.uint8)) for n in (0, 1)]
    result = LocalBackend(Settings(device="cpu")).run(OpticalFlowRequest(*frames, Probe(PixelAt(10, 20), "encoder")))
    answer = client.predict(*map(written, frames), pixel=[10, 20], api_name="/optical_flow")
    (tmp_path / "found.flo").write_bytes(b64decode(answer["flo"]))
    np.testing.assert_allclose(read_flow(tmp_path / "found.flo", (40, 60)), result.flow, atol=1e-4)
    assert (answer["width"], answer["height"]) == (60, 40)
    assert answer["vector"] == pytest.approx(result.flow[10, 20].tolist(), abs=1e-4)
    assert answer["largest"] == pytest.approx(np.linalg.norm(result.flow, axis=2).max(), abs=1e-4)
    np.testing.assert_allclose(answer["attention"]["values"], result.attention.values, atol=1e-6)
    assert answer["trace"]["sizes"] == [[60, 40]]


@pytest.mark.parametrize(
    ("sizes", "pixel", "said"), [(((60, 40), (61, 40)), None, "61"), (((60, 40),) * 2, [40, 0], "row 40")]
)
def test_frames_that_cannot_be_compared_come_back_in_words(client: Client, sizes, pixel, said: str) -> None:
    frames = (written(Image.new("RGB", size)) for size in sizes)
    with pytest.raises(Exception, match=said):
        client.predict(*frames, pixel=pixel, api_name="/optical_flow")


def test_a_clip_comes_back_reconstructed(client: Client, tmp_path: Path) -> None:
    file = clip_bytes(frames=[numbered(number, (48, 48)) for number in range(25)], sound=tone(440, 1, 48_000))
    answer = client.predict(b64encode(file).decode(), mask=["audio"], pixel=[0, 0, 5], api_name="/av_autoencoding")
    (tmp_path / "rebuilt.mp4").write_bytes(b64decode(answer["mp4"]))
    clip = open_clip(tmp_path / "rebuilt.mp4")
    assert (clip.frames, clip.width, clip.height) == (16, 240, 240)
    assert clip.sound is not None
    assert [label["index"] for label in answer["labels"]] == [int(label["name"]) for label in answer["labels"]]
    assert answer["snr_db"] < 3  # it did not hear it
    assert (answer["fps"], answer["sample_rate"]) == (15.625, 8000)
    assert answer["trace"]["area"] == [0, 0, 0, 8, 8]
    assert len(answer["attention"]["values"]) == 128 + 8 * 6 * 6 + 1
    with pytest.raises(Exception, match="clip"):
        client.predict(b64encode(b"no clip").decode(), api_name="/av_autoencoding")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("masked_bytes", ("", []), "empty"),
        ("masked_bytes", ("abc", [[2, 9]]), "2:9"),
        ("masked_bytes", ("é" * 2000, [[0, 1]]), "2,048"),
        ("image_classification", ("%%%",), "base64"),
        ("image_classification", (b64encode(b"no picture").decode(),), "not an image"),
    ],
)
def test_errors_reach_the_caller(client: Client, name: str, arguments: tuple, message: str) -> None:
    with pytest.raises(Exception, match=message):
        client.predict(*arguments, api_name=f"/{name}")


def test_mcp_is_off_unless_a_setting_switches_it_on(address: str) -> None:
    schema = "gradio_api/mcp/schema"
    assert httpx.get(address + schema).status_code == 404
    service = LocalBackend(Settings(device="cpu", weights="embedded", mcp=True))
    app = create_app(service)
    _, url, _ = app.launch(
        **launch_options(service.settings) | {"server_port": None}, prevent_thread_lock=True, quiet=True
    )
    tools = httpx.get(url + schema).json()
    app.close()
    assert [tool["name"] for tool in tools] == named_calls(service)
    properties = {tool["name"]: tool["inputSchema"]["properties"] for tool in tools}
    assert "Half-open spans of UTF-8 bytes" in properties["masked_bytes"]["mask"]["description"]
