"""The actions of the page of sentiment, with a backend that has no model."""

import csv
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest

from models.schema import (
    AttentionMap,
    CheckpointUnavailable,
    InputError,
    LabelScore,
    Occlusion,
    Probe,
    SentimentRequest,
    SentimentResult,
    TextWindow,
)
from pages.screen import Notice, Update, updates
from pages.sentiment.screen import EXAMPLES, SentimentScreen, SentimentState
from pages.sentiment.table import TableScreen
from pages.session import Session
from tests.fake_backend import RUN, SHAPE, FakeBackend
from tests.markup import Elements

REQUEST = SentimentRequest("one two three", Probe(), occlude=True)
"""For tests over all tasks, with the models of `tests.tiny_models`."""
LINK = {"text": "good", "scale": "log", "unit": "bytes", "occlude": "false"}
"""The query of a view."""
BUTTON, PART = "classify", "labels"
"""What sends the request of the page, and what shows its result."""
LONGEST_TO_OCCLUDE = 200


def answer(request: SentimentRequest) -> SentimentResult | Exception:
    """Positive if "good" is in the text; attends to all inputs alike; leaves out words of short texts only."""
    if not request.text.strip():
        return InputError("no text")
    if request.occlude and len(request.text) > LONGEST_TO_OCCLUDE:
        return InputError("too many words")
    best = int("good" in request.text)
    method = request.probe.method if request.probe else "encoder"
    count = SHAPE.latents if method == "decoder" else len(request.text.encode()) + 2
    attention = AttentionMap(np.full(count, 1 / count, np.float32), 0.0, 0.0, method, "Title")
    word = Occlusion(np.array([[0, 1]]), np.float32([0.3]), None, np.nan, np.float32([1.5]), np.nan, 1)
    return SentimentResult(
        text=request.text,
        labels=(LabelScore(SHAPE.labels[best], 0.8, best), LabelScore(SHAPE.labels[1 - best], 0.2, 1 - best)),
        windows=(TextWindow(0, len(request.text.encode()), np.array([0.2, 0.8], np.float32)),),
        label=best,
        occlusion=word if request.occlude else None,
        attention=attention if request.probe else None,
        run=RUN,
    )


def leave_out_words(screen: SentimentScreen, session: Session, state: SentimentState) -> Update:
    """What the page shows in the end."""
    shown: Update = {}
    for update in screen.leave_out_words(session, state):
        shown |= update
    return shown


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend({SentimentRequest: answer})


@pytest.fixture
def screen(backend: FakeBackend) -> SentimentScreen:
    return SentimentScreen(backend)


def test_submit_asks_for_what_is_set_and_shows_it(
    screen: SentimentScreen, backend: FakeBackend, session: Session
) -> None:
    state = screen.initial.changed(text="a good cat", weights="published", method="decoder", head=1, occlude=False)
    update = screen.submit(session, state)
    (request,) = backend.requests
    assert (request.text, request.weights, request.occlude) == ("a good cat", "published", False)
    assert (request.probe.method, request.probe.head, request.probe.target) == ("decoder", 1, None)
    assert Elements(update["labels"]).text.startswith("positive")
    assert update["answered"]
    params = dict(parse_qsl(update["link"], keep_blank_values=True))
    assert screen.state.from_query(params, screen.initial)[0] == state


def test_words_are_left_out_after_the_result(screen: SentimentScreen, backend: FakeBackend, session: Session) -> None:
    assert leave_out_words(screen, session, screen.initial) == {}
    first = screen.submit(session, screen.initial.changed(text="a good cat"))
    assert isinstance(first["occlusion"], Notice)
    assert not backend.requests[-1].occlude
    update = leave_out_words(screen, session, screen.initial.changed(text="typed meanwhile"))
    assert (backend.requests[-1].text, backend.requests[-1].occlude) == ("a good cat", True)
    assert set(update) == {"occlusion"}
    assert Elements(update["occlusion"]).of("tbody")
    assert leave_out_words(screen, session, screen.initial) == {}


def three_words(request: SentimentRequest) -> Any:
    """With leave-one-out, the first word, then two, then all three."""
    result = answer(request)
    if not request.occlude or isinstance(result, Exception):
        return result
    drops, spans = np.float32([0.1, -0.2, 0.3]), np.array([[0, 1], [2, 6], [7, 10]])
    return [
        replace(result, occlusion=Occlusion(spans[:words], drops[:words], None, np.nan, 5 * drops[:words], np.nan, 3))
        for words in (1, 2, 3)
    ]


