"""What a page is, and what all pages do alike."""

import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from models.backend.local import ModelService
from models.schema import CheckpointUnavailable, InputError, RunInfo
from pages.link import SHOW_IN_ADDRESS

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger(__name__)

PRIVATE: dict[str, Any] = {"api_visibility": "private"}
"""Events that only the page itself triggers."""
QUIET: dict[str, Any] = {"show_progress": "hidden", **PRIVATE}
"""Events that nobody waits for."""
GPU: dict[str, Any] = {"concurrency_id": "gpu", "concurrency_limit": 1}
"""Every event that runs a model for a moment: they share one place in the queue."""
ANSWERS: dict[str, Any] = {"trigger_mode": "always_last", **PRIVATE, **GPU}
"""Events that ask anew: the last of several quick uploads or clicks is what is answered."""
EACH: dict[str, Any] = {"trigger_mode": "multiple", **QUIET}
"""Events that are answered in turn while others run, so that the last click is what the page shows in the end."""
CSV_FILE = [".csv", ".tsv", ".txt"]
"""What fields for tables take."""
OF_BEFORE = "What is shown below and beside still answers the question before this one."


@dataclass(frozen=True, slots=True)
class Opening:
    """The load event of a page's route."""

    app: gr.Blocks

    def answers(self, fn: Callable[..., Any], outputs: Sequence[Any], **options: Any) -> Any:
        return self.app.load(fn, None, list(outputs), **options)


@dataclass(frozen=True, slots=True)
class Page:
    """name: its task's, also in the address. build: makes the widgets inside the open tab and wires them."""

    name: str
    title: str
    build: Callable[[ModelService, Opening], None]


def in_words(error: Exception) -> str:
    """What went wrong, for the visitor: their own mistakes as they are, bugs as an apology and in the log."""
    if isinstance(error, CheckpointUnavailable):
        log.warning("%s", error, exc_info=error.__cause__)
    if isinstance(error, InputError | CheckpointUnavailable):
        return str(error)
    log.error("a page failed", exc_info=error)
    return "Something broke on our side. Your input is untouched, and the fault is in the log."


def alert(text: str) -> str:
    """A notice that something is missing or wrong."""
    return f'<p class="notice alert" role="alert">{escape(text)}</p>'


def hint(text: str) -> str:
    """A notice that helps."""
    return f'<p class="notice" role="status">{escape(text)}</p>'


def updates_of(answer: tuple) -> tuple[Any, ...]:
    """What Gradio is told: a part that is None stays as it is."""
    return tuple(gr.skip() if update is None else update for update in answer)


def beside_the_button(
    answer: Callable[..., tuple], meanwhile: str = ""
) -> Callable[[Callable[P, tuple]], Callable[P, tuple]]:
    """For handlers that return an `answer`, a named tuple of updates of which None leaves an output as it is.

    What goes wrong is said in its `notice`. What was on the page then stays: no overlay hides the last result, nothing
    that was typed is lost. meanwhile: said after what went wrong, of what the page then still shows.
    """

    def decorate(fn: Callable[P, tuple]) -> Callable[P, tuple]:
        @functools.wraps(fn)
        def told(*args: P.args, **kwargs: P.kwargs) -> tuple[Any, ...]:
            try:
                updates = fn(*args, **kwargs)
            except Exception as error:  # the last place before the visitor
                updates = answer(notice=alert(f"{in_words(error)} {meanwhile}".strip()))
            return updates_of(updates)

        return told

    return decorate


def view_link() -> gr.Textbox:
    """The view of a page as a query, unseen; where it becomes another, the address does."""
    link = gr.Textbox(visible="hidden", label="Link to this view")
    link.change(None, link, js=SHOW_IN_ADDRESS, **QUIET)
    return link


def for_callers(fn: Callable[P, R]) -> Callable[P, R]:
    """For functions that are called over the API: what went wrong is the error that the caller gets."""

    @functools.wraps(fn)
    def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return fn(*args, **kwargs)
        except Exception as error:  # the last place before the caller
            raise gr.Error(in_words(error), print_exception=False) from None

    return told


def run_line(run: RunInfo, told: str = "") -> str:
    """The line under every result: model, weights, device, dtype and seconds. told: instead of how it was encoded."""
    told = told or ("latents from the cache" if run.encoder_cached else "inputs encoded anew")
    return f"**{run.model}** ({run.weights}) · {run.device}, {run.dtype} · {run.seconds:.2f} s, {told}"
