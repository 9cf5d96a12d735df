"""What is on the page on writing, and how it is drawn: as it grows, and once it is traced."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from components import render
from components.html.text.compared import Compared
from components.scale.attention import Scale
from models.schema import Ended, TextGenerationStep, WrittenToken
from pages.page import hint, run_line
from pages.saving import Files, figure_files
from pages.text_generation_view import NAME
from pages.text_link import GenerationView, generation_to_query
from pages.trace import figure_markup

ENDINGS: dict[Ended, str] = {
    "length": "As many tokens as you asked for.",
    "stop": "It came to one of your stop strings.",
    "end": "The model ended the text.",
    "time": "The time was over.",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on the page: the view, and the text so far.

    step: the last that the service gave. earlier: the tokens that its request took over, as they were written.
    beside: the same with little prefix, where that was wanted. ran: the run line of what was written last. stopped: by
    the visitor.
    """

    view: GenerationView
    step: TextGenerationStep
    earlier: tuple[WrittenToken, ...] = ()
    beside: Compared | None = None
    ran: str = ""
    stopped: bool = False

    @property
    def tokens(self) -> tuple[WrittenToken, ...]:
        return self.earlier + self.step.tokens

    @property
    def tokens_beside(self) -> tuple[WrittenToken, ...]:
        return self.beside.earlier + self.beside.step.tokens if self.beside else ()

    @property
    def complete(self) -> bool:
        """Whether something is there, and no more of it will come by itself."""
        awaited = self.view.little is not None and (self.beside is None or not self.beside.step.ended)
        return bool(self.tokens and (self.stopped or (self.step.ended and not awaited)))

    @property
    def scale(self) -> Scale:
        return "log" if self.view.looked[-1] == "log" else "linear"


class Answer(NamedTuple):
    """What the page shows, or the updates of it, of which None leaves a part as it is."""

    notice: Any = None
    shown: Any = None
    more: Any = None
    stop: Any = None
    border: Any = None
    text: Any = None
    alternatives: Any = None
    compared: Any = None
    ran: Any = None
    read: Any = None
    figure: Any = None
    link: Any = None


def on() -> Any:
    return gr.update(interactive=True)


def off() -> Any:
    return gr.update(interactive=False)


def begun(shown: Shown) -> Answer:
    """The first picture of another text: what was traced in the one before is gone."""
    return growing(shown)._replace(**dict.fromkeys(("alternatives", "read", "figure", "ran"), ""))


def growing(shown: Shown) -> Answer:
    """The text so far."""
    step = shown.step
    said = f"{len(step.tokens):,} tokens, {step.tokens_per_second:.0f} a second …" if step.tokens else "Reading …"
    if shown.beside:
        said = "Once more, with little prefix …"
    text = render.text_generation_running(step, shown.earlier)
    return Answer(hint(said), shown, text=text, compared=_compared(shown))


def ended(shown: Shown) -> Answer:
    """All of the text, not traced yet."""
    step = shown.step
    if not shown.tokens:
        return growing(shown)._replace(notice=hint("Stopped before anything was written."), stop=off())
    speed = f"{len(step.tokens):,} tokens, {step.tokens_per_second:.0f} a second"
    speed += f", the first after {step.first_seconds:.2f} s."
    cut = f" The first {step.cut:,} tokens of the beginning were not read: the prefix had no room." if step.cut else ""
    why = "Stopped." if shown.stopped else ENDINGS.get(step.ended, "")
    said = f"{why} {speed}{cut} Click any of it to see what it was read from."
    return growing(shown)._replace(notice=hint(said))


def drawn(shown: Shown) -> Answer:
    """All of the page's answer; a notice stays. The text can be written on."""
    view = replace(shown.view, max_new_tokens=len(shown.tokens))  # the address gives all that is there
    panels = render.text_generation(shown.step, shown.earlier, view.unit, shown.scale)
    return Answer(
        shown=shown,
        more=on(),
        stop=off(),
        text=panels.text,
        alternatives=panels.alternatives if panels.alternatives else "",
        compared=_compared(shown),
        ran=shown.ran,
        read=panels.read if panels.read else "",
        figure=figure_markup(panels.attention),
        link=generation_to_query(NAME, view),
    )


def ran(step: TextGenerationStep) -> str:
    """The run line, with what the writing cost."""
    times = "once" if step.readings == 1 else f"{step.readings:,} times"
    kept = f"{step.memory_bytes / 1e6:.1f} MB of keys and values kept"
    return run_line(step.run, f"the whole text read {times}, {kept}")


def _compared(shown: Shown) -> str:
    if shown.beside is None:
        return ""
    return render.text_generation_comparison([Compared(shown.step, shown.earlier), shown.beside])


def attention_files(shown: Shown | None) -> Files | None:
    if shown is None or shown.step.attention is None:
        return None
    step, unit, scale = shown.step, shown.view.unit, shown.scale
    panel = partial(render.text_generation_attention, step, unit, scale)
    return figure_files(panel, f"written-token-{shown.view.traced}-{shown.step.attention.method}")
