"""What the events of the page on sentiment do."""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import gradio as gr

from components import render
from components.analysis.text_units import UNITS, Unit
from components.scale.attention import Scale
from models.backend.local import ModelService
from models.schema import InputError, ModelShape, SentimentRequest, SentimentResult, Weights
from pages.page import OF_BEFORE, alert, beside_the_button, hint, run_line
from pages.saving import Files, figure_files
from pages.sentiment_widgets import EXAMPLES, NAME, UNIT_AT_FIRST, architecture
from pages.text_link import SentimentView, sentiment_from_query, sentiment_to_query
from pages.trace import (
    AT_FIRST,
    figure_markup,
    fit_to_model,
    probe,
    understood,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on the page: the view, and the result it stands for."""

    view: SentimentView
    result: SentimentResult


LeftOut = tuple[()] | tuple[SentimentResult]
"""The answer with its words left out, where these were; apart from `Shown`, of which another may be there by then."""


class Answer(NamedTuple):
    """What the page shows, or the updates of it, of which None leaves a part as it is."""

    notice: Any = ""
    shown: Any = None
    labels: Any = None
    text: Any = None
    ran: Any = None
    figure: Any = None
    occlusion: Any = None
    left_out: Any = None
    link: Any = None


_told = beside_the_button(Answer, OF_BEFORE)


class Handlers:
    """What the page's events do."""

    def __init__(self, service: ModelService):
        self._service = service
        self._first_view = SentimentView(
            EXAMPLES[0].text, service.default_weights, occlude=True, unit=UNIT_AT_FIRST, looked=AT_FIRST
        )

    @_told
    def classify(self, text: str, weights: Weights, occlude: bool, unit: Unit, *looked: str) -> Answer:
        """The answer to what the visitor set."""
        return self._answer(SentimentView(text, weights, occlude, unit, looked))

    @_told
    def classify_example(self, *asked: Any) -> Answer:
        """As `classify`, but what there is to notice about the example stays."""
        return self._answer(SentimentView(*asked[:4], looked=asked[4:]))._replace(notice=None)

    @_told
    def trace_again(self, shown: Shown | None, *looked: str) -> Answer:
        """Traces the same text in another way."""
        return self._answer(replace(shown.view, looked=looked)) if shown else Answer()

    @beside_the_button(Answer)
    def leave_out(self, shown: Shown | None) -> Answer:
        """After the answer, which need not wait for it: what each word does, where that was asked for."""
        if shown is None or not shown.view.occlude or shown.result.occlusion:
            return Answer(notice=None)
        try:
            result = self._asked(shown.view, occlude=True)
        except InputError as error:
            return Answer(alert(str(error)), occlusion=hint("No word was left out."))
        return Answer(None, occlusion=render.sentiment_words(result), left_out=(result,))

    @beside_the_button(Answer)
    def redraw(self, shown: Shown | None, unit: Unit, *looked: str) -> Answer:
        """Draws the same attention in other units, or on another scale; no model is asked."""
        if shown is None:
            return Answer()
        # What is being traced otherwise meanwhile will come with its own method.
        looked = (*shown.view.looked[:-1], looked[-1])
        drawn = _drawn(Shown(replace(shown.view, unit=unit, looked=looked), shown.result))
        return drawn._replace(occlusion=None, left_out=None)

    def open(self, browser: gr.Request) -> tuple[Any, ...]:
        """Question, controls, drawing and answer when the page opens: from the address, or the first example."""
        view = sentiment_from_query(NAME, browser.query_params, self._first_view, UNITS, understood)
        if view is None:
            return (*[gr.skip()] * (len(AT_FIRST) + 5), *self._open_first())
        asked = view.text, view.weights, view.occlude, view.unit, *view.looked
        return *asked, architecture(self._shape(view.weights)), *self._open(view)

    @_told
    def _open_first(self) -> Answer:
        return self._first

    @_told
    def _open(self, view: SentimentView) -> Answer:
        return self._answer(view)

    @cached_property
    def _first(self) -> Answer:
        shown = Shown(self._first_view, self._asked(self._first_view, occlude=True))
        return _drawn(shown)._replace(link="")  # the bare address shows it, too

    def choose_weights(self, weights: Weights) -> tuple[Any, ...]:
        """Notice, head, latent and drawing for another model."""
        shape = self._shape(weights)
        note = (
            f"{shape.name}: {shape.parameters / 1e6:.1f} M parameters, reads {shape.longest_text:,} bytes at once; "
            "longer texts in overlapping windows."
        )
        if weights == "published":
            note += " Where it is not on this machine yet, it is downloaded when it is first asked: about 0.8 GB."
        return hint(note), *fit_to_model(shape), architecture(shape)

    def choose_example(self, index: int) -> tuple[str, str]:
        """Text and notice."""
        return EXAMPLES[index].text, hint(EXAMPLES[index].notice)

    def _shape(self, weights: Weights) -> ModelShape:
        return self._service.shape(NAME, weights)

    def _answer(self, view: SentimentView) -> Answer:
        return _drawn(Shown(view, self._asked(view, occlude=False)))

    def _asked(self, view: SentimentView, occlude: bool) -> SentimentResult:
        *controls, _ = view.looked
        asked = probe(None, *controls)  # pyright: ignore[reportArgumentType]
        return self._service.run(SentimentRequest(view.text, asked, view.weights, occlude))


def _scale(view: SentimentView) -> Scale:
    return "log" if view.looked[-1] == "log" else "linear"


def _drawn(shown: Shown) -> Answer:
    """All of the page's answer."""
    view, result = shown.view, shown.result
    panels = render.sentiment(result, view.unit, _scale(view))
    waiting = (
        "Each word is being left out …" if view.occlude else "No word was left out: tick the box beside the model."
    )
    occlusion = panels.occlusion if panels.occlusion else hint(waiting)
    return Answer(
        "",
        shown,
        panels.labels,
        panels.text,
        run_line(result.run),
        figure_markup(panels.attention),
        occlusion,
        (result,) if result.occlusion else (),
        sentiment_to_query(NAME, view),
    )


def attention_files(shown: Shown | None) -> Files | None:
    if shown is None or shown.result.attention is None:
        return None
    panel = partial(render.sentiment_attention, shown.result, shown.view.unit, _scale(shown.view))
    return figure_files(panel, f"sentiment-{shown.result.attention.method}")


def occlusion_files(left_out: LeftOut) -> Files | None:
    return (
        figure_files(partial(render.sentiment_occlusion, *left_out), "sentiment-words-left-out") if left_out else None
    )
