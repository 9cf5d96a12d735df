"""Claims about reconstructed clips."""

from dataclasses import replace
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from models.backend.protocol import Backend
from models.data.examples import AvExample, av_examples
from models.data.media.reading import open_clip
from models.data.media.squares import Resolution, av_request
from models.schema import AvAutoencodingResult, Probe
from tests.claims.claim import Claim

EXAMPLES = av_examples("av_autoencoding")
Mask = tuple[Literal["image", "audio"], ...]


def run(
    backend: Backend,
    example: AvExample,
    mask: Mask = (),
    resolution: Resolution = "native",
    probe: Probe | None = None,
) -> AvAutoencodingResult:
    shape = backend.describe().shape("av_autoencoding", "embedded", "")
    request = av_request(open_clip(example.file), shape, "embedded", mask, None, resolution)
    return backend.run(replace(request, probe=probe))


def psnr(frames: np.ndarray, truth: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.square(frames.astype(float) - truth).mean()))


class Label(Claim):
    """The best label, with these modalities masked, and its lowest probability."""

    kind: Literal["label"]
    label: str
    at_least: float
    mask: Mask = ()

    def check(self, backend: Backend, example: AvExample) -> None:
        best = run(backend, example, self.mask).labels[0]
        assert best.name == self.label
        assert best.probability >= self.at_least


class Windows(Claim):
    """The best label of each window, and the lowest of their probabilities."""

    kind: Literal["windows"]
    labels: tuple[str, ...]
    at_least: float

    def check(self, backend: Backend, example: AvExample) -> None:
        best = [window.labels[0] for window in run(backend, example).windows]
        assert tuple(label.name for label in best) == self.labels
        assert min(label.probability for label in best) >= self.at_least


class Quality(Claim):
    """Lowest PSNR of the frames and lowest SNR of the sound, in dB."""

    kind: Literal["quality"]
    psnr_db: float
    snr_db: float

    def check(self, backend: Backend, example: AvExample) -> None:
        result = run(backend, example)
        assert result.psnr_db >= self.psnr_db
        assert result.snr_db is not None
        assert result.snr_db >= self.snr_db


class Lost(Claim):
    """Highest PSNR of the frames in dB, with these modalities masked."""

    kind: Literal["lost"]
    psnr_db: float
    mask: Mask = ()
    resolution: Resolution = "native"

    def check(self, backend: Backend, example: AvExample) -> None:
        assert run(backend, example, self.mask, self.resolution).psnr_db <= self.psnr_db


class Numbers(Claim):
    """How many numbers the input and the latents hold."""

    kind: Literal["numbers"]
    inputs: int
    latents: int
    resolution: Resolution = "native"

    def check(self, backend: Backend, example: AvExample) -> None:
        result = run(backend, example, resolution=self.resolution)
        assert (result.numbers, result.latent_numbers) == (self.inputs, self.latents)


class Frames(Claim):
    """Number of frames of the reconstruction, and pixels along each side."""

    kind: Literal["frames"]
    resolution: Resolution
    count: int
    side: int

    def check(self, backend: Backend, example: AvExample) -> None:
        frames = run(backend, example, resolution=self.resolution).frames
        assert frames.shape == (self.count, self.side, self.side, 3)


class NotBetterThanEnlarged(Claim):
    """Twice as many pixels are no closer to the clip than the native reconstruction, enlarged by interpolation."""

    kind: Literal["not_better_than_enlarged"]

    def check(self, backend: Backend, example: AvExample) -> None:
        fine, native = run(backend, example, resolution="pixels"), run(backend, example)
        size = fine.frames.shape[2], fine.frames.shape[1]
        enlarged = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) for frame in native.frames])
        assert fine.psnr_db <= psnr(enlarged, fine.original_frames)


class BetweenFrames(Claim):
    """Frames between those of the input are closer to the clip than the frame before, repeated."""

    kind: Literal["between_frames"]
    better_than_repeated_by_db: float

    def check(self, backend: Backend, example: AvExample) -> None:
        result = run(backend, example, resolution="frames")
        frames, truth = result.frames[1:-1:2], result.original_frames[1:-1:2]
        repeated = result.frames[:-2:2]
        assert psnr(frames, truth) >= psnr(repeated, truth) + self.better_than_repeated_by_db


class LabelAttention(Claim):
    """Lowest share of the label's encoder attention that goes to a modality."""

    kind: Literal["label_attention"]
    modality: Literal["image", "audio"]
    mask: Mask
    at_least: float

    def check(self, backend: Backend, example: AvExample) -> None:
        trace = run(backend, example, self.mask, probe=Probe(None, "encoder")).trace
        assert trace is not None
        shares = {"image": trace.image, "audio": trace.audio}
        assert shares[self.modality].sum() >= self.at_least


Kind = Annotated[
    Label | Windows | Quality | Lost | Numbers | Frames | NotBetterThanEnlarged | BetweenFrames | LabelAttention,
    Field(discriminator="kind"),
]
