"""Optical flow: the motion between two frames, checks of it, and what one pixel's motion attended to."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from PIL.Image import Image

from components.html.run_line import run_line
from components.render import optical_flow as render
from components.render.architecture import optical_flow_architecture
from components.render.optical_flow import Flows
from models.data.classical_flow import METHODS
from models.data.examples import chosen, example_of, flow_examples
from models.data.flow_check import check_flow
from models.data.flow_files import flo_bytes, read_flow, write_flo
from models.data.images import image_note, open_image
from models.schema import InputDropped, InputError, OpticalFlowRequest, OpticalFlowResult, PixelAt, Probe
from pages.screen import Control, Files, Notice, Run, Screen, Update, answered, on_run
from pages.session import Session
from pages.state import MapState, ModelState, control
from pages.tracing import with_stages

NAME = "optical_flow"
EXAMPLES = flow_examples(NAME)
FRAMES_TAB = f"{NAME}-frames"
"""The tab of two frames."""
MAX_TVL1_PIXELS = 600_000
"""TV-L1 takes about ten seconds for frames of this size, forward and backward."""
CHECKING = '<p class="caption">Estimating the backward flow …</p>'
OWN_FRAMES = "Links cannot include uploaded frames. Upload them again; showing an example for now."
FRAME = "an image file (PNG, JPEG, WebP, ...)"
LARGEST_STEP = "size that added most"
TRACE = ("sizes", "added", "step", "area")
"""Parts of the trace that programs get."""
Baseline = Literal["none", "farneback", "dis", "tvl1"]


class OpticalFlowState(ModelState, MapState):
    example: int | None = control(
        0, "Example", "Index of the example, or None for uploaded frames.", role="selection", ge=0, lt=len(EXAMPLES)
    )
    baseline: Baseline = control(
        "farneback",
        "Classical baseline",
        role="other",
        labels={
            "none": "none",
            "farneback": render.FLOW_METHODS["farneback"],
            "dis": render.FLOW_METHODS["dis"],
            "tvl1": f"{render.FLOW_METHODS['tvl1']}, slow",
        },
    )
    method: Literal["encoder", "rollout"] = control(
        "encoder",
        "Attention",
        '"encoder": encoder attention, latents weighted by decoder attention; "rollout": all layers.',
        role="trace",
        labels={"encoder": "Encoder: latents weighted by decoder attention", "rollout": "Rollout: all layers"},
    )
    step: int | None = control(
        None,
        "Image size",
        "Image size at which attention is traced, counting from 0 (smallest). By default the one that added most to "
        "the motion.",
        role="trace",
        ge=0,
    )
    pixel: tuple[int, int] | None = control(
        None,
        "Pixel",
        "[row, column] of the first frame, counting from 0. By default the center of the largest moving region.",
        role="selection",
    )


@dataclass(frozen=True, slots=True)
class OpticalFlowRun(Run[OpticalFlowState]):
    """request: its frames may be keys of what the backend holds. first, second: the frames, RGB.

    flows: by FLOW_METHODS, the Perceiver's first. truth: float32 [height, width, 2], NaN where unknown, or None.
    truth_file: where it comes from. check: markup, "" until it is computed.
    """

    request: OpticalFlowRequest
    first: Image
    second: Image
    result: OpticalFlowResult
    flows: Flows
    truth: np.ndarray | None
    truth_file: Path | None
    notice: Notice | str
    check: str = ""


class OpticalFlowScreen(Screen[OpticalFlowState, OpticalFlowRun]):
    name = NAME
    state = OpticalFlowState
    examples = EXAMPLES
    uploads: ClassVar = {"first": FRAME, "second": f"the frame after it, of the same size: {FRAME}"}
    page_only = ("example", "baseline", "scale", "opacity")

    def submit(
        self,
        session: Session,
        state: OpticalFlowState,
        first: Path | None = None,
        second: Path | None = None,
        truth: Path | None = None,
    ) -> Update:
        missing = [name for name, file in (("first", first), ("second", second)) if file is None]
        if first is None or second is None:
            raise InputError(f"Add the {' and the '.join(missing)} frame, or choose an example.")
        example = example_of([first, second], [[each.first, each.second] for each in EXAMPLES])
        if truth and example is None and example_of([truth], [[each.truth] for each in EXAMPLES]) is not None:
            truth = None  # it came with an example, and these are other frames
        note = image_note(first) or image_note(second)
        hint = Notice(note) if note else ""
        frames = _open_frame("first", first), _open_frame("second", second)
        run = self._estimate(_of_new_frames(state, example), *frames, truth, hint)
        return self.keep(session, run) | answered() | ({} if truth else {"truth": None})

    def compute_first(self) -> OpticalFlowRun:
        run = self._run_example(self.initial)
        return replace(run, check=self._check(run))

    def open_link(self, session: Session, state: OpticalFlowState) -> Update:
        if state.example is not None:
            return self.keep(session, self._run_example(state))
        run = self._run_example(_of_new_frames(state, 0))
        return self.keep(session, replace(run, notice=Notice(OWN_FRAMES)))

    def show(self, run: OpticalFlowRun) -> Update:
        return self.show_changes(run) | {"check": run.check or CHECKING}

    def controls(self, state: OpticalFlowState) -> Update:
        fields = {} if state.example is None else self.example_inputs(state.example)
        return super().controls(state) | fields | {"step": step_control(())}

    def model_parts(self, state: OpticalFlowState) -> Update:
        return {"architecture": optical_flow_architecture(self.shape(state.weights))}

    def example_inputs(self, index: int) -> Update:
        """Frames and ground truth."""
        example = chosen(EXAMPLES, index)
        return {"first": example.first, "second": example.second, "truth": example.truth}

    def restore(self, session: Session) -> Update:
        run: OpticalFlowRun = session.get()
        if run.state.example is not None:
            return {}
        kept = run.truth_file is not None and run.truth_file.is_file()
        return {"first": run.first, "second": run.second, "truth": run.truth_file if kept else None}

    def call(self, state: OpticalFlowState, first: Path, second: Path) -> object:
        frames = _open_frame("first", first), _open_frame("second", second)
        result = self.backend.run(_probed(OpticalFlowRequest(*frames, weights=state.weights), state))
        lengths, trace = np.hypot(result.flow[..., 0], result.flow[..., 1]), result.trace
        return {
            "flo": b64encode(flo_bytes(result.flow)).decode("ascii"),
            "width": lengths.shape[1],
            "height": lengths.shape[0],
            "mean": float(lengths.mean()),
            "largest": float(lengths.max()),
            "vector": trace and result.flow[trace.row, trace.column],
            "attention": result.attention,
            "trace": trace and {name: getattr(trace, name) for name in TRACE},
            "run": result.run,
        }

    # What a visitor does

    def choose_example(self, session: Session, state: OpticalFlowState, index: int) -> Iterator[Update]:
        notice = self.hint_of(index)
        yield self.example_inputs(index) | {"notice": notice, "source": Control.of(selected=FRAMES_TAB)}
        yield self.keep(session, self._run_example(_of_new_frames(state, index))) | answered()

    def estimate(self, session: Session, state: OpticalFlowState, first: Image, second: Image) -> Update:
        """The flow between two frames without a file."""
        return self.keep(session, self._estimate(_of_new_frames(state, None), first, second, None, "")) | answered()

    def check(self, session: Session, state: OpticalFlowState) -> Iterator[Update]:
        """Checks the flow on the page. It comes after the flow itself, since it needs the backward flow, too."""
        run = session.get()
        if run is None or run.check:
            return
        try:
            check = self._check(run)
        except Exception:
            yield {"check": ""}
            raise
        session.put(replace(run, check=check))
        yield {"check": check}

    def compare(self, session: Session, state: OpticalFlowState) -> Update:
        """Shows another classical baseline next to the same flow."""
        run = session.get()
        if run is None:
            return {}
        flows = {"perceiver": run.flows["perceiver"]} | _baseline(state.baseline, run.first, run.second)
        state = run.state.changed(baseline=state.baseline)
        return self.keep(session, replace(run, state=state, flows=flows, check=""))

    @on_run
    def select_pixel(self, run: OpticalFlowRun, state: OpticalFlowState, row: float, column: float) -> OpticalFlowRun:
        """Traces another pixel. row, column: shares of the frame's height and width, 0 to 1."""
        return self.traced_by(run, state, pixel=(int(row * run.first.height), int(column * run.first.width)))

    def flow_files(self, run: OpticalFlowRun, state: OpticalFlowState) -> Files:
        flow = run.result.flow
        return Files.of_plot(
            lambda: render.flow_figure((run.first, run.second), run.flows, run.result.run, run.truth),
            "flow",
            run.state,
            flo=lambda file: write_flo(file, flow),
        )

    def attention_files(self, run: OpticalFlowRun, state: OpticalFlowState) -> Files:
        scale, opacity = run.state.scale, state.opacity
        draw = partial(render.flow_attention_figure, (run.first, run.second), run.result, scale, opacity)
        return Files.of_plot(draw, f"flow-{run.state.method}", run.state)

    # Runs

    def _run_example(self, state: OpticalFlowState) -> OpticalFlowRun:
        example = EXAMPLES[state.example or 0]
        first, second = open_image(example.first), open_image(example.second)
        return self._estimate(state, first, second, example.truth, Notice(example.notice))

    def _estimate(
        self, state: OpticalFlowState, first: Image, second: Image, truth_file: Path | None, notice: Notice | str
    ) -> OpticalFlowRun:
        _check_baseline(state.baseline, first)
        if state.pixel and not (0 <= state.pixel[0] < first.height and 0 <= state.pixel[1] < first.width):
            state = state.changed(pixel=None)
        truth, problem = _read_truth(truth_file, first)
        request = self.backend.upload(OpticalFlowRequest(first, second, weights=state.weights))
        try:
            result = self._run(request, state)
        except InputError:
            if state.step is None:
                raise
            state = state.changed(step=None)  # a link to larger frames
            result = self._run(request, state)
        flows = {"perceiver": result.flow} | _baseline(state.baseline, first, second)
        notice = Notice(problem, "alert") if problem else notice
        return OpticalFlowRun(
            _as_traced(state, result), request, first, second, result, flows, truth, truth_file, notice
        )

    def _run(self, request: OpticalFlowRequest, state: OpticalFlowState) -> OpticalFlowResult:
        return self.backend.run(with_stages(_probed(request, state)))

    def traced(self, run: OpticalFlowRun, state: OpticalFlowState) -> OpticalFlowRun:
        request = run.request
        try:
            result = self._run(request, state)
        except InputDropped:  # the backend was restarted, or had to make room
            request = self.backend.upload(replace(request, first=run.first, second=run.second))
            result = self._run(request, state)
        result = replace(result, flow=run.result.flow)
        return replace(run, state=_as_traced(state, result), request=request, result=result)

    def _check(self, run: OpticalFlowRun) -> str:
        """Markup of the checks of each flow, with the backward flow of its method."""
        backward = self.backend.upload(OpticalFlowRequest(run.second, run.first, weights=run.state.weights))
        back = {"perceiver": self.backend.run(backward).flow} | _baseline(run.state.baseline, run.second, run.first)
        checks = {
            method: check_flow(run.first, run.second, flow, back[method], run.truth)
            for method, flow in run.flows.items()
        }
        return render.flow_check(run.first, checks)

    def show_changes(self, run: OpticalFlowRun) -> Update:
        state, result = run.state, run.result
        return {
            "notice": run.notice,
            "motion": render.optical_flow(run.first, run.flows, state.pixel, run.truth),
            "run_line": run_line(result.run),
            "network": render.flow_network(run.first, result, self.shape(state.weights)),
            "attention": render.flow_attention(run.first, result, state.scale),
            "step": step_control(result.trace.sizes if result.trace else (), state.step),
            "link": self.link(state),
        }


