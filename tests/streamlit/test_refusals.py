"""Inputs that cannot be used, on every page of the Streamlit front end."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.binding import APOLOGY
from pages.streamlit_ui.pages import PAGES
from pages.streamlit_ui.shell import App, serve
from tests.streamlit.test_pages import button, result
from tests.streamlit.visitor import alerts, markup, settled, view_of, visit

TEXTS = {
    "masked_bytes": {"text": "a [MASK]", "mask": "[]"},
    "sentiment": {"text": "good"},
    "text_generation": {"prompt": "a cat"},
}
"""By page: the query of a view. Its first value is a text."""
FILES = {
    "image_classification": ("image", "broken.png"),
    "optical_flow": ("second", "broken.png"),
    "av_autoencoding": ("clip", "broken.mp4"),
}
"""By page: an input, and the name of a file for it."""


def upload(at: AppTest, name: str, field: str, file: str, content: bytes = b"no such thing") -> None:
    (uploader,) = (each for each in at.file_uploader if str(each.key).startswith(f"{name}-{field}-"))
    settled(uploader.upload(file, content).run())


def explained(at: AppTest, name: str, shown: dict[str, Any]) -> None:
    """Runs an input that cannot be used: a message says so, and the result before stays."""
    assert shown["markup"]
    settled(button(at, name).click().run())
    (alert,) = alerts(at)
    assert alert not in ("", APOLOGY)
    assert result(at, name) == {**shown, "outdated": True}
    assert not view_of(at, name).running


@pytest.mark.parametrize("name", TEXTS)
def test_an_empty_text_is_explained_and_the_result_stays(name: str, service: Any) -> None:
    serve(App(service, PAGES))
    at = visit(page=name, **TEXTS[name])
    shown = result(at, name)
    at.text_area(f"{name}-{next(iter(TEXTS[name]))}").set_value("")
    explained(at, name, shown)


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_explained_and_the_result_stays(name: str) -> None:
    at = visit(page=name)
    shown = result(at, name)
    upload(at, name, *FILES[name])
    explained(at, name, shown)


def test_a_dataset_without_labels_cannot_be_trained_on() -> None:
    at = visit(page="fine_tuning")
    settled(at.radio("fine_tuning-example").set_value("").run())
    assert button(at, "fine_tuning").disabled
    upload(at, "fine_tuning", "file", "rows.csv", b"text,label\na,yes\nb,yes\n")
    (alert,) = alerts(at)
    assert alert != APOLOGY
    assert button(at, "fine_tuning").disabled
    rows = (f"{label} {number},{label}\n" for label in "ab" for number in range(9))
    upload(at, "fine_tuning", "file", "rows.csv", "".join(["text,label\n", *rows]).encode())
    assert not alerts(at)
    assert not button(at, "fine_tuning").disabled


def test_an_empty_text_is_not_classified_by_a_fine_tuned_model() -> None:
    at = visit(page="fine_tuning")
    settled(button(at, "fine_tuning").click().run())
    settled(at.button("fine_tuning-test").click().run())
    labels = markup(at, "fine_tuning-test-labels")
    at.text_area("fine_tuning-text").set_value(" ")
    settled(at.button("fine_tuning-test").click().run())
    assert len(alerts(at)) == 1
    assert markup(at, "fine_tuning-test-labels") == labels


def test_a_table_and_a_clip_that_cannot_be_read_are_explained() -> None:
    at = visit(page="sentiment")
    upload(at, "sentiment_table", "file", "table.csv", b"PK\x03\x04" + bytes(99))
    assert len(alerts(at)) == 1
    assert at.button("sentiment_table-submit").disabled
    at = visit(page="optical_flow")
    settled(at.radio("optical_flow-source").set_value("clip").run())
    upload(at, "optical_flow", "clip", "clip.mp4")
    assert len(alerts(at)) == 1
    assert at.button("optical_flow-make-film").disabled
