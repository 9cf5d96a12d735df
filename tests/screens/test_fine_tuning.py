"""The actions of the page of fine-tuning, with a backend that trains nothing."""

import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest

from models.schema import (
    AttentionMap,
    CheckpointUnavailable,
    Effects,
    FineTunedModel,
    FineTuneRequest,
    FineTuneStep,
    HeldOut,
    InputError,
    LabelScore,
    SentimentRequest,
    SentimentResult,
    Stages,
    TextWindow,
)
from models.schema.sentiment import LONGEST_TEXT
from pages.fine_tuning.screen import BATCH_SIZES, DATASETS, LEARNING_RATES, MAX_TEXTS, FineTuningScreen
from pages.screen import Update, updates
from pages.session import Session
from tests.fake_backend import RUN, FakeBackend
from tests.fine_tuning_rows import ROWS
from tests.markup import Elements

REQUEST = FineTuneRequest(ROWS, epochs=1)
"""For tests over all tasks, with the models of `tests.tiny_models`."""
LINK = {"example": "1", "epochs": "3", "seed": "9007199254740991"}
"""The query of a view."""
BUTTON, PART = "submit", "curves"
"""What sends the request of the page, and what shows its result."""
STEPS = 6
LABELS = ("warm", "cold")


def step(number: int, request: FineTuneRequest, learned: bool) -> FineTuneStep:
    """Every second step is validated; a model is there from the first step on."""
    validated = number % 2 == 0
    labels = tuple(dict.fromkeys(label for _, label in request.rows))
    model = FineTunedModel(f"model {number}", "base", request.weights, labels, {"w": np.zeros(4, np.float32)})
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    confusion[:2, 0] = 1
    held_out = HeldOut(("a", "b"), (0, 1), (0, 0), confusion)
    return FineTuneStep(
        number, STEPS, 1, 0.5, 0.5, 0.4 if validated else None, 0.5 if validated else None, float(number), 1.0,
        model if validated and learned else None, held_out if validated else None, 0, RUN,
    )  # fmt: skip


def answer(request: FineTuneRequest) -> Iterator[FineTuneStep]:
    for number in range(STEPS + 1):
        yield step(number, request, learned=number > 0)


def classify(request: SentimentRequest) -> SentimentResult | Exception:
    if not request.text.strip():
        return InputError("no text")
    assert request.model is not None
    labels = tuple(LabelScore(name, 0.5, index) for index, name in enumerate(request.model.labels))
    window = TextWindow(0, len(request.text), np.array([0.5, 0.5], np.float32))
    return SentimentResult(request.text, labels, (window,), 0, None, None, RUN)


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend({FineTuneRequest: answer, SentimentRequest: classify})


@pytest.fixture
def screen(backend: FakeBackend) -> FineTuningScreen:
    return FineTuningScreen(backend)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "colors.csv"
    rows = [f"{number},note {number},{label}" for label in LABELS for number in range(5)]
    path.write_text("\n".join(["id,note,kind", *rows, "99,,cold"]) + "\n")
    return path


def last(parts: Any) -> Update:
    """All parts of the page in the end."""
    shown: Update = {}
    for update in updates(parts):
        shown |= update
    return shown


# Datasets


def test_opens_with_the_first_dataset_and_trains_nothing(
    screen: FineTuningScreen, backend: FakeBackend, session: Session
) -> None:
    update = last(screen.open(session, {}))
    assert update["text"] == DATASETS[0].unseen
    assert not update["upload"].properties["visible"]
    assert len(Elements(update["labels"]).of("li")) == 2
    assert update["submit"].properties["interactive"]
    assert backend.requests == []


def test_opens_a_link_with_the_nearest_choices(screen: FineTuningScreen, session: Session) -> None:
    update = last(
        screen.open(session, {"example": "1", "batch_size": "30", "learning_rate": "0.0006", "frozen": "true"})
    )
    assert (update["example"], update["frozen"]) == (1, True)
    assert update["batch_size"] in BATCH_SIZES
    assert update["learning_rate"] in LEARNING_RATES
    assert update["text"] == DATASETS[1].unseen


def test_a_link_of_an_uploaded_file_shows_an_example(screen: FineTuningScreen, session: Session) -> None:
    update = last(screen.open(session, {"example": ""}))
    assert update["example"] == 0
    assert update["submit"].properties["interactive"]


def test_chooses_a_dataset_or_an_upload(screen: FineTuningScreen, session: Session) -> None:
    update = screen.choose_dataset(session, screen.initial.changed(example=2), None)
    assert (update["text"], update["upload"].properties["visible"]) == (DATASETS[2].unseen, False)
    update = screen.choose_dataset(session, screen.initial.changed(example=None), None)
    assert update["upload"].properties["visible"]
    assert not update["submit"].properties["interactive"]


