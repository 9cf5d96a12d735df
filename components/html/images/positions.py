"""The position encoding of a model as small maps: data in, HTML out."""

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.colors import Normalize

from components.html.images.pixels import FINE, legend, picture
from components.words.numbers import percent
from models.schema import Variant

MAX_RESOLUTION: dict[Variant, int] = {"fourier": 224, "conv": 56}
"""Twice the highest frequency of the variants with Fourier features, in waves across the image."""
COLOR_MAP = "PuOr_r"
BANDS_SHOWN, COMPONENTS_SHOWN = 6, 12
_FEATURES = ("sin of row", "sin of column", "cos of row", "cos of column")
_UNIT = Normalize(-1.0, 1.0)


def position_tiles(positions: np.ndarray, variant: Variant) -> Markup:
    """positions: float32 [height, width, channels], as the encoder reads them, at least 2 inputs a side."""
    return _learned(positions) if variant == "learned" else _fourier(positions, MAX_RESOLUTION[variant])


def frequencies(bands: int, max_resolution: int) -> np.ndarray:
    """float64 [bands], in waves across the image: feature k is sin or cos of pi * f[k] * position, from -1 to 1."""
    return np.linspace(1.0, max_resolution / 2, bands)


def bands_to_show(bands: int, max_resolution: int) -> list[int]:
    """Some of the bands from the lowest to the highest, each about as many times higher than the one before."""
    known = frequencies(bands, max_resolution)
    wanted = np.geomspace(known[0], known[-1], BANDS_SHOWN)
    return sorted({int(np.abs(known - each).argmin()) for each in wanted})


def principal_components(positions: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores float64 [height, width, n] and the share of the variance over positions that each explains, [n].

    n: `most`, or the number of directions if that is smaller. The sign of a component is arbitrary: the score farthest
    from 0 is made positive.
    """
    height, width, channels = positions.shape
    vectors = positions.reshape(-1, channels).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    # From the channels' own products: the pixels of a large image outnumber them a hundredfold, and a direct
    # decomposition would take seconds.
    products = vectors.T @ vectors
    variances, directions = np.linalg.eigh(products)
    order = np.argsort(-variances)[: min(most, height * width, channels)]
    explained = np.maximum(variances[order], 0.0) / max(float(np.trace(products)), np.finfo(float).tiny)
    scores = vectors @ directions[:, order]
    scores *= np.where(scores.max(axis=0) >= -scores.min(axis=0), 1.0, -1.0)
    return scores.reshape(height, width, -1), explained


def _fourier(positions: np.ndarray, max_resolution: int) -> Markup:
    """Channels: row, column, then all bands of sin of the row, sin of the column, cos of the row, cos of the column."""
    height, width, channels = positions.shape
    bands = (channels - 2) // 4
    # A wave is sampled often enough where neighbors, 2 / (n - 1) apart, differ by at most half of it.
    known, limit = frequencies(bands, max_resolution), (min(height, width) - 1) / 2
    shown = bands_to_show(bands, max_resolution)
    plain = Markup("").join(
        _tile(positions[..., at], _UNIT, f"{axis} coordinate") for at, axis in enumerate(("row", "column"))
    )
    heads = Markup("").join(Markup("<span>{}<br>{}</span>").format(*name.split(" of ")) for name in _FEATURES)
    rows = [
        Markup('<div class="band"><span>positions</span>{}<small>row and<br>column</small></div>').format(plain),
        Markup('<div class="band head" aria-hidden="true"><span></span>{}</div>').format(heads),
        *(_band(positions[..., 2 + band :: bands], float(known[band]), known[band] > limit) for band in shown),
    ]
    said = [
        f"{channels} channels: row, column, and sine and cosine of both at {bands} frequencies, from 1 to "
        f"{known[-1]:.4g} waves across the image. {len(shown)} of the frequencies are shown."
    ]
    if too_fine := int((known > limit).sum()):
        said.append(
            f"This grid of {height} × {width} can represent up to {limit:.4g} waves; {too_fine} of the {bands} "
            "frequencies are higher and alias: they look like lower ones."
        )
    return _sheet("bands", Markup("").join(rows), ("−1", "+1"), [*said, *_blended(positions)])


def _band(features: np.ndarray, frequency: float, aliased: bool) -> Markup:
    """features: [height, width, 4], in the order of `_FEATURES`. frequency: waves across the image."""
    waves = f"{frequency:.3g} wave{'s' if frequency != 1 else ''}"
    tiles = Markup("").join(
        _tile(features[..., part], _UNIT, f"{name}, {waves}") for part, name in enumerate(_FEATURES)
    )
    return Markup('<div class="band"><span>{}{}</span>{}</div>').format(
        waves, Markup("<br><em>aliased</em>") if aliased else "", tiles
    )


def _blended(positions: np.ndarray) -> list[str]:
    """A note if the maps are shown at reduced size."""
    height, width, _ = positions.shape
    said = f"The maps of {height} × {width} are shown at reduced size, so fine patterns blur."
    return [said] if max(height, width) > FINE else []


def _learned(positions: np.ndarray) -> Markup:
    height, width, channels = positions.shape
    scores, explained = principal_components(positions, COMPONENTS_SHOWN)
    reach = float(np.abs(scores).max())
    if reach == 0.0:
        return Markup('<div class="positions"><p class="caption">All position vectors are the same.</p></div>')
    tiles = Markup("").join(
        Markup("<figure>{}<figcaption>{}: {}</figcaption></figure>").format(
            _tile(scores[..., at], Normalize(-reach, reach), f"component {at + 1}, {percent(share)}"),
            at + 1,
            percent(share),
        )
        for at, share in enumerate(explained)
    )
    said = [
        f"The first {len(explained)} principal components of {height} × {width} learned vectors with {channels} "
        f"channels, and the share of the variance that each explains: {percent(float(explained.sum()))} in total. "
        "In the demo model, the vectors were initialized as Fourier features.",
        *_blended(positions),
    ]
    return _sheet("components", tiles, (f"−{reach:.2g}", f"+{reach:.2g}"), said)


def _tile(values: np.ndarray, norm: Normalize, alt: str) -> Markup:
    """values: [height, width]."""
    return picture(matplotlib.colormaps[COLOR_MAP](norm(values), bytes=True)[..., :3], alt, "tile")


def _sheet(kind: str, tiles: Markup, ends: tuple[str, str], said: list[str]) -> Markup:
    scale = legend(matplotlib.colormaps[COLOR_MAP], ends, "one scale for all these maps, 0 in the center", 0.5)
    words = " ".join(said)
    return Markup('<div class="positions"><div class="{}">{}</div>{}<p class="caption">{}</p></div>').format(
        kind, tiles, scale, words
    )
