"""Claims about reconstructed clips."""

from typing import Annotated, Literal

from pydantic import Field

from models.backend.protocol import Backend
from models.data.examples import AvExample, av_examples
from models.data.media.reading import open_clip
from models.data.media.squares import av_request
from models.schema import AvAutoencodingResult
from tests.claims.claim import Claim

EXAMPLES = av_examples("av_autoencoding")
Mask = tuple[Literal["image", "audio"], ...]


def run(backend: Backend, example: AvExample, mask: Mask = ()) -> AvAutoencodingResult:
    shape = backend.describe().shape("av_autoencoding", "embedded", "")
    return backend.run(av_request(open_clip(example.file), shape, "embedded", mask, None, "native"))


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
    mask: Mask

    def check(self, backend: Backend, example: AvExample) -> None:
        assert run(backend, example, self.mask).psnr_db <= self.psnr_db


Kind = Annotated[Label | Windows | Quality | Lost, Field(discriminator="kind")]
