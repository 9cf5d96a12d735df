"""Audio-video autoencoding: reconstruct a clip from its latents, and show which inputs an output attended to."""

import tempfile
from base64 import b64encode
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, cast

import numpy as np

from components.analysis.clip import pixel_in_strip, sample_at, strip_frames
from components.html.run_line import run_line
from components.render import av_autoencoding as render
from components.render.architecture import av_autoencoding_architecture
from models.data.av_clip import has_output
from models.data.examples import chosen, example_of
from models.data.media.clip import Clip
from models.data.media.films import films_of, write_films, write_reconstruction
from models.data.media.reading import open_clip
from models.data.media.squares import av_request
from models.data.media.writing import SOUND_KINDS, write_sound
from models.schema import (
    AvAutoencodingRequest,
    AvAutoencodingResult,
    AvPart,
    InputError,
    Probe,
)
from pages.av_autoencoding.model import label_control, labels_of
from pages.av_autoencoding.state import EXAMPLES, NAME, AvState
from pages.screen import Control, Files, Notice, Run, Screen, Update, answered, on_run
from pages.session import Job, Session
from pages.tracing import with_stages

NO_CLIP = "No clip. Upload one or choose an example."
OWN_CLIP = "Links cannot include uploaded clips. Upload it again; showing an example for now."
RESULTS = (
    "labels", "windows", "fps", "sample_rate", "psnr_db", "ssim", "snr_db", "numbers", "latent_numbers", "attention",
    "trace", "run",
)  # fmt: skip
"""Parts of a result that programs get."""


@dataclass(frozen=True, slots=True)
class AvRun(Run[AvState]):
    """clip: the file. request: its large inputs may be keys of what the backend holds. notice: about the clip.

    films: by part of the page, if they are on disk already.
    """

    clip: Path
    request: AvAutoencodingRequest
    result: AvAutoencodingResult
    notice: str
    films: Mapping[str, Path] = field(default_factory=dict)

    @property
    def frame(self) -> int:
        """The frame in detail, counting from 0."""
        return min(self.state.frame, len(self.result.frames)) - 1


