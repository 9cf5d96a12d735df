"""What visitors do on single pages of the Streamlit front end, and actions that take long."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from components.analysis.cost import Sizes, costs
from models.schema import (
    AttributionRequest,
    ByteAt,
    FramePixel,
    ImageClassificationRequest,
    InputsAt,
    MaskedBytesRequest,
    PixelAt,
    SentimentRequest,
    TextGenerationRequest,
    TextGenerationStep,
    TokenAt,
)
from pages.lessons.screen import LESSONS
from pages.masked_bytes.screen import EXAMPLES
from pages.session import SessionStore
from pages.streamlit_ui.shell import _leave
from pages.text_generation.screen import TextGenerationScreen
from pages.view import View, at_once
from tests.image_files import saved
from tests.markup import Elements
from tests.screens.test_network import staged
from tests.screens.test_text_generation import final_step
from tests.streamlit.conftest import EveryTask
from tests.streamlit.visitor import alerts, click, markup, send, settled, view_of, visit

IMAGE = saved(Image.new("RGB", (40, 30), "teal"), "PNG")


def test_a_click_on_a_byte_shows_its_attention(backend: EveryTask) -> None:
    at = visit()
    click(at, "masked_bytes-filled", position=3)
    assert backend.requests[-1].probe.target == ByteAt(3)
    assert at.query_params["byte"] == "3"
    settled(at.radio("masked_bytes-method").set_value("decoder").run())
    assert (backend.requests[-1].probe.method, backend.requests[-1].probe.target) == ("decoder", ByteAt(3))
    asked = len(backend.requests)
    settled(at.radio("masked_bytes-scale").set_value("log").run())
    assert (len(backend.requests), at.query_params["scale"]) == (asked, "log")


@pytest.mark.parametrize("name", ["sentiment", "masked_bytes", "image_classification"])
def test_faithfulness_is_measured_on_request(name: str, backend: EveryTask) -> None:
    at = visit(name)
    assert not any(isinstance(request, AttributionRequest) for request in backend.requests)
    settled(at.button(f"{name}-measure").click().run())
    assert backend.requests[-1].faithfulness
    assert markup(at, f"{name}-faithfulness")["markup"].count("<tr>") == 3
    settled(at.button(f"{name}-randomize").click().run())
    assert markup(at, f"{name}-random-models")["markup"].count("<tr>") == 2


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("sentiment", SentimentRequest),
        ("masked_bytes", MaskedBytesRequest),
        ("image_classification", ImageClassificationRequest),
    ],
)
def test_inputs_are_left_out_and_shown_again(name: str, request_: type, backend: EveryTask) -> None:
    backend.answers[request_] = staged(backend.answers[request_])
    at = visit(name)
    click(at, f"{name}-network", without="inputs", cells=[1, 2])
    (without,) = backend.requests[-1].probe.without
    assert isinstance(without, InputsAt)
    assert "network-comparison" in markup(at, f"{name}-network")["markup"]
    click(at, f"{name}-network", without="inputs", cells=[])
    assert "network-comparison" not in markup(at, f"{name}-network")["markup"]


def test_the_mask_strip_and_the_text_follow_each_other(backend: EveryTask) -> None:
    at = visit()
    strip = markup(at, "masked_bytes-mask")["value"]
    send(at, "masked_bytes-mask", "input", strip | {"spans": [[0, 2]], "edits": 1})
    assert markup(at, "masked_bytes-filled")["outdated"]
    settled(at.text_area("masked_bytes-text").set_value(f"Oh! {EXAMPLES[0].text}").run())
    assert markup(at, "masked_bytes-mask")["value"]["spans"] == [[4, 6]]
    settled(at.button("masked_bytes-fill").click().run())
    assert backend.requests[-1].mask == ((4, 6),)


@pytest.mark.parametrize(
    ("name", "part", "clicked", "target"),
    [
        ("optical_flow", "motion", {"row": 0.0, "column": 0.0}, PixelAt(0, 0)),
        ("text_generation", "text", {"position": 4}, TokenAt(4)),
        ("av_autoencoding", "strip", {"row": 0.0, "column": 0.0}, FramePixel(0, 0, 0)),
    ],
)
def test_a_click_in_a_result_traces_it(
    name: str, part: str, clicked: dict[str, Any], target: object, backend: EveryTask
) -> None:
    click(visit(page=name), f"{name}-{part}", **clicked)
    assert backend.requests[-1].probe.target == target


def test_a_click_on_a_latent_concerns_its_model_only(backend: EveryTask) -> None:
    at = visit(page="image_classification")
    asked = len(backend.requests)
    click(at, "image_classification-latents-fourier", latent=2)
    (request,) = backend.requests[asked:]
    assert (request.variant, request.probe.latent) == ("fourier", 2)
    click(at, "image_classification-latents-fourier", latent=None)
    assert backend.requests[-1].probe.latent is None


def test_an_uploaded_image_is_classified_and_an_example_takes_its_place(backend: EveryTask) -> None:
    at = visit(page="image_classification")
    (uploader,) = at.file_uploader
    settled(uploader.upload("mine.png", IMAGE, "image/png").run())
    view = view_of(at, "image_classification")
    assert view.values["image"].name == "mine.png"
    assert view.session.get().state.example is None
    click(at, "image_classification-examples", position=1)
    assert view.session.get().state.example == 1
    assert at.file_uploader[0].value is None


def test_a_table_is_classified_by_the_model_of_the_page(backend: EveryTask) -> None:
    at = visit(page="sentiment")
    (uploader,) = at.file_uploader
    settled(uploader.upload("texts.csv", b"text,rating\ngood film,1\nbad film,2\n", "text/csv").run())
    assert at.selectbox("sentiment_table-column").value == "text"
    asked = len(backend.requests)
    settled(at.button("sentiment_table-submit").click().run())
    assert [request.text for request in backend.requests[asked:]] == ["good film", "bad film"]
    assert markup(at, "sentiment_table-table")["markup"]
    assert any(button.key == "sentiment_table-save-table-csv" for button in at.download_button)


def test_a_file_is_written_when_it_is_requested() -> None:
    at = visit()
    keys = [button.key for button in at.download_button]
    assert [key.rpartition("-")[2] for key in keys if key] == ["html", "png", "svg", "npz"]


def test_a_fine_tuned_model_classifies_a_text(backend: EveryTask) -> None:
    at = visit(page="fine_tuning")
    assert at.button("fine_tuning-test").disabled
    settled(at.button("fine_tuning-submit").click().run())
    settled(at.text_area("fine_tuning-text").set_value("Come at once!").run())
    settled(at.button("fine_tuning-test").click().run())
    request = backend.requests[-1]
    assert isinstance(request, SentimentRequest)
    assert (request.text, request.model is None) == ("Come at once!", False)
    assert markup(at, "fine_tuning-test-labels")["markup"]


def test_a_clip_becomes_a_film(backend: EveryTask) -> None:
    at = visit(page="optical_flow")
    settled(at.radio("optical_flow-source").set_value("clip").run())
    assert at.button("optical_flow-make-film").disabled
    settled(at.button("optical_flow-sample").click().run())
    settled(at.slider("optical_flow-start").set_value(22).run())
    settled(at.button("optical_flow-make-film").click().run())
    assert view_of(at, "optical_flow").parts["film"][4:8] == b"ftyp"
    assert not alerts(at)


# Actions that take long


class Endless(EveryTask):
    """Generates without an end, and says when it does."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()

    def stream(self, request: Any) -> Iterator[TextGenerationStep]:
        assert isinstance(request, TextGenerationRequest)
        while True:
            self.begun.set()
            yield final_step(request)
            time.sleep(0.01)


