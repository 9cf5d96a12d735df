"""Optical flow of a clip: between two of its frames, or of the whole clip as a film."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL.Image import fromarray

from components.render import optical_flow as render
from models.backend.protocol import Backend, unwrap
from models.data.examples import FOLDER
from models.data.media.frame_pairs import MAX_DISTANCE, FramePair, describe_clip
from models.data.media.reading import open_clip
from models.data.media.writing import write_clip
from models.schema import InputError, OpticalFlowRequest, Weights
from pages.optical_flow.screen import NAME, OpticalFlowScreen, OpticalFlowState
from pages.screen import Control, Notice, Update
from pages.session import Job, Session

SAMPLE = FOLDER / NAME / "harbor.mp4"
PAIRS_PER_CALL = 3
"""Pairs of a film between two reports of its progress."""
NO_CLIP = "No clip. Upload one or use the sample clip."
NO_FILM: Update = {"film": Control.of(value=None, visible=False), "film_legend": ""}
READY: Update = {"make_film": Control.of(interactive=True), "stop": Control.of(interactive=False)}


@dataclass(frozen=True, slots=True)
class Film:
    """content: of an MP4 with the clip on the left and its flow on the right. legend: what the colors mean."""

    content: bytes
    legend: str


class ClipActions:
    """What a visitor does with a clip. The session holds its `FramePair`, its `Film` and the `Job` of a film."""

    def __init__(self, screen: OpticalFlowScreen):
        self._screen = screen

    def open(self, session: Session, state: OpticalFlowState, clip: Path | None) -> Update:
        """Reads a clip, and shows the flow between its first two frames."""
        if clip is None:
            raise InputError(NO_CLIP)
        opened = open_clip(clip)
        if opened.frames < 2:
            raise InputError("This clip has only one frame. Optical flow needs two.")
        session.start_job()  # a film of the clip before is no longer of use
        session.discard("film")
        shown = self._show_pair(session, state, FramePair(opened))
        return shown | NO_FILM | READY | {"clip_notice": Notice(describe_clip(opened))}

    def open_sample(self, session: Session, state: OpticalFlowState) -> Update:
        return self.open(session, state, SAMPLE) | {"clip": None}

    def pick(self, session: Session, state: OpticalFlowState, start: float | None, distance: float | None) -> Update:
        """Shows the flow between two frames of the clip. start: counting from 1."""
        pair: FramePair | None = session.get("pair")
        if pair is None or not start or not distance:
            return {}
        pair = FramePair.nearest(pair.clip, int(start) - 1, int(distance))
        text = f"Frames {pair.start + 1} and {pair.start + pair.distance + 1} of {pair.clip.frames}."
        return self._show_pair(session, state, pair) | {"clip_notice": Notice(text)}

    def restore(self, session: Session, state: OpticalFlowState) -> Iterator[Update]:
        """Clip and film as the visitor left them."""
        with suppress(InputError):  # they were dropped
            if (pair := session.get("pair")) is not None:
                yield _clip_controls(pair) | {"clip_notice": Notice(describe_clip(pair.clip))}
            if (film := session.get("film")) is not None:
                yield from _show_film(film)

    def clear_film(self, session: Session, state: OpticalFlowState) -> Update:
        session.discard("film")
        return NO_FILM

    def queue_film(self, session: Session, state: OpticalFlowState) -> Update:
        """Starts the job of a film, which may have to wait for that of another visitor."""
        session.queue_job()
        return {
            "clip_notice": Notice("Waiting for another film to finish …"),
            "make_film": Control.of(interactive=False),
            "stop": Control.of(interactive=True),
        }

    def make_film(
        self, session: Session, state: OpticalFlowState, start: float | None, distance: float | None
    ) -> Iterator[Update]:
        """Shows the flow of all pairs from the chosen frame on as a film, and reports the progress."""
        job = session.take_job()
        if job is None:
            return
        try:
            yield from self._make_film(session, state, job, int(start or 1) - 1, int(distance or 1))
        except Exception:
            yield READY | {"clip_notice": ""}
            raise
        if not job.superseded:
            yield READY

    def stop_film(self, session: Session, state: OpticalFlowState) -> Update:
        session.stop_job()
        return {"clip_notice": Notice("Stopping …"), "stop": Control.of(interactive=False)}

    def _show_pair(self, session: Session, state: OpticalFlowState, pair: FramePair) -> Update:
        first, second = pair.images()
        shown = self._screen.estimate(session, state, first, second)
        session.put(pair, "pair")
        return shown | {"first": first, "second": second, "truth": None} | _clip_controls(pair)

    def _make_film(
        self, session: Session, state: OpticalFlowState, job: Job, start: int, distance: int
    ) -> Iterator[Update]:
        pair: FramePair | None = session.get("pair")
        if pair is None:
            raise InputError(NO_CLIP)
        pair = FramePair(pair.clip, start, distance)
        if not pair.available:
            raise InputError("No two frames are this far apart after the chosen frame. Choose an earlier frame.")
        yield {"clip_notice": Notice("Reading the clip …")}
        pairs, began = list(pair.following()), time.monotonic()
        flows: list[np.ndarray] = []
        while len(flows) < len(pairs) and not job.over:
            yield {"clip_notice": Notice(_progress(len(flows), len(pairs), time.monotonic() - began))}
            batch = pairs[len(flows) :][:PAIRS_PER_CALL]
            flows += flows_of_pairs(self._screen.backend, batch, state.weights)
        if job.superseded:
            return
        yield {"clip_notice": Notice(_outcome(len(flows), len(pairs), pair.available))}
        if flows:
            film = draw_film([first for first, _ in pairs[: len(flows)]], flows, pair.clip.fps)
            session.put(film, "film")
            yield from _show_film(film)


def flows_of_pairs(
    backend: Backend, pairs: Sequence[tuple[np.ndarray, np.ndarray]], weights: Weights
) -> list[np.ndarray]:
    """float16 [height, width, 2] each, in half the memory: they are only for colors."""
    requests = [OpticalFlowRequest(fromarray(one), fromarray(other), weights=weights) for one, other in pairs]
    return [result.flow.astype(np.float16) for result in unwrap(backend.run_all(requests))]


def draw_film(frames: Sequence[np.ndarray], flows: Sequence[np.ndarray], fps: float) -> Film:
    drawn = render.flow_film(frames, flows)
    with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
        file = Path(folder, "flow.mp4")
        write_clip(file, drawn.frames, fps)
        return Film(file.read_bytes(), drawn.legend)


def _clip_controls(pair: FramePair) -> Update:
    last = pair.clip.frames - 1
    # A slider needs a range; one that cannot be moved may have one value too many.
    return {
        "start": Control.of(maximum=max(2, last), value=pair.start + 1, interactive=last > 1),
        "distance": Control.of(maximum=max(2, min(MAX_DISTANCE, last)), value=pair.distance, interactive=last > 1),
        "make_film": Control.of(interactive=True),
    }


def _show_film(film: Film) -> Iterator[Update]:
    """The file exists until the generator goes on."""
    with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
        file = Path(folder, "flow.mp4")
        file.write_bytes(film.content)
        yield {"film": Control.of(value=file, visible=True), "film_legend": film.legend}


def _progress(done: int, count: int, seconds: float) -> str:
    left = f", about {seconds / done * (count - done):.0f} s left" if done else ""
    return f"Pair {done + 1} of {count}{left}."


def _outcome(done: int, count: int, available: int) -> str:
    if not done:
        return "Stopped."
    if done < count:
        return f"Stopped after {done} of {count} pairs."
    return f"Done: {count} pairs." if count == available else f"Done: the first {count} of {available} pairs."
