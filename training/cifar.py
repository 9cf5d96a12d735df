"""CIFAR-10: JPEG files in a folder per class, and batches of random crops."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from transformers.image_utils import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

ARCHIVE = "cifar10_jpeg.tar.xz"
SIZE = 32
HELD_OUT = 2_000
"""Training images that choose the best weights; the test images only give scores."""


@dataclass(frozen=True, slots=True)
class Images:
    """pixels: uint8 [n, 3, 32, 32]. labels: int64 [n], indices of names, which are in alphabetical order."""

    pixels: Tensor
    labels: Tensor
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def pick(self, indices: Tensor) -> "Images":
        return Images(self.pixels[indices], self.labels[indices], self.names)


def read_images(folder: Path, split: str) -> Images:
    """`split`/<class>/*.jpg in the folder, or in the archive there; in the order of their paths."""
    files = dict(sorted(_files(folder, split)))
    if not files:
        raise SystemExit(f"{folder} has neither {split}/<class>/*.jpg nor {ARCHIVE} with them")
    names = tuple(sorted({path.split("/")[-2] for path in files}))
    pixels = np.stack([_decode(content) for content in files.values()])
    labels = [names.index(path.split("/")[-2]) for path in files]
    return Images(torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), torch.tensor(labels), names)


def hold_out(images: Images) -> tuple[Images, Images]:
    """(training images, HELD_OUT others); the same split for every run."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images.pick(order[HELD_OUT:]), images.pick(order[:HELD_OUT])


def normalized(pixels: Tensor) -> Tensor:
    """uint8 [n, 3, h, w] -> float32, by the mean and standard deviation of ImageNet, as for the published models."""
    mean, std = (
        torch.tensor(values, device=pixels.device)[:, None, None]
        for values in (IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)
    )
    return (pixels.float() / 255 - mean) / std


class Crops:
    """Endless batches: random crops with a reflected border, mirroring, brightness and contrast.

    The step chooses the images; torch's global seed chooses the augmentation.
    """

    def __init__(self, images: Images, device: torch.device, batch: int, border: int = 4):
        if len(images) < batch:
            raise SystemExit(f"A batch takes {batch} images; here are {len(images)}.")
        self._border, self._batch, self._device = border, batch, device
        bordered = F.pad(images.pixels.float(), (border,) * 4, mode="reflect").to(torch.uint8)
        # [n, 3, shifts, shifts, 32, 32]: a view, in which every crop is one index.
        self._crops = bordered.to(device).unfold(2, SIZE, 1).unfold(3, SIZE, 1)
        self._labels = images.labels.to(device)

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """pixels float32 [batch, 3, 32, 32] and labels [batch]. An epoch has whole batches and no image twice."""
        wanted = self._of_epoch(step)
        shifts = torch.randint(0, 2 * self._border + 1, (2, len(wanted)), device=self._device)
        pixels = self._crops[wanted, :, shifts[0], shifts[1]].float()
        mirrored = torch.rand(len(wanted), 1, 1, 1, device=self._device) < 0.5
        pixels = torch.where(mirrored, pixels.flip(-1), pixels)
        brightness, contrast = 1 + 0.2 * (2 * torch.rand(2, len(wanted), 1, 1, 1, device=self._device) - 1)
        gray = pixels.mean(dim=(1, 2, 3), keepdim=True)
        pixels = ((pixels - gray) * contrast + gray * brightness).clamp(0, 255)
        return normalized(pixels), self._labels[wanted]

    def _of_epoch(self, step: int) -> Tensor:
        """The order depends only on the number of the epoch, so that a resumed run continues with it."""
        steps = len(self._labels) // self._batch
        epoch, turn = divmod(step, steps)
        order = torch.randperm(len(self._labels), generator=torch.Generator().manual_seed(epoch))
        return order[turn * self._batch : (turn + 1) * self._batch].to(self._device)


def _files(folder: Path, split: str) -> Iterator[tuple[str, bytes]]:
    """(path within the data, content), in any order."""
    if (folder / split).is_dir():
        for path in (folder / split).glob("*/*.jpg"):
            yield path.relative_to(folder).as_posix(), path.read_bytes()
    elif (folder / ARCHIVE).exists():
        with tarfile.open(folder / ARCHIVE) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None and member.name.startswith(f"{split}/"):
                    yield member.name, content.read()


def _decode(content: bytes) -> np.ndarray:
    """RGB, uint8 [32, 32, 3]."""
    with Image.open(io.BytesIO(content)) as image:
        if image.size != (SIZE, SIZE):
            raise SystemExit(f"An image has {image.width} x {image.height} pixels, not {SIZE} x {SIZE}.")
        return np.asarray(image.convert("RGB"))