class AvScreen(Screen[AvState, AvRun]):
    name = NAME
    state = AvState
    examples = EXAMPLES
    uploads: ClassVar = {"clip": "a video file (MP4, WebM, MOV, GIF, ...) or sound file (WAV, FLAC, OGG, ...)"}
    page_only = ("example", "frame", "scale", "opacity")

    def submit(self, session: Session, state: AvState, clip: Path | None) -> Iterator[Update]:
        if clip is None:
            raise InputError(NO_CLIP)
        example = example_of([clip], [[each.file] for each in EXAMPLES])
        state = self.fit(state).changed(example=example, frame=1, pixel=None, sample=None)
        yield from self._with_films(session, self._reconstruct(session, state, clip))

    def open(self, session: Session, params: Mapping[str, str]) -> Iterator[Update]:
        yield from self._with_films(session, super().open(session, params))

    def open_link(self, session: Session, state: AvState) -> Iterator[Update]:
        if state.example is not None:
            yield from self._reconstruct(session, state, EXAMPLES[state.example].file)
            return
        state = state.changed(example=0, frame=1, pixel=None, sample=None)
        for update in self._reconstruct(session, state, EXAMPLES[0].file):
            yield update | {"notice": Notice(OWN_CLIP, "alert")}

    def compute_first(self) -> AvRun:
        state, file = self.initial, EXAMPLES[0].file
        request = with_stages(self._request(open_clip(file), state))  # not uploaded: it outlives what a backend holds
        run = AvRun(state, file, request, self.backend.run(request), EXAMPLES[0].notice)
        self._first_films = tempfile.TemporaryDirectory(prefix="perceiver-")  # as long as there is the first run
        return replace(run, films=write_films(run.result, Path(self._first_films.name)))

    def show(self, run: AvRun) -> Update:
        result, count = run.result, len(run.result.frames)
        shown: Update = {
            "notice": Notice(run.notice) if run.notice else "",
            "stop": Control.of(interactive=False),
            "scores": render.av_scores(result),
            "labels": render.av_labels(result),
            "run_line": run_line(result.run),
        }
        slider = Control.of(maximum=max(2, count), value=run.frame + 1, interactive=count > 1)
        return shown | self.show_changes(run) | {"frame": slider}

    def show_changes(self, run: AvRun) -> Update:
        result, frame, trace = run.result, run.frame, run.result.trace
        samples = range(trace.area[0], sum(trace.area)) if trace and trace.modality == "audio" else None
        return {
            "frame": frame + 1,
            "strip": render.av_strip(result, frame),
            "comparison": render.av_frame(result, frame),
            "sound": render.av_sound(result, samples),
            "network": render.av_network(result, self.shape(run.state.weights)),
            "attention": render.av_attention(result, run.state.scale),
            "link": self.link(run.state),
        }

    def controls(self, state: AvState) -> Update:
        shown = super().controls(state) | self.example_inputs(state.example or 0) | {"mask": list(state.mask)}
        del shown["frame"]  # its range comes with the result
        return shown

    def model_parts(self, state: AvState) -> Update:
        shape = self.shape(state.weights)
        return {"label": label_control(shape, state), "architecture": av_autoencoding_architecture(shape)}

    def example_inputs(self, index: int) -> Update:
        return {"clip": chosen(EXAMPLES, index).file}

    def fit(self, state: AvState) -> AvState:
        labels = labels_of(self.shape(state.weights), state)
        return state if state.label is None or state.label < len(labels) else state.changed(label=None)

    def restore(self, session: Session) -> Update:
        clip = session.get().clip
        return {"clip": clip if clip.is_file() else None}

    def call(self, state: AvState, clip: Path) -> object:
        request = self._request(open_clip(clip, sound_only=True), state)
        result = self.backend.run(request)
        with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
            film = write_reconstruction(Path(folder, "reconstruction.mp4"), result)
            return {"mp4": b64encode(film.read_bytes()).decode("ascii")} | {
                name: getattr(result, name) for name in RESULTS
            }

    # What a visitor does

    def wait(self, session: Session, state: AvState) -> Update:
        """Announces a job, which may have to wait for those of other visitors; it can be stopped from here on."""
        session.queue_job()
        return {"notice": Notice("Waiting for its turn …"), "stop": Control.of(interactive=True)}

    def stop(self, session: Session, state: AvState) -> Update:
        """Ends the job at once if it waits for its turn, else after the part that it computes now."""
        session.stop_job()
        waiting = session.get("job") is not None
        return STOPPED if waiting else {"stop": STOPPED["stop"]}

    def choose_example(self, session: Session, state: AvState, index: int) -> Update:
        return self.wait(session, state) | self.example_inputs(index)

    @on_run
    def select_pixel(self, run: AvRun, state: AvState, row: float, column: float) -> AvRun:
        """Shows the frame and the attention of a pixel. row, column: of the film strip, 0 to 1."""
        result, shape = run.result, self.shape(run.state.weights)
        frames, side = strip_frames(result, run.frame), result.frames.shape[1]
        frame, *place = pixel_in_strip((row, column), frames, side)
        times, finer = round(result.fps / shape.fps), side // shape.image_size
        pixel = frame // times, place[0] // finer, place[1] // finer
        # The first of the frames that correspond to one input frame is shown, with the pixel marked.
        return self.traced_by(run, state, pixel=pixel, sample=None, frame=frame // times * times + 1)

    @on_run
    def select_sample(self, run: AvRun, state: AvState, column: float) -> AvRun | Update:
        """Shows the attention of a moment of the sound. column: its share of the time, 0 to 1."""
        count = len(run.result.audio)
        return self.traced_by(run, state, pixel=None, sample=sample_at(column, count)) if count else {}

    @on_run
    def select_label(self, run: AvRun, state: AvState) -> AvRun:
        return self.traced_by(run, state, pixel=None, sample=None)

    def clip_files(self, run: AvRun, state: AvState) -> Files:
        """Frames, sounds and scores as a plot; the reconstruction as MP4 and WAV."""
        result = run.result
        return Files.of_plot(
            lambda: render.av_figure(result, run.frame),
            "reconstruction",
            run.state,
            mp4=lambda file: write_reconstruction(file, result),
            **dict.fromkeys(SOUND_KINDS, lambda file: write_sound(file, result.audio, result.sample_rate)),
        )

    def attention_files(self, run: AvRun, state: AvState) -> Files:
        scale, opacity = run.state.scale, state.opacity
        stem = f"clip-{run.state.method}"
        return Files.of_plot(lambda: render.av_attention_figure(run.result, scale, opacity), stem, run.state)

    # Running the model

    def _request(self, clip: Clip, state: AvState) -> AvAutoencodingRequest:
        """Raises InputError if the clip does not have the output that is traced."""
        shape = self.shape(state.weights)
        request = av_request(clip, shape, state.weights, state.mask, state.label, state.resolution)
        return replace(request, probe=Probe(state.target, state.method))

    def _reconstruct(self, session: Session, state: AvState, file: Path) -> Iterator[Update]:
        """The progress, the first frame as soon as it is there, and then everything."""
        job, finished = session.take_job() or session.start_job(), False
        try:
            if not job.over:
                yield {"notice": Notice("Reading the clip …"), "stop": Control.of(interactive=True)}
                finished = yield from self._stream(session, state, file, job)
        except Exception:
            yield self._previous_frame(session)
            raise
        if job.stopped and not finished:
            yield self._previous_frame(session) | STOPPED

    def _stream(self, session: Session, state: AvState, file: Path, job: Job) -> Generator[Update, None, bool]:
        """Returns whether the job came to its end."""
        clip = open_clip(file, sound_only=True)
        request, shape = self._request(clip, state), self.shape(state.weights)
        if state.target and not has_output(request, shape, state.target):  # a link of another clip
            state = state.changed(pixel=None, sample=None)
            request = replace(request, probe=Probe(None, state.method))
        first = cast(np.ndarray, request.frames)[0]
        request = self.backend.upload(with_stages(request))
        with closing(self.backend.stream(request)) as parts:
            for part in parts:
                if job.over:
                    return False
                if isinstance(part, AvPart):
                    yield _progress(part, first, request.fps)
                    continue
                state = state.changed(frame=min(state.frame, len(part.frames)))
                run = AvRun(state, file, request, part, self._notice(clip, state))
                session.put(run)
                yield self.show(run) | answered()
        return True

    def _previous_frame(self, session: Session) -> Update:
        """The frame that the progress of a job replaced."""
        run = self.kept(session)
        return {} if run is None else {"comparison": render.av_frame(run.result, run.frame)}

    def _notice(self, clip: Clip, state: AvState) -> str:
        """What to know about a clip: of an example, what to look for."""
        if state.example is not None:
            return " ".join([EXAMPLES[state.example].notice, *clip.notes])
        shape = self.shape(state.weights)
        text = f"{clip.duration:.1f} s of {clip.width} x {clip.height} pixels: the model reads the center square at "
        text += f"{shape.image_size} x {shape.image_size} pixels, {shape.fps:g} frames/s."
        silence = () if clip.sound else ("The clip has no sound: the model gets silence.",)
        return " ".join([text, *silence, *clip.notes])

    def traced(self, run: AvRun, state: AvState) -> AvRun:
        """Without decoding the clip again."""
        request = replace(run.request, frame_indices=(), probe=Probe(state.target, state.method))
        found = self.backend.run(with_stages(request))
        return replace(run, state=state, result=replace(run.result, attention=found.attention, trace=found.trace))

    def _with_films(self, session: Session, found: Iterator[Update]) -> Iterator[Update]:
        """Adds the films to each update that shows a run. Their files exist until the generator goes on."""
        for update in found:
            if "answered" not in update:
                yield update
                continue
            run: AvRun = session.get()
            with nullcontext(run.films) if run.films else films_of(run.result) as films:
                yield {**update, **films}


def _progress(part: AvPart, first: np.ndarray, fps: float) -> Update:
    """first: the first frame of the clip."""
    update: Update = {"notice": Notice(f"Window {part.window + 1} of {part.windows}. Stop keeps the previous result.")}
    if part.numbers and part.numbers[0] == 0:
        update["comparison"] = render.av_first_frame(first, part.frames[0], fps)
    return update


STOPPED: Update = {
    "notice": Notice("Stopped. Showing the previous result."),
    "stop": Control.of(interactive=False),
}
