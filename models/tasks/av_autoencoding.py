"""Audio-video autoencoding: reconstructs a clip from its latents and classifies it (Perceiver IO, section 4.3).

The model reads a window of a few frames at once; longer clips are read window by window, independently.
"""

import math
from collections.abc import Generator, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor
from transformers import PerceiverForMultimodalAutoencoding

from models.data import av_clip
from models.data.digest import digest
from models.perceiver.checkpoints import Checkpoint, labels_of
from models.perceiver.clip_models import (
    LABEL_QUERY,
    ClipModel,
    decode_frames,
    decode_label,
    decode_sound,
    outputs_of,
    pixel_query,
    sample_query,
)
from models.perceiver.engine import Encoded, Wanted
from models.perceiver.patch_multimodal import PerceiverForPatchMultimodal
from models.schema import (
    AttentionMap,
    AvAutoencodingRequest,
    AvAutoencodingResult,
    AvOutputs,
    AvPart,
    AvTrace,
    AvWindow,
    FramePixel,
    InputError,
    LabelAt,
    LabelScore,
    Modality,
    Probe,
    SoundAt,
)
from models.schema.grouping import cell_of_each, cells_along, centers_of_cells, in_cells
from models.tasks.av_reading import ReadClip, model_inputs, read_clip, window_of_clip
from models.tasks.cost import Cost
from models.tasks.targets import check_index, target_of
from models.tasks.task import Loaded, Runtime, Task
from models.tasks.tracing import trace

OUTPUT_CELLS = 8
"""Most cells along each side of a frame that have an output in `Stages`."""


def run(request: AvAutoencodingRequest, runtime: Runtime) -> AvAutoencodingResult:
    """The final result; see `stream`."""
    *_, whole = stream(request, runtime)
    return cast(AvAutoencodingResult, whole)


def stream(request: AvAutoencodingRequest, runtime: Runtime) -> Generator[AvPart | AvAutoencodingResult]:
    """Yields frames as they are decoded, the first one by itself, then the result with audio, scores and attention.

    Raises InputError.
    """
    with runtime.load(AV_AUTOENCODING.checkpoint(request.weights)) as loaded:
        rebuilding = _Reconstruction(request, loaded, runtime, read_clip(request, loaded))
        yield from rebuilding.parts()
        traced = (None, None) if request.probe is None else rebuilding.trace(request.probe)
        yield rebuilding.result(*traced)


@dataclass(frozen=True, slots=True)
class _Output:
    """An output to trace: its modality, window and query.

    area: all outputs that the query decodes.
    name: for the title of the attention map.
    """

    modality: Modality
    window: int
    query: Wanted
    area: tuple[int, ...]
    name: str