def step_control(sizes: Sequence[tuple[int, int]], step: int | None = None) -> Control:
    """sizes: (width, height) at which the model reads the frames."""
    choices = [(LARGEST_STEP, ""), *((f"{width} x {height}", step) for step, (width, height) in enumerate(sizes))]
    return Control.choice(choices, step, interactive=len(sizes) > 1)


def _probed(request: OpticalFlowRequest, state: OpticalFlowState) -> OpticalFlowRequest:
    """With the question about the pixel of a state."""
    target = None if state.pixel is None else PixelAt(*state.pixel)
    return replace(request, probe=Probe(target, state.method), step=state.step)


def _of_new_frames(state: OpticalFlowState, example: int | None) -> OpticalFlowState:
    """Pixel and image size belong to the frames before."""
    return state.changed(example=example, pixel=None, step=None)


def _as_traced(state: OpticalFlowState, result: OpticalFlowResult) -> OpticalFlowState:
    """The state with the pixel that was traced, which the model chooses if none is named."""
    return state if result.trace is None else state.changed(pixel=(result.trace.row, result.trace.column))


def _open_frame(name: str, file: Path) -> Image:
    try:
        return open_image(file)
    except InputError as error:
        raise InputError(f"The {name} frame: {error}") from error


def _read_truth(file: Path | None, first: Image) -> tuple[np.ndarray | None, str]:
    """The ground truth, or why it cannot be used."""
    try:
        return (read_flow(file, (first.height, first.width)) if file else None), ""
    except InputError as error:
        return None, f"The ground truth is not used. {error}"


def _baseline(baseline: Baseline, first: Image, second: Image) -> dict[str, np.ndarray]:
    """The flow of the classical baseline by its name, if one is chosen."""
    _check_baseline(baseline, first)
    return {} if baseline == "none" else {baseline: METHODS[baseline](np.asarray(first), np.asarray(second))}


def _check_baseline(baseline: Baseline, first: Image) -> None:
    if baseline == "tvl1" and first.width * first.height > MAX_TVL1_PIXELS:
        raise InputError("TV-L1 would take minutes for frames of this size. Choose another classical baseline or none.")
