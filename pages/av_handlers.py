"""What the events of the page on the multimodal autoencoder do."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from components import render
from components.analysis.clip import pixel_in_strip, sample_at, strip_frames
from components.scale.attention import Scale
from models.backend.local import ModelService
from models.data.media.clip import Clip
from models.data.media.reading import open_clip
from models.data.media.writing import write_wav
from models.schema import (
    AvAutoencodingRequest,
    AvAutoencodingResult,
    AvPart,
    InputError,
    ModelShape,
    Probe,
    Weights,
)
from pages.av_clip import av_request, outputs_of, target_of, write_film
from pages.av_widgets import EXAMPLES, LOOKS, NAME, UNTOLD, architecture, labels_to_tell
from pages.examples import example_of
from pages.link import AvView, av_from_query, av_to_query
from pages.page import OF_BEFORE, alert, beside_the_button, hint, in_words, run_line
from pages.pictures import uploaded
from pages.saving import Files, figure_files


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on the page: the view, what was asked, and the result. frame: of the result, looked at by itself."""

    view: AvView
    request: AvAutoencodingRequest
    result: AvAutoencodingResult
    frame: int = 0


class Answer(NamedTuple):
    """What the page shows, or the updates of it, of which None leaves a part as it is."""

    notice: Any = ""
    shown: Any = None
    stop: Any = None
    original: Any = None
    rebuilt: Any = None
    scores: Any = None
    labels: Any = None
    ran: Any = None
    at: Any = None
    strip: Any = None
    frame: Any = None
    sound: Any = None
    attention: Any = None
    link: Any = None


Settings = tuple[list[str], int, str, Weights, str, Scale]
"""What the controls say: hidden, label, finer, weights, look, scale."""