@dataclass(slots=True)
class _Reconstruction:
    """A clip and what has been decoded of it so far.

    scores: label scores by window.
    """

    request: AvAutoencodingRequest
    loaded: Loaded
    runtime: Runtime
    clip: ReadClip
    frames: np.ndarray = field(init=False)
    audio: np.ndarray = field(init=False)
    scores: dict[int, Tensor] = field(default_factory=dict)
    known: bool = True

    def __post_init__(self) -> None:
        self.frames, self.audio = np.zeros_like(self.clip.answers), np.zeros_like(self.clip.audio)

    @property
    def model(self) -> ClipModel:
        return cast(ClipModel, self.loaded.model)

    @property
    def wanted(self) -> list[int]:
        """Indices of the frames to decode, in order. Raises InputError for frames outside the clip."""
        count = len(self.frames)
        if self.request.frame_indices is None:
            return list(range(count))
        if any(not 0 <= frame < count for frame in self.request.frame_indices):
            raise InputError(f"The clip has frames 0 to {count - 1}. Choose one of them.")
        return sorted(set(self.request.frame_indices))

    def parts(self) -> Iterator[AvPart]:
        """Yields the new frames of each window as they are decoded."""
        clip, wanted = self.clip, self.wanted
        for window, new in enumerate(av_clip.new_in(clip.starts, len(clip.frames), clip.shape.frames)):
            here = [frame for frame in wanted if frame // clip.times in new]
            if not here and self.request.frame_indices is not None:
                continue
            encoded = self._encoded(window)
            yield from self._window(encoded, window, here)
            if self.request.frame_indices is None:
                self._sound(encoded, window, new)

    def trace(self, probe: Probe) -> tuple[AttentionMap, AvTrace | None]:
        """Attention of one output. Raises InputError for an output outside the clip."""
        asked = self._asked(target_of(probe, FramePixel, SoundAt, LabelAt))
        encoded = self._encoded(asked.window)
        queries, outputs = self._outputs(asked)
        attention = trace(self.loaded, encoded, probe, asked.query, asked.name, queries)
        if probe.method == "decoder":
            return attention, None
        sizes, shape = encoded.modality_sizes or {}, self.clip.shape
        ends = np.cumsum([sizes[name] for name in sorted(sizes)])  # the order in which a model concatenates them
        parts = dict(zip(sorted(sizes), np.split(attention.values, ends[:-1]), strict=True))
        times, start = self.clip.times, self.clip.starts[asked.window]
        traced = AvTrace(
            modality=asked.modality,
            area=self._finer(asked),
            start=start * times,
            frames=shape.frames * times,
            image=parts["image"].reshape(shape.inputs),
            audio=parts["audio"],
            label=parts["label"].item(),
            outputs=outputs if attention.stages else None,
        )
        return _in_cells(attention, traced), traced

    def result(self, attention: AttentionMap | None, traced: AvTrace | None) -> AvAutoencodingResult:
        clip, config, count = self.clip, self.loaded.model.config, self.request.top_k
        whole = self.request.frame_indices is None
        chosen = slice(None) if whole else self.wanted
        frames, seen = self.frames[chosen], clip.answers[chosen]
        audio, heard = (self.audio, clip.audio) if whole else (self.audio[:0], clip.audio[:0])
        shares = {window: scores.float().softmax(-1).cpu() for window, scores in sorted(self.scores.items())}
        names = labels_of(config)
        return AvAutoencodingResult(
            frames=frames,
            fps=clip.fps,
            audio=audio,
            sample_rate=clip.shape.sample_rate,
            original_frames=seen,
            original_audio=heard,
            labels=_best(torch.stack(list(shares.values())).mean(dim=0), names, count) if shares else (),
            windows=tuple(
                AvWindow(clip.starts[window] * clip.times, _best(each, names, count)) for window, each in shares.items()
            ),
            psnr_db=av_clip.psnr_db(frames, seen),
            ssim=av_clip.ssim(frames, seen),
            snr_db=av_clip.snr_db(audio, heard),
            numbers=clip.frames.size + clip.audio.size,
            latent_numbers=len(clip.starts) * config.num_latents * config.d_latents,
            attention=attention,
            trace=traced,
            masked=self.request.blank,
            run=self.runtime.info(self.loaded, self.known),
        )

    def _window(self, encoded: Encoded, window: int, wanted: list[int]) -> Iterator[AvPart]:
        """Decodes frames of one window, and its label."""
        moments, done = self.clip.moments(wanted, window), 0
        for frames in decode_frames(self.model, encoded, moments, self.request.upsample == "pixels"):
            some = wanted[done : done + len(frames)]
            self.frames[some] = _colors(frames)
            done += len(some)
            yield AvPart(tuple(some), self.frames[some], window, len(self.clip.starts))
        self.scores[window] = decode_label(self.model, encoded)

    def _sound(self, encoded: Encoded, window: int, new: range) -> None:
        """Decodes the audio of the frames that no earlier window contains."""
        per_frame = self.clip.shape.samples_per_frame
        begin, end = new.start * per_frame, new.stop * per_frame
        first = self.clip.first_sample(window)
        sound = decode_sound(self.model, encoded).float().clamp(-1, 1).cpu().numpy()
        self.audio[begin:end] = sound[begin - first : end - first]

    def _encoded(self, window: int) -> Encoded:
        inputs = model_inputs(self.request, self.loaded, self.clip, window)
        encoded, known = self.runtime.encode(self.loaded, inputs, self._key(window))
        self.known &= known
        return encoded

    def _key(self, window: int) -> Hashable:
        """Cache key of the inputs of a window. Frames are hashed as uint8: a quarter of the float32 inputs."""
        frames, audio = window_of_clip(self.clip, window)
        return digest(frames, audio), self.request.label, frozenset(self.request.blank)

    def _finer(self, asked: _Output) -> tuple[int, ...]:
        """The area of an output, counted as in the result."""
        if asked.modality != "image":
            return asked.area
        frame, *place = asked.area
        upsample = self.clip.answers.shape[1] // self.clip.shape.side
        return frame * self.clip.times, *(upsample * each for each in place)

    def _outputs(self, asked: _Output) -> tuple[Wanted, AvOutputs]:
        """Outputs for `Stages`, and their queries: one in each cell of a frame, some of the sound, and the label."""
        clip, grids = self.clip, outputs_of(self.model)
        start, places = clip.starts[asked.window], grids["image"][1:]
        frame = (
            asked.area[0] if asked.modality == "image" else min(start + clip.shape.frames // 2, len(clip.frames) - 1)
        )
        image, (audio,) = cells_along(places, OUTPUT_CELLS), cells_along(grids["audio"])
        queries = {
            "image": centers_of_cells(places, image) + (frame - start) * math.prod(places),
            "audio": centers_of_cells(grids["audio"], (audio,)),
        }
        traced = math.prod(image) + audio
        if asked.modality != "label":
            (query,) = cast(Mapping[str, Tensor], asked.query)[asked.modality].tolist()
            grid, cells = (places, image) if asked.modality == "image" else (grids["audio"], (audio,))
            cell = int(cell_of_each(grid, cells)[query % math.prod(grid)])
            queries[asked.modality][cell] = query
            traced = cell if asked.modality == "image" else math.prod(image) + cell
        wanted: Wanted = {name: torch.from_numpy(each) for name, each in queries.items()} | {"label": None}
        total = sum(map(math.prod, grids.values())) + 1
        return wanted, AvOutputs(frame * clip.times, (image[0], image[1]), audio, traced, total)

    def _asked(self, target: FramePixel | SoundAt | LabelAt | None) -> _Output:
        match target:
            case FramePixel(frame, row, column):
                return self._asked_pixel(frame, row, column)
            case SoundAt(sample):
                return self._asked_sound(sample)
            case LabelAt(index):
                labels = labels_of(self.loaded.model.config)
                check_index("label", index, len(labels), "this model")
                return _Output("label", 0, LABEL_QUERY, (), f"label {labels[index]!r}")
        return _Output("label", 0, LABEL_QUERY, (), "the label")

    def _asked_pixel(self, frame: int, row: int, column: int) -> _Output:
        clip = self.clip
        check_index("frame", frame, len(clip.frames), "this clip")
        check_index("row", row, clip.shape.side, "each frame")
        check_index("column", column, clip.shape.side, "each frame")
        window = clip.window_of(frame)
        query, (_, *place) = pixel_query(self.model, frame - clip.starts[window], row, column)
        return _Output("image", window, query, (frame, *place), f"frame {frame}, row {row}, column {column}")

    def _asked_sound(self, sample: int) -> _Output:
        clip, shape = self.clip, self.clip.shape
        check_index("sample", sample, len(clip.audio), "the sound of this clip")
        window = clip.window_of(sample // shape.samples_per_frame)
        first = clip.first_sample(window)
        query, (begin, samples) = sample_query(self.model, sample - first)
        name = f"sound at {sample / shape.sample_rate:.2f} s"
        return _Output("audio", window, query, (first + begin, samples), name)


def _in_cells(attention: AttentionMap, trace: AvTrace) -> AttentionMap:
    """The stages with inputs in cells; inputs and outputs start with the video, as in `AvOutputs`."""
    if attention.stages is None or trace.outputs is None:
        return attention
    video, sound = trace.input_cells
    cells = (  # as the model concatenates them
        cell_of_each(trace.audio.shape, sound) + math.prod(video),
        cell_of_each(trace.image.shape, video),
        [math.prod(video) + math.prod(sound)],
    )
    stages, sounds = in_cells(attention.stages, np.concatenate(cells)), trace.outputs.audio
    rows = np.r_[sounds : len(stages.decoder) - 1, :sounds, -1]
    layers = None if stages.layers is None else stages.layers[:, rows]
    stages = replace(stages, decoder=stages.decoder[rows], inputs=stages.inputs[rows], layers=layers)
    return replace(attention, stages=stages)


def _colors(frames: Tensor) -> np.ndarray:
    """[k, 3, S, S], 0 to 1 -> uint8 [k, S, S, 3]."""
    return (frames.float().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def _best(probabilities: Tensor, names: tuple[str, ...], count: int) -> tuple[LabelScore, ...]:
    best = probabilities.topk(max(1, min(count, len(names))))
    found = zip(best.values.tolist(), best.indices.tolist(), strict=True)
    return tuple(LabelScore(names[index], probability, index) for probability, index in found)


def _cost(request: AvAutoencodingRequest) -> Cost:
    """Windows of 16 frames, at 25 frames per second; the frames of a window are decoded one by one."""
    seconds = request.frames.shape[0] / request.fps if request.fps > 0 else 0.0
    windows = max(1, math.ceil(seconds * 25 / 16))
    return Cost(11.7 * windows, 20 * windows)


AV_AUTOENCODING = Task(
    name="av_autoencoding",
    request=AvAutoencodingRequest,
    checkpoints=(
        Checkpoint("av_autoencoding", "embedded", PerceiverForPatchMultimodal),
        Checkpoint("deepmind/multimodal-perceiver", "published", PerceiverForMultimodalAutoencoding),
    ),
    run=run,
    cost=_cost,
    stream=stream,
)
