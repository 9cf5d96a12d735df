"""What the events of the page on writing do."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import fields, replace
from functools import cached_property
from typing import Any

import gradio as gr

from components.analysis.text_units import Unit
from components.html.text.compared import Compared
from models.backend.local import ModelService
from models.schema import ModelShape, TextGenerationStep, TokenAt, Weights, WrittenToken
from pages.page import OF_BEFORE, alert, beside_the_button, hint, in_words, updates_of
from pages.text_generation_shown import Answer, Shown, begun, drawn, ended, growing, off, on, ran
from pages.text_generation_view import (
    EXAMPLES,
    FIRST_VIEW,
    NAME,
    border,
    border_of,
    request_of,
    settings_of,
    view_in_address,
    view_of,
)
from pages.text_generation_widgets import Question, architecture
from pages.text_link import GenerationView
from pages.trace import AT_FIRST, fit_to_model, heads, probe
from pages.turns import Turn, Turns

EVERY = 0.2
"""Seconds between two pictures of a text as it grows, while it is short."""
A_TOKEN = 0.0005
"""Seconds between two pictures for each token of it: browsers take their time with long ones."""

_told = beside_the_button(Answer, OF_BEFORE)


class Handlers:
    """What the page's events do."""

    def __init__(self, service: ModelService):
        self._service, self._turns = service, Turns()
        self._first_view = replace(FIRST_VIEW, weights=service.default_weights)

    # Writing: its end, traced, is left to `finish`, so that what the controls say by then holds

    def write(self, browser: gr.Request, *asked: Any) -> Iterator[tuple[Any, ...]]:
        """The text as it grows."""
        yield from _said(lambda: self._written(self._turns.begin(browser), view_of(*asked)))

    def write_on(
        self, browser: gr.Request, shown: Shown | None, max_new_tokens: float | None
    ) -> Iterator[tuple[Any, ...]]:
        """The same text, longer; what it is compared with, too."""
        if shown is None:
            yield updates_of(Answer(hint("There is nothing yet to go on from: press “Write” first.")))
            return
        view = replace(shown.view, max_new_tokens=int(max_new_tokens or 1), traced=None)
        yield from _said(lambda: self._written(self._turns.begin(browser), view, shown.tokens, shown.tokens_beside))

    def waiting(self) -> tuple[Any, ...]:
        """While something is written: it can be stopped, and not be written on."""
        return on(), off()

    def stop(self, browser: gr.Request) -> Any:
        """Before the next token."""
        self._turns.stop(browser)
        return off()

    def leave(self, browser: gr.Request) -> None:
        """Nothing is written for who has left."""
        self._turns.leave(browser)

    @_told
    def finish(self, shown: Shown | None, unit: Unit, *looked: str) -> Answer:
        """Traces a token of what was written, by what the controls say now."""
        if shown is None or not shown.complete:
            return Answer()  # nothing was asked, or another text is under way
        if shown.step.attention is not None:  # what was asked for since was refused
            return Answer(stop=off(), more=on())
        told = replace(shown, view=replace(shown.view, unit=unit), ran=ran(shown.step))
        return self._traced(told, _traced_first(shown), looked)

    def _written(
        self,
        turn: Turn,
        view: GenerationView,
        earlier: tuple[WrittenToken, ...] = (),
        beside: tuple[WrittenToken, ...] = (),
    ) -> Iterator[Answer]:
        """earlier, beside: what is written on, and the one that it is compared with."""
        shown = None
        for step, due in self._steps(turn, view, earlier):
            first = shown is None
            if first and not earlier and view.little is not None:
                view = replace(view, num_latents=step.latents)  # as near as may be; of both texts the same
            shown = Shown(view, step, earlier)
            if first:
                yield begun(shown)._replace(border=border_of(step, self._shape(view.weights), self._number_bytes))
            elif due:
                yield growing(shown)
        if shown is not None and view.little is not None:
            for step, due in self._steps(turn, view, beside, view.little):
                shown = replace(shown, beside=Compared(step, beside))
                if due:
                    yield growing(shown)
        if shown is not None and not turn.given_way:
            yield ended(replace(shown, stopped=turn.stopped))

    def _steps(
        self, turn: Turn, view: GenerationView, earlier: tuple[WrittenToken, ...], prefix: int | None = None
    ) -> Iterator[tuple[TextGenerationStep, bool]]:
        """Each step, and whether it is time for a picture; none after the turn is over."""
        written = tuple(token.id for token in earlier)
        looked = 0.0
        with closing(self._service.stream(replace(request_of(view), written=written, prefix=prefix))) as steps:
            for step in steps:
                pause = max(EVERY, A_TOKEN * (len(earlier) + len(step.tokens)))
                due = len(step.tokens) == 1 or time.monotonic() - looked > pause
                looked = time.monotonic() if due else looked
                yield step, due
                if turn.over:
                    return

    # What it was read from

    @_told
    def trace_clicked(self, event: gr.EventData, shown: Shown | None, *looked: str) -> Answer:
        """Traces the token that was clicked."""
        return self._traced(shown, int(event.position), looked) if shown else Answer()

    @_told
    def trace_again(self, shown: Shown | None, *looked: str) -> Answer:
        """Traces the same token in another way."""
        return self._traced(shown, _traced_first(shown), looked) if shown and shown.tokens else Answer()

    @_told
    def redraw(self, shown: Shown | None, unit: Unit, *looked: str) -> Answer:
        """Draws the same attention in other units, or on another scale; no model is asked."""
        if shown is None or shown.step.attention is None:
            return Answer()
        # What is being traced otherwise meanwhile will come with its own method.
        looked = (*shown.view.looked[:-1], looked[-1])
        return drawn(replace(shown, view=replace(shown.view, looked=looked, unit=unit)))

    def _traced(self, shown: Shown, traced: int, looked: tuple[str, ...]) -> Answer:
        *controls, _ = looked
        asked = probe(TokenAt(traced), *controls)  # pyright: ignore[reportArgumentType]
        written = tuple(token.id for token in shown.tokens)
        step = self._service.run(replace(request_of(shown.view), written=written, max_new_tokens=0, probe=asked))
        view = replace(shown.view, traced=traced, looked=looked)
        return drawn(Shown(view, step, shown.tokens, shown.beside, shown.ran))

    # What is set

    def open(self, browser: gr.Request) -> tuple[Any, ...]:
        """Settings and drawing when the page opens, the view that an address asks to be written, and what is shown.

        The view is in a list, for `write_opened` to take it out: only once, whichever event of an opening is first.
        """
        view = view_in_address(browser.query_params, self._first_view, self._shape)
        if view is None:
            return *[gr.skip()] * (len(fields(Question)) + len(AT_FIRST) + 3), *self._open_first()
        shape = self._shape(view.weights)
        look, head, *others = view.looked
        looked = look, gr.update(choices=heads(shape), value=head), *others
        settings = *settings_of(view, shape), view.unit, *looked, architecture(shape)
        return *settings, [view], *updates_of(Answer(border=self._lain(view), stop=on()))

    def write_opened(self, browser: gr.Request, asked: list[GenerationView]) -> Iterator[tuple[Any, ...]]:
        """What an address asks for. Apart from `open`: whoever sets something meanwhile is not set back."""
        if not asked:
            yield updates_of(Answer())
            return
        view = asked.pop()
        yield from _said(lambda: self._written(self._turns.begin(browser), view))

    @_told
    def _open_first(self) -> Answer:
        return self._first

    @cached_property
    def _first(self) -> Answer:
        *_, last = self._written(Turn(), self._first_view)
        told = replace(last.shown, ran=ran(last.shown.step))
        answer = self._traced(told, 0, self._first_view.looked)
        return answer._replace(notice=last.notice, border=self._lain(self._first_view), link="")

    def choose_weights(self, weights: Weights, num_latents: float | None) -> tuple[Any, ...]:
        """Notice, latents, head, latent and drawing for another model."""
        shape = self._shape(weights)
        note = (
            f"{shape.name}: {shape.parameters / 1e6:.1f} M parameters, reads {shape.longest_text:,} tokens, at most "
            f"{shape.latents} of them as latents."
        )
        if weights == "published":
            note += " Where it is not on this machine yet, it is downloaded when it is first asked: about 1.8 GB."
        latents = gr.update(maximum=shape.latents, value=min(int(num_latents or 1), shape.latents))
        return hint(note), latents, *fit_to_model(shape), architecture(shape)

    def choose_example(self, index: int) -> tuple[str, str]:
        """Prompt, and what there is to notice."""
        return EXAMPLES[index].text, hint(EXAMPLES[index].notice)

    def lay(self, prompt: str, num_latents: float | None, weights: Weights, cut: bool) -> str:
        """How prompt, prefix and latents lie, and what that costs."""
        view = replace(self._first_view, prompt=prompt, weights=weights, cut=cut)
        return self._lain(replace(view, num_latents=int(num_latents or 1)))

    def _lain(self, view: GenerationView) -> str:
        return border(view, self._shape(view.weights), self._number_bytes)

    @property
    def _number_bytes(self) -> int:
        return self._service.dtype.itemsize

    def _shape(self, weights: Weights) -> ModelShape:
        return self._service.shape(NAME, weights)


def _traced_first(shown: Shown) -> int:
    """The token that was traced, or the first of those that were written last."""
    traced = shown.view.traced
    return min(len(shown.earlier), len(shown.tokens) - 1) if traced is None else min(traced, len(shown.tokens) - 1)


def _said(write: Callable[[], Iterator[Answer]]) -> Iterator[tuple[Any, ...]]:
    """The updates of what is written. What goes wrong is said; what the page shows then is of before, or what came."""
    of_before = f" {OF_BEFORE}"
    try:
        for answer in write():
            of_before = ""
            yield updates_of(answer)
    except Exception as error:  # the last place before the visitor
        yield updates_of(Answer(alert(in_words(error) + of_before), stop=off(), more=None if of_before else on()))