def test_words_are_shown_as_they_are_left_out(session: Session) -> None:
    screen = SentimentScreen(FakeBackend({SentimentRequest: three_words}))
    screen.submit(session, screen.initial.changed(text="a good cat"))
    for number, update in enumerate(screen.leave_out_words(session, screen.initial), start=1):
        assert len(Elements(update["occlusion"]).of("td", "effect")) == number
        assert (session.get().result.occlusion is not None) == (number == 3)  # an unfinished one is not saved
    assert leave_out_words(screen, session, screen.initial) == {}


def test_a_new_text_ends_the_leave_one_out_of_the_earlier_one(session: Session) -> None:
    screen = SentimentScreen(FakeBackend({SentimentRequest: three_words}))
    screen.submit(session, screen.initial.changed(text="a good cat"))
    for supersede in (screen.begin, partial(screen.choose_example, index=1)):
        words = screen.leave_out_words(session, screen.initial)
        next(words)
        supersede(session, screen.initial)
        assert list(words) == []
        assert session.get().result.occlusion is None


def test_words_are_not_left_out_without_request(
    screen: SentimentScreen, backend: FakeBackend, session: Session
) -> None:
    screen.submit(session, screen.initial.changed(occlude=False))
    assert leave_out_words(screen, session, screen.initial) == {}
    assert len(backend.requests) == 1


def test_words_of_an_earlier_text_do_not_replace_those_of_a_later_one(session: Session) -> None:
    def interrupted(request: SentimentRequest) -> Any:
        if request.occlude:
            screen.submit(session, screen.initial.changed(text="another"))
        return answer(request)

    screen = SentimentScreen(FakeBackend({SentimentRequest: interrupted}))
    screen.submit(session, screen.initial.changed(text="a good cat"))
    assert leave_out_words(screen, session, screen.initial) == {}
    assert session.get().result.text == "another"


def test_too_many_words_are_refused_but_the_result_stays(screen: SentimentScreen, session: Session) -> None:
    screen.submit(session, screen.initial.changed(text="good " * LONGEST_TO_OCCLUDE))
    update = leave_out_words(screen, session, screen.initial)
    assert update["notice"].level == "alert"
    assert set(update) == {"notice", "occlusion"}


def test_an_error_keeps_the_earlier_result(screen: SentimentScreen, session: Session) -> None:
    screen.submit(session, screen.initial.changed(text="a good cat"))
    with pytest.raises(InputError, match="no text"):
        screen.submit(session, screen.initial.changed(text=" "))
    assert session.get().state.text == "a good cat"


def test_another_method_traces_the_same_text(screen: SentimentScreen, backend: FakeBackend, session: Session) -> None:
    assert screen.trace(session, screen.initial) == {}
    screen.submit(session, screen.initial.changed(text="a good cat"))
    update = screen.trace(session, screen.initial.changed(text="typed meanwhile", method="rollout", head=2))
    request = backend.requests[-1]
    assert (request.text, request.probe.method, request.probe.head) == ("a good cat", "rollout", None)
    assert "method=rollout" in update["link"]
    assert "answered" not in update  # the text on the page is another by now


def test_other_units_and_scales_need_no_model(screen: SentimentScreen, backend: FakeBackend, session: Session) -> None:
    screen.submit(session, screen.initial.changed(text="a good cat"))
    update = screen.redraw(session, screen.initial.changed(unit="bytes", scale="log", method="rollout"))
    assert len(backend.requests) == 1
    assert len(Elements(update["strip"]).of("span", "byte")) >= len("a good cat")
    assert (session.get().state.scale, session.get().state.method) == ("log", "encoder")


def test_an_example_sets_the_text(screen: SentimentScreen, session: Session) -> None:
    update = screen.choose_example(session, screen.initial, 1)
    assert update["text"] == EXAMPLES[1].text
    assert isinstance(update["notice"], Notice)
    state = screen.initial.changed(text=EXAMPLES[1].text)
    assert screen.submit(session, state)["notice"] == update["notice"]


def test_another_model_sets_heads_and_latents(screen: SentimentScreen, session: Session) -> None:
    update = screen.choose_weights(session, screen.initial.changed(weights="published"))
    assert len(update["head"].properties["choices"]) == SHAPE.cross_heads + 1
    assert len(update["latent"].properties["choices"]) == SHAPE.latents + 1


