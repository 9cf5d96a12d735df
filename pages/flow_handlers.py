"""What the events of the page on optical flow do."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from PIL.Image import Image

from components import render
from components.render.optical_flow import Flows
from components.scale.attention import Scale
from models.backend.local import ModelService
from models.data.classical_flow import METHODS as CLASSICAL
from models.data.flow_check import check_flow
from models.data.flow_files import read_flow, write_flo
from models.data.images import is_animated, open_image
from models.schema import InputError, OpticalFlowRequest, OpticalFlowResult, PixelAt, Probe, Weights
from models.tasks.optical_flow import check_frames
from pages.examples import example_of
from pages.flow_widgets import EXAMPLES, LOOKS, METHODS, NAME, OF_FRAMES, architecture, sizes_read
from pages.link import FlowView, flow_from_query, flow_to_query
from pages.page import OF_BEFORE, alert, beside_the_button, hint, in_words, run_line
from pages.pictures import uploaded
from pages.saving import Files, figure_files

CHECK_TO_COME = '<p class="caption">The motion back is being asked for …</p>'
MOST_FOR_TVL1 = 600_000
"""Pixels for which TV-L1 takes some ten seconds, there and back."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on the page: the view, the frames, and the results it stands for.

    flows: by FLOW_METHODS, the Perceiver's first. truth: None where none is known. notice: what is said of all this.
    checked: whether the check of these flows is on the page, too.
    """

    view: FlowView
    first: Image
    second: Image
    result: OpticalFlowResult
    flows: Flows
    truth: np.ndarray | None
    notice: str = ""
    checked: bool = False


class Answer(NamedTuple):
    """What the page shows, or the updates of it, of which None leaves a part as it is."""

    notice: Any = ""
    shown: Any = None
    motion: Any = None
    ran: Any = None
    check: Any = None
    attention: Any = None
    step: Any = None
    link: Any = None


class Handlers:
    """What the page's events do."""

    def __init__(self, service: ModelService):
        self._service = service
        self._first_view = FlowView(0, service.default_weights, "farneback", LOOKS[0][1], "linear")
        self._first: Answer | None = None

    @beside_the_button(Answer, OF_BEFORE)
    def estimate(self, first: Any, second: Any, truth: Any, *settings: Any) -> Answer:
        """The motion between the frames in the fields. first, second, truth: as they came from the browser."""
        one, other, true = uploaded(first), uploaded(second), uploaded(truth)
        missing = [name for name, path in (("first", one), ("second", other)) if path is None]
        if one is None or other is None:
            said = f"The {' and the '.join(missing)} frame is missing: drop, paste or take it, or choose an example."
            return Answer(hint(f"{said} {OF_BEFORE}"))
        example = example_of([one, other], [[each.first, each.second] for each in EXAMPLES])
        told = ""
        if is_animated(one) or is_animated(other):
            told = "Of a file that holds several pictures, the first is what is read."
        return self._answer_files(_view(example, *settings), (one, other, true), told)

    @beside_the_button(Answer, OF_BEFORE)
    def estimate_example(self, index: int, *settings: Any) -> Answer:
        """The answer for an example, with what there is to notice about it."""
        return self._answer_example(_view(index, *settings))

    @beside_the_button(Answer)
    def check(self, shown: Shown | None) -> Answer:
        """Whether the motion is right: what takes the motion back as well comes after the answer."""
        if not shown or shown.checked:
            return Answer(None)
        try:
            return self._checked(shown)
        except Exception as error:  # the last place before the visitor
            return Answer(None, check=alert(in_words(error)))

    @beside_the_button(Answer)
    def choose_pixel(self, event: gr.EventData, shown: Shown | None) -> Answer:
        """Where one pixel moves, and what that was read from."""
        if not shown:
            return Answer(None)
        pixel = int(event.row * shown.first.height), int(event.column * shown.first.width)
        return _looked(self._traced(shown, pixel=pixel))

    @beside_the_button(Answer)
    def look_again(self, shown: Shown | None, look: str, step: int) -> Answer:
        """The same pixel, traced in another way."""
        if not shown:
            return Answer(None)
        return _looked(self._traced(shown, look=look, step=None if step < 0 else step))

    @beside_the_button(Answer)
    def rescale(self, shown: Shown | None, scale: Scale) -> Answer:
        """Draws the same attention on another scale; no model is asked."""
        return _looked(replace(shown, view=replace(shown.view, scale=scale))) if shown else Answer(None)

    @beside_the_button(Answer, OF_BEFORE)
    def compare(self, shown: Shown | None, method: str) -> Answer:
        """Another classical method beside the same answer."""
        if not shown:
            return Answer(None)
        flows = {"perceiver": shown.flows["perceiver"]}
        flows |= _beside(method, shown.first, shown.second)
        return _drawn(replace(shown, view=replace(shown.view, method=method), flows=flows, checked=False))

    def open(self, browser: gr.Request) -> tuple[Any, ...]:
        """Frames, settings and answer when the page opens: from the address, or the first example."""
        methods, looks = tuple(dict(METHODS).values()), tuple(dict(LOOKS).values())
        view = flow_from_query(NAME, browser.query_params, self._first_view, len(EXAMPLES), methods, looks)
        if view is None or view.example is None:
            return (*[gr.skip()] * 8, *self._open_first())
        drawing = self.choose_weights(view.weights)[1]
        own = "example" not in browser.query_params
        fields = example_files(view.example)
        return *fields, view.weights, view.method, view.look, view.scale, drawing, *self._open(view, own)

    @beside_the_button(Answer)
    def _open_first(self) -> Answer:
        """The first example's answer, the same for every visitor, with no link: the bare address shows it, too."""
        if self._first is None:
            answer = self._answer_example(self._first_view)
            checked = self._checked(answer.shown)
            self._first = answer._replace(shown=checked.shown, check=checked.check, link="")
        return self._first

    @beside_the_button(Answer)
    def _open(self, view: FlowView, own: bool) -> Answer:
        """own: of frames of its sender's own, which no address can hold."""
        if not own:
            return self._answer_example(view)
        told = "No address can hold frames of one's own: give them again. Meanwhile, an example."
        return self._answer_example(replace(view, pixel=None, step=None), told)

    def choose_example(self, index: int) -> tuple[Any, ...]:
        """Both frames, the truth, the notice, and the tab that holds them."""
        return *example_files(index), hint(EXAMPLES[index].notice), gr.update(selected=OF_FRAMES)

    def choose_weights(self, weights: Weights) -> tuple[str, str]:
        """Notice and drawing for another model."""
        shape = self._service.shape(NAME, weights)
        note = f"{shape.name}: {shape.parameters / 1e6:.1f} M parameters. Press the button to ask it."
        if weights == "published":
            note += " Where it is not on this machine yet, it is downloaded then: about 0.2 GB."
            note += " Without a GPU, it takes many seconds for each tile of 368 x 496 pixels."
        return hint(note), architecture(shape)

    def frame_changed(self, first: Any, second: Any, truth: Any, told_of: Any) -> tuple[Any, ...]:
        """A truth that came with an example is not of other frames. What becomes of it, a notice, and of which frames.

        told_of: those of the notice before. A field may tell of one change twice, and the second time may come late: it
        is not to take the place of what has been said since.
        """
        frames = [file and file["path"] for file in (first, second)]
        if frames == told_of:
            return (gr.skip(),) * 3
        missing = [name for name, file in (("first", first), ("second", second)) if not file]
        told = f"Now the {missing[0]} frame." if missing else "Are both frames there? Then press the button."
        if not truth:
            return gr.skip(), hint(told), frames
        if example_of([Path(truth["path"])], [[each.truth] for each in EXAMPLES]) is not None:
            return None, hint(told), frames
        return gr.skip(), hint(f"{told} The true motion that you gave is kept."), frames

    def _answer_example(self, view: FlowView, told: str = "") -> Answer:
        example = EXAMPLES[view.example or 0]
        return self._answer_files(view, (example.first, example.second, example.truth), told or example.notice)

    def _answer_files(self, view: FlowView, files: tuple[Path, Path, Path | None], told: str) -> Answer:
        frames = [_opened(name, file) for name, file in zip(("first", "second"), files[:2], strict=True)]
        return self.answer(view, frames[0], frames[1], files[2], told)

    def answer(self, view: FlowView, first: Image, second: Image, truth: Path | None = None, told: str = "") -> Answer:
        """The page's answer for two frames, but for the check. Raises InputError and CheckpointUnavailable."""
        check_frames(first, second)
        true, problem = _truth(truth, first)
        notice = alert(problem) if problem else hint(told) if told else ""
        flows = _beside(view.method, first, second)
        if view.pixel and not (view.pixel[0] < first.height and view.pixel[1] < first.width):
            view = replace(view, pixel=None)
        result = self._ask(view, first, second)
        flows = {"perceiver": result.flow, **flows}
        return _drawn(Shown(_seen(view, result), first, second, result, flows, true, notice))

    def _checked(self, shown: Shown) -> Answer:
        """The check, of each flow with the motion back."""
        backward = OpticalFlowRequest(shown.second, shown.first, weights=shown.view.weights)
        back = {"perceiver": self._service.run(backward).flow}
        back |= _beside(shown.view.method, shown.second, shown.first)
        checks = {
            method: check_flow(shown.first, shown.second, flow, back[method], shown.truth)
            for method, flow in shown.flows.items()
        }
        return Answer(None, replace(shown, checked=True), check=render.flow_check(shown.first, checks))

    def _traced(self, shown: Shown, **changes: Any) -> Shown:
        """The same frames, one pixel's motion traced anew. Where latents are kept, nothing is estimated again."""
        view = replace(shown.view, **changes)
        result = self._ask(view, shown.first, shown.second)
        return replace(shown, view=_seen(view, result), result=replace(result, flow=shown.result.flow))

    def _ask(self, view: FlowView, first: Image, second: Image) -> OpticalFlowResult:
        pixel = None if view.pixel is None else PixelAt(*view.pixel)
        probe = Probe(pixel, "rollout" if view.look == "rollout" else "encoder")
        request = OpticalFlowRequest(first, second, probe, view.weights, view.step)
        try:
            return self._service.run(request)
        except InputError:
            if view.step is None:
                raise
            return self._service.run(replace(request, step=None))  # of an address over larger frames


