"""Claims about the class of an image."""

from typing import Annotated, Literal, get_args

import numpy as np
import torch
from pydantic import Field

from models.backend.protocol import Backend
from models.data.examples import ImageExample, image_examples
from models.data.images import open_image
from models.perceiver.checkpoints import load_checkpoint
from models.schema import ImageClassificationRequest, ImageClassificationResult, Method, Probe, Variant
from models.tasks.image_classification import IMAGE_CLASSIFICATION, normalized
from pages.image_classification.screen import LATENT_MAPS
from tests.claims.claim import Claim

EXAMPLES = image_examples("image_classification")


def run(
    backend: Backend, example: ImageExample, variant: Variant, size: int | None = None, method: Method = "encoder"
) -> ImageClassificationResult:
    image, probe = open_image(example.file), Probe(None, method)
    return backend.run(ImageClassificationRequest(image, variant, probe=probe, size=size, latent_maps=LATENT_MAPS))


def grid_places(result: ImageClassificationResult) -> tuple[np.ndarray, np.ndarray]:
    """How far right and down the inputs are, in percent of the image, [rows, columns] each."""
    start, stop = result.extent
    down, right = (
        100 * (start + (stop - start) * (index + 0.5) / count)
        for index, count in zip(np.indices(result.grid), result.grid, strict=True)
    )
    return right, down


def positions_of(backend: Backend, example: ImageExample, variant: Variant) -> np.ndarray:
    """[rows, columns, channels]."""
    positions = backend.run(ImageClassificationRequest(open_image(example.file), variant, positions=True)).positions
    assert positions is not None
    return positions


class Right(Claim):
    """The best class of these variants, and its lowest probability. size: at which they read the image."""

    kind: Literal["right"]
    label: str
    variants: tuple[Variant, ...]
    at_least: float
    size: int | None = None

    def check(self, backend: Backend, example: ImageExample) -> None:
        for variant in self.variants:
            best = run(backend, example, variant, self.size).labels[0]
            assert best.name == self.label
            assert best.probability >= self.at_least


class Second(Claim):
    """The second class of these variants."""

    kind: Literal["second"]
    label: str
    variants: tuple[Variant, ...]

    def check(self, backend: Backend, example: ImageExample) -> None:
        for variant in self.variants:
            assert run(backend, example, variant).labels[1].name == self.label


class AttentionInside(Claim):
    """Mean attention in a box, relative to uniform. box: left, top, right, bottom in percent of the image."""

    kind: Literal["attention_inside"]
    variant: Variant
    box: tuple[float, float, float, float]
    relative_to_uniform: float

    def check(self, backend: Backend, example: ImageExample) -> None:
        result = run(backend, example, self.variant)
        assert result.attention is not None
        left, top, right, bottom = self.box
        x, y = grid_places(result)
        inside = (left < x) & (x < right) & (top < y) & (y < bottom)
        assert result.attention.values[inside].mean() >= self.relative_to_uniform * result.attention.uniform


class AttentionPeak(Claim):
    """Where attention is highest: right and down in percent of the image, to the nearest input."""

    kind: Literal["attention_peak"]
    variant: Variant
    at: tuple[float, float]

    def check(self, backend: Backend, example: ImageExample) -> None:
        result = run(backend, example, self.variant)
        assert result.attention is not None
        peak = result.attention.values.argmax()
        for places, wanted in zip(grid_places(result), self.at, strict=True):
            assert abs(places.ravel()[peak] - wanted) <= 100 / result.grid[0]


class LatentsDiffer(Claim):
    """Bound of the mean correlation between the maps of the latents that the page offers."""

    kind: Literal["latents_differ"]
    variant: Variant
    correlation_at_most: float

    def check(self, backend: Backend, example: ImageExample) -> None:
        latents = run(backend, example, self.variant).latent_maps
        assert latents is not None
        maps = latents.maps.reshape(len(latents.maps), -1)
        assert np.corrcoef(maps)[np.triu_indices(len(maps), 1)].mean() <= self.correlation_at_most


