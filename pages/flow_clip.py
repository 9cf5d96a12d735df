"""What the events of a clip do on the page of optical flow: pick two of its frames, or follow it from end to end."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np
from PIL.Image import Image, fromarray

from components import render
from models.backend.local import ModelService
from models.backend.protocol import unwrap
from models.data.media.clip import Clip
from models.data.media.reading import open_clip, read_frames
from models.data.media.writing import write_clip
from models.schema import InputError, OpticalFlowRequest, Weights
from pages.examples import FOLDER
from pages.flow_handlers import Answer, Handlers
from pages.flow_widgets import NAME
from pages.link import FlowView
from pages.page import OF_BEFORE, alert, hint, in_words
from pages.pictures import uploaded

EXAMPLE = FOLDER / NAME / "harbor.mp4"
PAIR_SIDE = 960
"""Pixels of the longer side at which two frames of a clip are read: 4K would take half a minute a pair."""
FILM_SIDE = 384
MOST_PAIRS = 150
AT_ONCE = 3
"""Pairs of a film between two words of progress."""
FARTHEST = 10
"""Frames that a pair may be apart."""


class Opened(NamedTuple):
    """What is told of a clip, the clip, its controls, the film that was there before, and the fields of the frames.

    Of these, and of the page's `Answer` that follows them in every event, None leaves a part as it is.
    """

    told: Any = None
    clip: Any = None
    pair: Any = None
    apart: Any = None
    ask: Any = None
    stop: Any = None
    video: Any = None
    legend: Any = None
    first: Any = None
    second: Any = None
    truth: Any = None


class Film(NamedTuple):
    """The flow of a clip as it comes about, of which None leaves a part as it is."""

    told: Any = None
    video: Any = None
    legend: Any = None
    ask: Any = None
    stop: Any = None


class ClipHandlers:
    """What the events of a clip do."""

    def __init__(self, service: ModelService, frames: Handlers):
        self._service = service
        self._frames = frames

    def open(self, file: Any, *settings: Any) -> tuple[Any, ...]:
        """A clip and its first two frames, with the motion between them. file: as it came from the browser."""
        return self._guarded(lambda: self._opened(_given(file), *settings))

    def open_example(self, *settings: Any) -> tuple[Any, ...]:
        """The clip that was drawn for this page."""
        return self._guarded(lambda: self._opened(EXAMPLE, *settings))

    def pick(self, clip: Clip | None, pair: float | None, apart: float | None, *settings: Any) -> tuple[Any, ...]:
        """Two frames of the clip into the fields, and the motion between them."""
        if clip is None or not pair or not apart:
            return _updates(Opened(), Answer(None))
        return self._guarded(lambda: self._picked(clip, int(pair) - 1, int(apart), settings))

    def wait(self) -> tuple[Any, ...]:
        """At once when a film is asked for: somebody else's may come first."""
        told = hint("Waiting for its turn …")
        return _updates(Film(told, ask=gr.update(interactive=False), stop=gr.update(interactive=True)))

    def film(self, clip: Clip | None, pair: float, apart: float, weights: Weights) -> Iterator[tuple[Any, ...]]:
        """The flow of all pairs from the chosen one on, as a film beside the clip; each step says how far it is."""
        try:
            for step in self._follow(clip, int(pair) - 1, int(apart), weights):
                yield _updates(step)
            yield _updates(_FREE)
        except Exception as error:  # the last place before the visitor
            yield _updates(_FREE._replace(told=alert(in_words(error))))

    def stopped(self) -> tuple[Any, ...]:
        """After a stop: the page stays as it was."""
        return _updates(_FREE._replace(told=hint("Stopped. What was shown before is still here.")))

    def _guarded(self, ask: Any) -> tuple[Any, ...]:
        try:
            return ask()
        except Exception as error:  # the last place before the visitor
            return _updates(Opened(alert(f"{in_words(error)} {OF_BEFORE}")), Answer(None))

    def _opened(self, file: Path, *settings: Any) -> tuple[Any, ...]:
        clip = open_clip(file)
        if clip.frames < 2:
            raise InputError("There is only one frame in this clip, and a motion needs two.")
        width, height = clip.shrunk(PAIR_SIDE)
        told = [f"{clip.frames} frames of {clip.width} x {clip.height} pixels, {clip.duration:.1f} seconds."]
        if width < clip.width:
            told.append(f"They are read at {width} x {height}; for full size, give two pictures.")
        opened = Opened(
            told=hint(" ".join([*told, *clip.notes])),
            clip=clip,
            # A slider wants two values at least, and one that cannot be moved may have one too many.
            pair=gr.update(maximum=max(2, clip.frames - 1), value=1, interactive=clip.frames > 2),
            apart=gr.update(maximum=max(2, min(FARTHEST, clip.frames - 1)), value=1, interactive=clip.frames > 2),
            ask=gr.update(interactive=True),
            stop=gr.update(interactive=False),
            video=gr.update(value=None, visible=False),
            legend="",
        )
        return self._shown(opened, *pair_of(clip, 0, 1), settings)

    def _picked(self, clip: Clip, first: int, apart: int, settings: tuple[Any, ...]) -> tuple[Any, ...]:
        apart = min(apart, clip.frames - 1)
        first = min(first, clip.frames - 1 - apart)  # so that they are as far apart as the control says
        told = hint(f"Frames {first + 1} and {first + apart + 1} of {clip.frames}.")
        return self._shown(Opened(told, pair=first + 1), *pair_of(clip, first, first + apart), settings)

    def _shown(self, opened: Opened, one: Image, other: Image, settings: tuple[Any, ...]) -> tuple[Any, ...]:
        answer = self._frames.answer(FlowView(None, *settings), one, other)
        return _updates(opened._replace(first=one, second=other, truth=gr.update(value=None)), answer)

    def _follow(self, clip: Clip | None, first: int, apart: int, weights: Weights) -> Iterator[Film]:
        if clip is None:
            raise InputError("No clip: drop or choose one.")
        every = clip.frames - apart - first
        count = min(every, MOST_PAIRS)
        if count < 1:
            raise InputError("From the chosen frame on, there are no two frames so far apart.")
        yield Film(hint(f"Reading {count + apart} frames …"))
        frames = list(read_frames(clip, first, first + count + apart, FILM_SIDE))
        flows: list[np.ndarray] = []
        began = time.monotonic()
        while len(flows) < count:
            yield Film(hint(_progress(len(flows), count, time.monotonic() - began)))
            flows += self._next(frames, flows, count, apart, weights)
        film = render.flow_film(frames[:count], flows)
        with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
            path = Path(folder) / "flow.mp4"
            write_clip(path, film.frames, clip.fps)
            told = (
                f"Done: {count} pairs{f', the first of {every}' if every > count else ''}. See the film below the flow."
            )
            # Gradio copies the file before it goes on.
            yield Film(hint(told), gr.update(value=str(path), visible=True), film.legend)

    def _next(
        self, frames: list[np.ndarray], flows: list[np.ndarray], count: int, apart: int, weights: Weights
    ) -> list[np.ndarray]:
        """The flows of the pairs that follow, in half the memory: they are for colors only."""
        starts = range(len(flows), min(len(flows) + AT_ONCE, count))
        pairs = ((fromarray(frames[at]), fromarray(frames[at + apart])) for at in starts)
        found = unwrap(self._service.run_all([OpticalFlowRequest(*pair, weights=weights) for pair in pairs]))
        return [each.flow.astype(np.float16) for each in found]


_FREE = Film(ask=gr.update(interactive=True), stop=gr.update(interactive=False))


def pair_of(clip: Clip, first: int, second: int) -> tuple[Image, Image]:
    """Two frames of a clip, no longer than PAIR_SIDE."""
    (one,), (other,) = (tuple(read_frames(clip, at, at + 1, PAIR_SIDE)) for at in (first, second))
    return fromarray(one), fromarray(other)


def _given(file: Any) -> Path:
    path = uploaded(file)
    if path is None:
        raise InputError("No clip: drop or choose one.")
    return path


def _progress(done: int, count: int, seconds: float) -> str:
    left = f", about {seconds / done * (count - done):.0f} s left" if done else ""
    return f"Pair {done + 1} of {count}{left}. Stop keeps the page as it is."


def _updates(*parts: NamedTuple) -> tuple[Any, ...]:
    return tuple(gr.skip() if update is None else update for part in parts for update in part)