def _opened(name: str, file: Path) -> Image:
    try:
        return open_image(file)
    except InputError as error:
        raise InputError(f"The {name} frame: {error}") from error


def _truth(file: Path | None, first: Image) -> tuple[np.ndarray | None, str]:
    """The true motion, or why it is not used: the answer need not wait for it."""
    try:
        return (read_flow(file, (first.height, first.width)) if file else None), ""
    except InputError as error:
        return None, f"The true motion is not used. {error}"


def _seen(view: FlowView, result: OpticalFlowResult) -> FlowView:
    """The view as it came out: which pixel the model chose, and whether there was such a step."""
    trace = result.trace
    if trace is None:
        return view
    step = view.step if view.step is not None and view.step < len(trace.sizes) else None
    return replace(view, pixel=(trace.row, trace.column), step=step)


def _beside(method: str, first: Image, second: Image) -> dict[str, np.ndarray]:
    """The flow of the classical method, if one is chosen."""
    if not method:
        return {}
    if method == "tvl1" and first.width * first.height > MOST_FOR_TVL1:
        raise InputError("For frames of this size TV-L1 would take minutes: choose Farnebäck, DIS or none beside it.")
    return {method: CLASSICAL[method](np.asarray(first), np.asarray(second))}


def example_files(index: int) -> tuple[str, str, str]:
    """First frame, second frame and truth, for their fields."""
    example = EXAMPLES[index]
    return str(example.first), str(example.second), str(example.truth)


