"""Attributions on the pages that show them, with a backend that has no model."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.schema import (
    Attribution,
    AttributionMethod,
    AttributionRequest,
    AttributionResult,
    Curves,
    ImageClassificationRequest,
    InputError,
    MaskedBytesRequest,
    SentimentRequest,
)
from pages.attributions import RANDOMIZED, ExplainedScreen
from pages.image_classification.screen import ImageClassificationScreen
from pages.masked_bytes.screen import MaskedBytesScreen
from pages.sentiment.screen import SentimentScreen
from pages.session import Session
from tests.fake_backend import RUN, FakeBackend
from tests.markup import Elements
from tests.screens import test_image_classification, test_masked_bytes, test_sentiment

SHARES = np.array([0, 0.5, 1])
RANDOM = Curves(SHARES, np.array([[0.8, 0.7, 0.1], [0.8, 0.5, 0.1]]), np.array([[0.1, 0.3, 0.8], [0.1, 0.2, 0.8]]))
MAPS = {"leave_one_out": [1, -3], "encoder": [0.25, 0.75]}


def attribution(method: AttributionMethod, random_models: int) -> Attribution:
    """Leave-one-out is more faithful than both random orders, encoder attention than one of them."""
    middle = 0.35 if method == "leave_one_out" else 0.65
    curves = Curves(SHARES, np.array([0.8, middle, 0.1]), np.array([0.1, 0.65, 0.8]))
    values = np.array(MAPS.get(method, [1, 1]))
    return Attribution(
        method,
        values,
        None,
        None if random_models else curves,
        np.tile(values[::-1], (random_models, 1)),
        np.array([0.5, np.nan])[:random_models],
    )


def answer(request: AttributionRequest) -> Iterator[AttributionResult]:
    """Two methods, one after the other, and two random models."""
    of_image = isinstance(request.request, ImageClassificationRequest)
    models = ("decoder", "encoder") if request.randomize else ()
    methods = [each for each in MAPS if each in request.methods]
    for count in range(1, len(methods) + 1):
        yield AttributionResult(
            attributions=tuple(attribution(each, len(models)) for each in methods[:count]),
            output="positive",
            probability=0.8,
            without_any=0.1,
            baseline=request.baseline or "mask",
            parts=() if of_image else ("a ", "<b>"),
            spans=np.array([[0, 2], [2, 5]]),
            grid=(1, 2) if of_image else None,
            image=Image.new("RGB", (8, 4)) if of_image else None,
            random=RANDOM if request.faithfulness else None,
            random_models=models,
            run=RUN,
        )


PAGES: dict[str, tuple[type[ExplainedScreen[Any, Any]], type, Callable[[Any], Any]]] = {
    "sentiment": (SentimentScreen, SentimentRequest, test_sentiment.answer),
    "masked_bytes": (MaskedBytesScreen, MaskedBytesRequest, test_masked_bytes.answer),
    "image_classification": (
        ImageClassificationScreen,
        ImageClassificationRequest,
        test_image_classification.answer,
    ),
}


@pytest.fixture(params=PAGES)
def screen(request: pytest.FixtureRequest, session: Session) -> ExplainedScreen[Any, Any]:
    """A page with its first result."""
    made, kind, answered = PAGES[request.param]
    screen = made(FakeBackend({kind: answered, AttributionRequest: answer}))
    screen.open_first(session)
    return screen


def last(screen: ExplainedScreen[Any, Any]) -> AttributionRequest:
    return screen.backend.requests[-1]  # pyright: ignore[reportAttributeAccessIssue]


def rows(markup: object) -> list[list[str]]:
    """Text of the cells of each row."""
    body = str(markup).partition("<tbody>")[2].partition("</tbody>")[0]
    cells = (re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")[:-1])
    return [[Elements(cell).text for cell in row] for row in cells]


def test_methods_are_shown_one_after_the_other(screen, session) -> None:
    shown = [*screen.measure_faithfulness(session, screen.initial)]
    assert [len(rows(update["faithfulness"])) for update in shown] == [1, 2]
    assert last(screen).faithfulness
    assert last(screen).request == screen.figure_request(session.get())
    leave_one_out, encoder = rows(shown[-1]["faithfulness"])
    # The random orders have areas of 0.575 and 0.475. Without the first 10%, 20% and 50% of the parts the probability
    # is 0.71, 0.62 and 0.35, with only these 0.21, 0.32 and 0.65.
    assert leave_one_out[-5:] == ["0.40", "0.55", "100%", "+0.24", "+0.41"]
    assert encoder[-5:-2] == ["0.55", "0.55", "50%"]


def test_random_models_have_their_correlations(screen, session) -> None:
    (shown,) = screen.randomize_weights(session, screen.initial)
    assert last(screen).methods == RANDOMIZED
    assert last(screen).randomize
    ((_, _, *found),) = rows(shown["random_models"])
    assert found == ["+0.50", "undefined"]


def test_what_was_measured_stays_until_there_is_another_result(screen, session) -> None:
    assert not screen.show(session.get())["faithfulness"]
    *_, shown = screen.measure_faithfulness(session, screen.initial)
    *_, both = screen.randomize_weights(session, screen.initial)
    assert both["faithfulness"] == shown["faithfulness"] == screen.redraw(session, screen.initial)["faithfulness"]
    assert not screen.open_first(session)["faithfulness"]


def test_another_result_ends_the_measurement(screen, session) -> None:
    parts = screen.measure_faithfulness(session, screen.initial)
    next(parts)
    run = session.get()
    session.put(replace(run, state=run.state.changed(weights="published")))
    assert [*parts] == []


def test_without_a_result_there_is_nothing_to_measure(screen, session) -> None:
    session.discard()
    assert [*screen.measure_faithfulness(session, screen.initial)] == []


def test_words_are_not_read_as_markup(session) -> None:
    screen = SentimentScreen(FakeBackend({SentimentRequest: test_sentiment.answer, AttributionRequest: answer}))
    screen.open_first(session)
    *_, shown = screen.measure_faithfulness(session, screen.initial)
    assert not Elements(shown["faithfulness"]).of("b")
    assert rows(shown["faithfulness"])[0][1] == "a <b>"


def test_the_baseline_of_an_image_is_that_of_the_page(session) -> None:
    made, kind, answered = PAGES["image_classification"]
    screen = made(FakeBackend({kind: answered, AttributionRequest: answer}))
    screen.open_first(session)
    _ = [*screen.measure_faithfulness(session, screen.initial.changed(baseline="blur"))]
    assert last(screen).baseline == "blur"


def test_files_hold_method_baseline_and_faithfulness(screen, session, tmp_path) -> None:
    with pytest.raises(InputError):
        screen.files(session, screen.initial, screen.attribution_files)
    _ = [*screen.measure_faithfulness(session, screen.initial)]
    files = screen.files(session, screen.initial, screen.attribution_files)
    for kind in ("png", "svg", "html"):
        assert files.write_to(kind, tmp_path).stat().st_size > 1000
    saved = np.load(files.write_to("npz", tmp_path))
    assert saved["methods"].tolist() == ["leave_one_out", "encoder"]
    assert saved["baseline"] == last(screen).baseline or saved["baseline"] == "mask"
    assert saved["deletion_area"] == pytest.approx([0.4, 0.55])
    assert saved["better_than_random"].tolist() == [1, 0.5]
    assert saved["random_deletion"].shape == (2, 3)
    assert saved["model"] == RUN.model


def test_programs_get_numbers(session) -> None:
    answers = {SentimentRequest: test_sentiment.answer, AttributionRequest: lambda request: [*answer(request)][-1]}
    screen = SentimentScreen(FakeBackend(answers))
    found: Any = screen.attribute(screen.initial, faithfulness=True)
    assert [each["method"] for each in found["methods"]] == ["leave_one_out", "encoder"]
    assert found["methods"][0]["deletion_area"] == pytest.approx(0.4)
    assert found["methods"][1]["better_than_random"] == 0.5