def test_guesses_columns_and_names_rows_that_cannot_be_used(
    screen: FineTuningScreen, session: Session, file: Path
) -> None:
    update = screen.choose_file(session, screen.initial, file)
    assert (update["text_column"].properties["value"], update["label_column"].properties["value"]) == ("note", "kind")
    assert update["dataset_notice"].level == "alert"
    assert "Row 12" in update["dataset_notice"].text
    assert update["submit"].properties["interactive"]
    same = screen.initial.changed(text_column="note", label_column="note")
    update = screen.choose_columns(session, same, file)
    assert not update["submit"].properties["interactive"]
    assert Elements(update["preview"]).of("table")


@pytest.mark.parametrize(
    "content", [b"", b"text\none\ntwo\n", b"text,label\na,yes\nb,yes\n", b"PK\x03\x04" + bytes(99)]
)
def test_files_without_labels_are_refused(
    screen: FineTuningScreen, session: Session, tmp_path: Path, content: bytes
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(content)
    update = screen.choose_file(session, screen.initial, bad)
    assert update["dataset_notice"].level == "alert"
    assert not update["submit"].properties["interactive"]


# Training


def test_trains_with_what_is_set_and_shows_it(screen: FineTuningScreen, backend: FakeBackend, session: Session) -> None:
    state = screen.initial.changed(epochs=3, batch_size=16, learning_rate=1e-4, frozen=True, seed=7, example=1)
    screen.begin(session, state)
    shown = list(screen.submit(session, state))
    (request,) = backend.requests
    assert (request.epochs, request.batch_size, request.learning_rate) == (3, 16, 1e-4)
    assert (request.frozen, request.seed, request.weights) == (True, 7, "embedded")
    assert len({label for _, label in request.rows}) == 4
    assert len(shown) > STEPS // 2
    end = shown[-1]
    assert end["answered"]
    assert end["test"].properties["interactive"]
    assert not end["stop"].properties["interactive"]
    assert Elements(end["held_out"]).of("table")
    params = dict(parse_qsl(end["link"], keep_blank_values=True))
    assert screen.state.from_query(params, screen.initial)[0] == state
    assert session.get().model.name == f"model {STEPS}"


def test_trains_on_an_uploaded_file(
    screen: FineTuningScreen, backend: FakeBackend, session: Session, file: Path
) -> None:
    state = screen.initial.changed(example=None, text_column="note", label_column="kind")
    list(screen.submit(session, state, file))
    assert backend.requests[0].rows[0] == ("note 0", "warm")
    restored = last(screen.open(session, {}))
    assert (restored["file"], restored["example"]) == (file, "")
    assert restored["text_column"].properties["value"] == "note"
    assert restored["test"].properties["interactive"]
    with pytest.raises(InputError):
        list(screen.submit(session, state, None))


def test_a_stop_keeps_what_was_learned(screen: FineTuningScreen, session: Session) -> None:
    work = screen.submit(session, screen.initial)
    next(work)
    screen.stop(session, screen.initial)
    end = last(work)
    assert not end["test"].properties["interactive"]  # nothing was learned yet
    work = screen.submit(session, screen.initial)
    next(work)
    next(work)
    screen.stop(session, screen.initial)
    end = last(work)
    assert end["test"].properties["interactive"]
    assert session.get().model.name == "model 2"


def test_a_stop_does_not_wait_for_a_step(session: Session) -> None:
    begun, end, closed = threading.Event(), threading.Event(), threading.Event()

    def endless(request: FineTuneRequest) -> Iterator[FineTuneStep]:
        try:
            yield from (step(number, request, learned=True) for number in (1, 2))
            begun.set()
            end.wait(20)
            yield step(3, request, learned=True)
        finally:
            closed.set()

    screen = FineTuningScreen(FakeBackend({FineTuneRequest: endless}))
    training = threading.Thread(target=lambda: list(screen.submit(session, screen.initial)))
    training.start()
    assert begun.wait(5)
    screen.stop(session, screen.initial)
    training.join(1)
    assert not training.is_alive()
    assert session.get().model.name == "model 2"
    assert not closed.is_set()
    end.set()
    assert closed.wait(5)


def test_another_training_discards_the_model_and_ends_the_first(screen: FineTuningScreen, session: Session) -> None:
    first = screen.submit(session, screen.initial)
    next(first)
    next(first)
    update = screen.begin(session, screen.initial)
    assert (update["curves"], update["test"].properties["interactive"]) == ("", False)
    assert session.get() is None
    assert list(first) == []
    assert session.get() is None


def test_an_error_keeps_what_was_learned(session: Session) -> None:
    def fails(request: FineTuneRequest) -> Iterator[FineTuneStep]:
        yield from (step(number, request, learned=True) for number in range(1, 4))
        raise InputError("the loss is not a number")

    screen = FineTuningScreen(FakeBackend({FineTuneRequest: fails}))
    work = screen.submit(session, screen.initial)
    shown = [next(work) for _ in range(3)]
    with pytest.raises(InputError, match="not a number"):
        next(work)
    assert shown[-1]["test"].properties["interactive"]
    assert session.get().model.name == "model 2"


def test_models_are_private(screen: FineTuningScreen, session: Session) -> None:
    list(screen.submit(session, screen.initial))
    another = session.store.session("another", session.page)
    assert screen.classify(another, screen.initial, "a text")["test_notice"].level == "alert"
    with pytest.raises(InputError):
        screen.files(another, screen.initial, screen.model_files)


# Using the model


def test_classifies_with_the_model(
    screen: FineTuningScreen, backend: FakeBackend, session: Session, file: Path
) -> None:
    state = screen.initial.changed(example=None, text_column="note", label_column="kind")
    list(screen.submit(session, state, file))
    update = screen.classify(session, state, "a text")
    assert backend.requests[-1].model.name == f"model {STEPS}"
    assert Elements(update["test_labels"]).text.startswith("warm")
    assert screen.classify(session, state, " ")["test_notice"].level == "alert"
    restored = last(screen.open(session, {}))
    assert (restored["text"], restored["test_labels"]) == ("a text", update["test_labels"])


def test_a_classified_text_has_a_figure_until_another_training(session: Session) -> None:
    def staged(request: SentimentRequest) -> Any:
        result, inputs = classify(request), len(request.text) + 2
        assert isinstance(result, SentimentResult)
        even = np.full((1, inputs), 1 / inputs, np.float32)
        effects = dict.fromkeys(
            request.probe.without, Effects(np.ones(1), np.ones((1, 1)), np.ones((1, 1)), np.ones(1))
        )
        stages = Stages(np.array([4]), 6, np.ones((1, 1), np.float32), even, even, effects=effects)
        attention = AttentionMap(even[0], 0.0, 0.0, "encoder", "Title", stages=stages)
        return replace(result, attention=attention)

    screen = FineTuningScreen(FakeBackend({FineTuneRequest: answer, SentimentRequest: staged}))
    list(screen.submit(session, screen.initial))
    update = screen.classify(session, screen.initial, "a text")
    assert update["figure"].properties["visible"]
    assert "latent 4" in update["network"]
    (changed,) = screen.intervene(session, screen.initial, "latents")
    assert "Below each latent" in changed["network"]
    assert screen.backend.requests[-1].model == session.get().model
    assert last(screen.open(session, {}))["network"] == changed["network"]
    cleared = screen.begin(session, screen.initial)
    assert (cleared["network"], cleared["figure"].properties["visible"]) == ("", False)


def test_saves_curves_model_and_notebook(
    screen: FineTuningScreen, backend: FakeBackend, session: Session, tmp_path: Path
) -> None:
    list(screen.submit(session, screen.initial))
    files = screen.files(session, screen.initial, screen.model_files)
    assert set(files.write) == {"html", "png", "svg", "npz", "zip", "ipynb"}
    files.write["zip"](tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        names = archive.namelist()
        assert {f"{files.stem}/{name}" for name in backend.export(None)} < set(names)
        readme = archive.read("README.md").decode()
    rows = len(backend.requests[0].rows)
    assert f"{rows - 2:,} rows" in readme
    files.write["ipynb"](tmp_path / "model.ipynb")
    assert json.loads((tmp_path / "model.ipynb").read_text())["nbformat"] == 4
    confusion = screen.files(session, screen.initial, screen.confusion_files)
    assert set(confusion.write) == {"html", "png", "svg", "npz"}


def test_a_program_gets_the_result(screen: FineTuningScreen) -> None:
    rows = tuple((f"{label} {number}", label) for label in LABELS for number in range(3))
    result = screen.call(screen.initial.changed(rows=rows, texts=("new",)))
    assert set(result) == {"labels", "losses", "accuracy", "confusion", "answers", "run"}
    assert result["labels"] == LABELS
    assert len(result["losses"]) == STEPS
    assert [label.name for label in result["answers"][0]] == list(LABELS)


def test_a_model_that_is_missing_is_an_error(session: Session) -> None:
    def missing(request: FineTuneRequest) -> Exception:
        return CheckpointUnavailable("not here")

    screen = FineTuningScreen(FakeBackend({FineTuneRequest: missing}))
    with pytest.raises(CheckpointUnavailable):
        list(screen.submit(session, screen.initial))


@pytest.mark.parametrize(
    ("texts", "problem"),
    [(("new", " "), "Text 2"), (("x" * (LONGEST_TEXT + 1),), "Text 1"), (("new",) * (MAX_TEXTS + 1), "Texts")],
)
def test_texts_of_a_program_are_checked_before_the_training(texts: tuple[str, ...], problem: str) -> None:
    backend = FakeBackend({})
    screen = FineTuningScreen(backend)
    with pytest.raises(InputError, match=problem):
        screen.call(screen.state.from_values({"rows": (("a", "b"),), "texts": texts}, screen.initial))
    assert not backend.requests