def _view(example: int | None, weights: Weights, method: str, look: str, scale: Scale) -> FlowView:
    return FlowView(example, weights, method, look, scale)


def _drawn(shown: Shown) -> Answer:
    """All of the page's answer but the check."""
    return _looked(shown)._replace(check=CHECK_TO_COME)


def _looked(shown: Shown) -> Answer:
    """What changes when another pixel is asked about, or the same in another way."""
    view, result = shown.view, shown.result
    return Answer(
        notice=shown.notice,
        shown=shown,
        motion=render.optical_flow(shown.first, shown.flows, view.pixel, shown.truth),
        ran=run_line(result.run),
        attention=render.flow_attention(shown.first, result, view.scale),
        step=gr.update(**sizes_read(result.trace.sizes if result.trace else (), view.step)),
        link=flow_to_query(NAME, view),
    )


def flow_files(shown: Shown | None) -> Files | None:
    if shown is None:
        return None
    panel = partial(render.flow_figure, shown.first, shown.flows, shown.result.run)
    return figure_files(panel, "flow", flo=lambda path: write_flo(path, shown.result.flow))


def attention_files(shown: Shown | None, opacity: float) -> Files | None:
    if shown is None:
        return None
    panel = partial(render.flow_attention_figure, shown.first, shown.result, shown.view.scale, opacity)
    return figure_files(panel, f"flow-{shown.view.look}")