class Pairs(Claim):
    """Number of inputs and of latents."""

    kind: Literal["pairs"]
    variant: Variant
    inputs: int
    latents: int
    size: int | None = None

    def check(self, backend: Backend, example: ImageExample) -> None:
        rows, columns = run(backend, example, self.variant, self.size).grid
        latents = backend.describe().shape("image_classification", "embedded", self.variant).latents
        assert (rows * columns, latents) == (self.inputs, self.latents)


class Residual(Claim):
    """Residual shares of all variants."""

    kind: Literal["residual"]
    method: Method
    query_share: float
    latent_share: float

    def check(self, backend: Backend, example: ImageExample) -> None:
        for variant in get_args(Variant):
            attention = run(backend, example, variant, method=self.method).attention
            assert attention is not None
            shares = attention.query_share, attention.latent_share
            assert np.allclose(shares, (self.query_share, self.latent_share), atol=1e-3)


class Aliased(Claim):
    """Number of Fourier frequencies that the grid of inputs cannot represent."""

    kind: Literal["aliased"]
    variant: Variant
    frequencies: int

    def check(self, backend: Backend, example: ImageExample) -> None:
        positions = positions_of(backend, example, self.variant)
        # Below the limit, the signs of the cosine of the column along a row change twice as often as the wave.
        bands = (positions.shape[-1] - 2) // 4
        changes = (np.diff(np.sign(positions[0, :, -bands:]), axis=0) != 0).sum(axis=0)
        rising = np.argmax(np.diff(changes) < 0) + 1
        assert bands - rising == self.frequencies


class NeighborsDiffer(Claim):
    """The fastest waves change more between neighboring pixels than the slowest, and no two positions are the same.

    times: least ratio of the two changes.
    """

    kind: Literal["neighbors_differ"]
    variant: Variant
    times: float

    def check(self, backend: Backend, example: ImageExample) -> None:
        positions = positions_of(backend, example, self.variant)
        bands = (positions.shape[-1] - 2) // 4
        change = np.abs(np.diff(positions[..., 2:], axis=1)).mean(axis=(0, 1)).reshape(4, bands)
        sine, cosine = change[1], change[3]  # of the columns; the first two are of the rows
        assert sine[-1] + cosine[-1] >= self.times * (sine[0] + cosine[0])
        each = positions.reshape(-1, positions.shape[-1])
        assert len(np.unique(each.round(4), axis=0)) == len(each)


class OrderFree(Claim):
    """Without position encodings, shuffled pixels give the same latents; with them, they do not."""

    kind: Literal["order_free"]
    variant: Variant

    def check(self, backend: Backend, example: ImageExample) -> None:
        checkpoint = next(each for each in IMAGE_CLASSIFICATION.checkpoints if each.variant == self.variant)
        perceiver = load_checkpoint(checkpoint, torch.device("cpu"), torch.float32, {}).perceiver
        pixels = normalized(run(backend, example, self.variant).input_image)
        inputs = perceiver.input_preprocessor(pixels)[0]
        shuffled = pixels.flatten(2)[..., torch.randperm(pixels[0, 0].numel())].reshape(pixels.shape)
        positions = perceiver.input_preprocessor.project_pos_dim
        for read, same in ((slice(None), False), (slice(0, -positions), True)):
            found = []
            for image in (pixels, shuffled):
                inputs = torch.zeros_like(inputs)
                inputs[..., read] = perceiver.input_preprocessor(image)[0][..., read]
                found.append(perceiver.encoder(perceiver.embeddings(1), inputs=inputs).last_hidden_state)
            assert torch.allclose(*found, atol=1e-3) == same


Kind = Annotated[
    Right
    | Second
    | AttentionInside
    | AttentionPeak
    | LatentsDiffer
    | Pairs
    | Residual
    | Aliased
    | NeighborsDiffer
    | OrderFree,
    Field(discriminator="kind"),
]