@pytest.fixture
def endless() -> Endless:
    return Endless()


@pytest.fixture
def generating(endless: Endless) -> View:
    """A view in which a text grows."""
    screen = TextGenerationScreen(endless)
    view = View(screen, SessionStore().session("visitor", "text_generation"))
    view.values["stop_strings"] = ()
    view.start([at_once(screen.begin), screen.submit, screen.finish], {})
    assert endless.begun.wait(5)
    assert view.running
    return view


def seconds_until_it_ends(view: View) -> float:
    start = time.monotonic()
    while view.running and time.monotonic() - start < 5:
        time.sleep(0.01)
    return time.monotonic() - start


def test_stop_stops_within_a_second(generating: View) -> None:
    generating.start([at_once(generating.screen.stop)], {})
    assert seconds_until_it_ends(generating) < 1
    assert generating.properties["stop"]["interactive"] is False
    assert generating.properties["continue"]["interactive"] is True


def test_a_job_ends_when_its_visitor_leaves(generating: View) -> None:
    _leave((generating.session.store, "visitor"))
    assert seconds_until_it_ends(generating) < 1


def test_what_a_visitor_changes_meanwhile_is_not_lost(generating: View) -> None:
    generating.values["temperature"] = 1.5
    generating.start([at_once(generating.screen.stop)], {})
    seconds_until_it_ends(generating)
    assert generating.values["temperature"] == 1.5
    assert generating.outdated


def test_an_image_that_was_refused_can_be_replaced(backend: EveryTask) -> None:
    at = visit(page="image_classification")
    (uploader,) = at.file_uploader
    settled(uploader.upload("broken.png", b"no image", "image/png").run())
    assert len(alerts(at)) == 1
    settled(at.file_uploader[0].upload("mine.png", IMAGE, "image/png").run())
    assert isinstance(backend.requests[-1], ImageClassificationRequest)
    assert not alerts(at)


def test_sliders_and_presets_of_the_overview_change_its_charts() -> None:
    at = visit(page="overview")
    send(at, "overview-inputs", "input", 16)
    assert at.query_params["inputs"] == "16"
    chart = json.loads(at.get_by_key("overview-operations").proto.spec)
    (point,) = (trace for trace in chart["data"] if trace["mode"] == "markers" and trace["name"] == "Transformer")
    state = view_of(at, "overview").session.get().state
    assert (point["x"], point["y"]) == ([16], [costs(Sizes(**dict(state)))["Transformer"].operations])
    settled(at.button("overview-example-1").click().run())
    assert markup(at, "overview-inputs")["value"] == 64 + 2  # of the fake model


def test_an_old_link_to_the_root_opens_masked_language_modeling() -> None:
    at = visit(page="", text="a cat", mask="[[2,5]]")
    assert at.text_area("masked_bytes-text").value == "a cat"


def test_answers_to_a_lesson_are_checked_and_kept() -> None:
    at = visit(page="lessons", lesson="1", step="2")
    answer = str(LESSONS[0].steps[1].question.answer)
    place = {"slides": False, "answers": False}
    click(at, "lessons-reader", lesson=1, step=2, answer=answer, **place)
    assert Elements(markup(at, "lessons-reader")["markup"]).of("div", "right")
    click(at, "lessons-reader", lesson=1, step=3, answer=None, **place)
    assert (at.query_params["lesson"], at.query_params["step"]) == ("1", "3")
    assert Elements(markup(at, "lessons-reader")["markup"]).of("div", "empty")
    assert Elements(markup(at, "lessons-reader")["markup"]).of("button", "right")