def test_opens_with_the_first_example_for_everybody(
    screen: SentimentScreen, backend: FakeBackend, session: Session
) -> None:
    (update,) = screen.open(session, {})
    list(screen.open(session.store.session("another", "page"), {}))
    (request,) = backend.requests
    assert request.occlude
    assert leave_out_words(screen, session, screen.initial) == {}
    assert update["link"] == ""


def test_opens_a_link(screen: SentimentScreen, session: Session) -> None:
    params = {"text": "a good cat", "occlude": "false", "unit": "bytes", "head": "7", "method": "nonsense"}
    shown: dict[str, Any] = {}
    for update in updates(screen.open(session, params)):
        shown |= update
    state = session.get().state
    assert (state.text, state.occlude, state.unit, state.head, state.method) == (
        "a good cat", False, "bytes", None, "encoder",
    )  # fmt: skip
    assert shown["notice"].level == "alert"


def test_plots_are_saved_as_they_are_shown(screen: SentimentScreen, session: Session) -> None:
    screen.submit(session, screen.initial.changed(text="a good cat"))
    with pytest.raises(InputError):
        screen.files(session, screen.initial, screen.occlusion_files)
    leave_out_words(screen, session, screen.initial)
    for offer in (screen.attention_files, screen.occlusion_files):
        files = screen.files(session, screen.initial, offer)
        assert set(files.write) == {"html", "png", "svg", "npz"}


def test_a_program_gets_the_result(screen: SentimentScreen) -> None:
    result = screen.call(screen.initial.changed(text="a good cat", occlude=True))
    assert set(result) == {"labels", "windows", "occlusion", "attention", "run"}
    assert result["labels"][0].name == "positive"
    assert result["occlusion"] is not None


# Tables


@pytest.fixture
def tables(backend: FakeBackend) -> TableScreen:
    return TableScreen(backend)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_text("name,review\nanna,a good film\nben,a bad film\ndora,\ncarl,=good\n", encoding="utf-8")
    return path


def test_a_file_sets_the_columns(tables: TableScreen, session: Session, file: Path) -> None:
    update = tables.choose_file(session, tables.initial, file)
    assert update["column"].properties["choices"] == ["name", "review"]
    assert update["column"].properties["value"] == "review"
    assert update["submit"].properties["interactive"]
    assert not tables.choose_file(session, tables.initial, None)["submit"].properties["interactive"]
    file.write_bytes(b"text\n\x81\n")  # in no encoding
    update = tables.choose_file(session, tables.initial, file)
    assert update["notice"].level == "alert"
    assert not update["submit"].properties["interactive"]


def test_a_table_is_classified_and_saved(tables: TableScreen, session: Session, file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        tables.files(session, tables.initial, tables.table_files)
    state = tables.initial.changed(column="review", weights="published")
    *_, last = tables.submit(session, state, file)
    assert not last["stop"].properties["interactive"]
    assert last["answered"]
    assert "Row 4" in last["notice"].text
    files = tables.files(session, state, tables.table_files)
    files.write["csv"](tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as saved:
        rows = list(csv.DictReader(saved))
    assert [(row["row"], row["label"]) for row in rows] == [("2", "positive"), ("3", "negative"), ("5", "positive")]
    assert rows[2]["text"] == "'=good"
    assert float(rows[1]["probability of positive"]) == pytest.approx(0.2)


def test_stopping_keeps_what_was_classified(
    tables: TableScreen, backend: FakeBackend, session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "many.csv"
    file.write_text("id,text\n" + "".join(f"{number},good {number}\n" for number in range(100)))
    work = tables.submit(session, tables.initial.changed(column="text"), file)
    assert next(work)["stop"].properties["interactive"]
    next(work)
    tables.stop(session, tables.initial)
    list(work)
    assert 0 < len(backend.requests) < 100
    assert len(session.get().results) == len(backend.requests)
    (update,) = tables.open(session, {})
    assert update["file"] == file
    assert update["table"]


def test_a_model_that_is_missing_is_an_error(session: Session, file: Path) -> None:
    missing = FakeBackend({SentimentRequest: lambda request: CheckpointUnavailable("not here")})
    tables = TableScreen(missing)
    with pytest.raises(CheckpointUnavailable):
        list(tables.submit(session, tables.initial.changed(column="review"), file))
    with pytest.raises(InputError):
        list(tables.submit(session, tables.initial, None))
    assert list(tables.open(session, {})) == [{}]