class Handlers:
    """What the page's events do."""

    def __init__(self, service: ModelService):
        self._service = service
        self._first: Answer | None = None
        self._films = tempfile.TemporaryDirectory(prefix="perceiver-")  # of the first answer
        self._first_view = AvView(0, service.default_weights, (), None, "", LOOKS[0][1], "linear")

    def waiting(self) -> tuple[Any, ...]:
        """Notice and button at once when a clip is given: somebody else's may come first."""
        return hint("Waiting for its turn …"), _AT_WORK

    def rebuild(self, file: Any, shown: Shown | None, *settings: Any) -> Iterator[tuple[Any, ...]]:
        """The clip in the field. file: as it came from the browser. shown: what is on the page until then."""

        def answers() -> Iterator[Answer]:
            path = uploaded(file)
            if path is None:
                raise InputError("No clip: drop or choose one, or take an example.")
            example = example_of([path], [[each.file] for each in EXAMPLES])
            yield from self._rebuilt(path, _view(example, *settings))

        yield from _guarded(answers(), shown)

    def rebuild_example(self, index: int, shown: Shown | None, *settings: Any) -> Iterator[tuple[Any, ...]]:
        """An example, with what there is to notice about it."""
        yield from _guarded(self._rebuilt(EXAMPLES[index].file, _view(index, *settings)), shown)

    def stopped(self, shown: Shown | None) -> tuple[Any, ...]:
        """Notice, button and frame after a stop: the page is as it was before."""
        if not shown:
            return hint("Stopped."), _RESTING, ""
        return hint("Stopped. What was shown before is still here."), _RESTING, _frame(shown)

    def open(self, browser: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Clip, settings and answer when the page opens: from the address, or the first example."""
        asked = av_from_query(NAME, browser.query_params, self._first_view, len(EXAMPLES), tuple(dict(LOOKS).values()))
        view = asked or self._first_view
        shape = self._service.shape(NAME, view.weights)
        if view.label is not None and (view.weights == "published" or view.label >= len(shape.labels)):
            view = replace(view, label=None)
        fields = (gr.skip(),) * 8
        if asked:
            told = gr.update(**labels_to_tell(shape, view.weights, view.label))
            settings = (list(view.hidden), told, view.finer, view.weights, view.look, view.scale)
            fields = (str(EXAMPLES[view.example or 0].file), *settings, architecture(shape))
        own = bool(asked) and "example" not in browser.query_params
        told = ""
        if own:
            view = replace(view, output=None)
            told = "No address can hold a clip of one's own: give it again. Meanwhile, an example."
        answers = self._rebuilt(EXAMPLES[view.example or 0].file, view, told) if asked else self._open_first()
        for answer in _guarded(answers, None):
            yield *fields, *answer
            fields = (gr.skip(),) * 8

    def _open_first(self) -> Iterator[Answer]:
        """The first example's answer, the same for every visitor, with no link: the bare address shows it, too."""
        if self._first is None:
            *_, answer = self._rebuilt(EXAMPLES[0].file, self._first_view)
            films = Path(self._films.name)
            self._first = _shown(answer.shown, EXAMPLES[0].notice, films)._replace(link="")
        yield self._first

    def choose_example(self, index: int) -> tuple[Any, ...]:
        """The clip, and the notice."""
        return str(EXAMPLES[index].file), hint(EXAMPLES[index].notice)

    def choose_weights(self, weights: Weights) -> tuple[Any, ...]:
        """Notice, drawing and the labels that can be told, for another model."""
        shape = self._service.shape(NAME, weights)
        note = f"{shape.name}: {shape.parameters / 1e6:.1f} M parameters. Press the button to ask it."
        if weights == "published":
            note += " Where it is not on this machine yet, it is downloaded then: about 0.1 GB."
            note += " Without a GPU, it takes many seconds for each window of 0.64 seconds."
        return hint(note), architecture(shape), gr.update(**labels_to_tell(shape, weights))

    @beside_the_button(Answer)
    def choose_pixel(self, event: gr.EventData, shown: Shown | None) -> Answer:
        """A pixel of the strip: its frame by itself, and what it was rebuilt from."""
        if not shown:
            return Answer(None)
        result, read = shown.result, self._service.shape(NAME, shown.view.weights)
        frames, side = strip_frames(result, shown.frame), result.frames.shape[1]
        frame, row, column = pixel_in_strip((event.row, event.column), frames, side)
        finer, times = side // read.image_size, 2 if shown.view.finer == "frames" else 1
        output = np.ravel_multi_index((frame // times, row // finer, column // finer), _count(result, read))
        # Between the frames, the first of those that stand for one that was read: it is what is marked.
        return _looked(self._traced(replace(shown, frame=frame // times * times), output=int(output)))

    @beside_the_button(Answer)
    def choose_moment(self, event: gr.EventData, shown: Shown | None) -> Answer:
        """A moment of the sound: what it was rebuilt from."""
        if not shown or not len(shown.result.audio):
            return Answer(None)
        pixels = int(np.prod(_count(shown.result, self._service.shape(NAME, shown.view.weights))))
        return _looked(self._traced(shown, output=pixels + sample_at(event.column, len(shown.result.audio))))

    @beside_the_button(Answer)
    def choose_label(self, shown: Shown | None) -> Answer:
        """The class: what it was read from."""
        return _looked(self._traced(shown, output=None)) if shown else Answer(None)

    @beside_the_button(Answer)
    def look_again(self, shown: Shown | None, look: str) -> Answer:
        """The same output, traced in another way."""
        return _looked(self._traced(shown, look=look)) if shown else Answer(None)

    @beside_the_button(Answer)
    def rescale(self, shown: Shown | None, scale: Scale) -> Answer:
        """Draws the same attention on another scale; no model is asked."""
        return _looked(replace(shown, view=replace(shown.view, scale=scale))) if shown else Answer(None)

    @beside_the_button(Answer)
    def choose_frame(self, shown: Shown | None, number: float | None) -> Answer:
        """Another frame by itself, and the strip of its window. number: from 1."""
        if not shown or not number:
            return Answer(None)
        frame = min(max(int(number), 1), len(shown.result.frames)) - 1
        chosen = replace(shown, frame=frame)
        return Answer(None, chosen, strip=_strip(chosen), frame=_frame(chosen))

    def _rebuilt(self, file: Path, view: AvView, told: str = "") -> Iterator[Answer]:
        """Step by step: what is done, the first frame, then everything."""
        yield Answer(hint("Reading the clip …"), stop=_AT_WORK)
        clip = open_clip(file)
        request = av_request(self._service, clip, view)
        if view.output is not None and view.output >= outputs_of(request, self._service.shape(NAME, view.weights)):
            view = replace(view, output=None)  # of an address of another clip
        request = replace(request, probe=self._probe(view, request))
        told = " ".join([told or self._told(clip, view), *clip.notes])
        for part in self._service.stream(request):
            if isinstance(part, AvPart):
                yield _progress(request, part)
            else:
                looked_at = part.trace.area[0] if part.trace and part.trace.asked == "image" else 0
                shown = Shown(view, request, part, looked_at)
                with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
                    yield _shown(shown, told, Path(folder))

    def _told(self, clip: Clip, view: AvView) -> str:
        """What there is to know of a clip that is read."""
        if view.example is not None:
            return EXAMPLES[view.example].notice
        read = self._service.shape(NAME, view.weights)
        said = f"{clip.duration:.1f} seconds of {clip.width} x {clip.height} pixels: the center square is read at "
        said += f"{read.image_size} x {read.image_size}, {read.fps:g} frames a second."
        return said if clip.sound else f"{said} There is no sound in it: silence is what the model hears."

    def _traced(self, shown: Shown, **changes: Any) -> Shown:
        """The same clip, one output traced anew: nothing is decoded again."""
        view = replace(shown.view, **changes)
        asked = replace(shown.request, frames_wanted=(), probe=self._probe(view, shown.request))
        found = self._service.run(asked)
        return replace(shown, view=view, result=replace(shown.result, attention=found.attention, trace=found.trace))

    def _probe(self, view: AvView, request: AvAutoencodingRequest) -> Probe:
        shape = self._service.shape(NAME, view.weights)
        target = None if view.output is None else target_of(view.output, request, shape)
        return Probe(target, "rollout" if view.look == "rollout" else "encoder")


_AT_WORK, _RESTING = gr.update(interactive=True), gr.update(interactive=False)


def _view(
    example: int | None, hidden: list[str], label: int, finer: str, weights: Weights, look: str, scale: Scale
) -> AvView:
    told = None if label == UNTOLD or weights == "published" else label
    return AvView(example, weights, tuple(hidden), told, finer, look, scale)


def _count(result: AvAutoencodingResult, shape: ModelShape) -> tuple[int, int, int]:
    """Frames, rows and columns as they were read, which is what a probe counts."""
    frames = round(len(result.frames) * shape.fps / result.fps)
    return frames, shape.image_size, shape.image_size


def _progress(request: AvAutoencodingRequest, part: AvPart) -> Answer:
    """How far it is; the first frame is shown as soon as it is there."""
    told = f"Window {part.window + 1} of {part.windows}. Stop keeps the page as it is."
    if part.numbers and part.numbers[0] == 0:
        return Answer(hint(told), frame=render.av_first_frame(request.frames[0], part.frames[0], request.fps))
    return Answer(hint(told))


def _shown(shown: Shown, told: str, folder: Path) -> Answer:
    """Everything, with two films, which are written into the folder. Gradio copies these before it goes on."""
    result = shown.result
    original, rebuilt = folder / "original.mp4", folder / "rebuilt.mp4"
    write_film(original, result.seen_frames, result.seen_audio, result)
    write_film(rebuilt, result.frames, result.audio, result)
    frames = len(result.frames)
    return _looked(shown)._replace(
        notice=hint(told) if told else "",
        stop=_RESTING,
        original=str(original),
        rebuilt=str(rebuilt),
        scores=render.av_scores(result),
        labels=render.av_labels(result),
        ran=run_line(result.run),
        at=gr.update(maximum=max(2, frames), value=shown.frame + 1, interactive=frames > 1),
    )


def _looked(shown: Shown) -> Answer:
    """What changes when another output is asked about, or the same in another way."""
    view, result = shown.view, shown.result
    trace = result.trace
    asked = range(trace.area[0], sum(trace.area)) if trace and trace.asked == "audio" else None
    return Answer(
        notice=None,
        shown=shown,
        at=shown.frame + 1,
        strip=_strip(shown),
        frame=_frame(shown),
        sound=render.av_sound(result, asked),
        attention=render.av_attention(result, view.scale),
        link=av_to_query(NAME, view),
    )


def _strip(shown: Shown) -> str:
    return render.av_strip(shown.result, shown.frame)


def _frame(shown: Shown) -> str:
    return render.av_frame(shown.result, shown.frame)


def _guarded(answers: Iterator[Answer], shown: Shown | None) -> Iterator[tuple[Any, ...]]:
    """The answers as updates. What goes wrong is said; what was on the page stays, or comes back."""
    try:
        for answer in answers:
            yield _updates(answer)
    except Exception as error:  # the last place before the visitor
        frame = _frame(shown) if shown else None
        yield _updates(Answer(alert(f"{in_words(error)} {OF_BEFORE}"), stop=_RESTING, frame=frame))


def _updates(answer: Answer) -> tuple[Any, ...]:
    return tuple(gr.skip() if update is None else update for update in answer)


def clip_files(shown: Shown | None) -> Files | None:
    """Frames, sounds and scores as a figure; the clip rebuilt as MP4 and WAV."""
    if shown is None:
        return None
    result = shown.result
    return figure_files(
        partial(render.av_figure, result, shown.frame),
        "rebuilt",
        mp4=lambda path: write_film(path, result.frames, result.audio, result),
        wav=lambda path: write_wav(path, result.audio, result.sample_rate),
    )


def attention_files(shown: Shown | None, opacity: float) -> Files | None:
    if shown is None:
        return None
    panel = partial(render.av_attention_figure, shown.result, shown.view.scale, opacity)
    return figure_files(panel, f"clip-{shown.view.look}")
