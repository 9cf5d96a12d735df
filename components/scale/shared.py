"""One scale for maps over different numbers of inputs: shares as multiples of the uniform share.

A share in % says nothing across grids: where nothing is preferred, each of 49 inputs gets 2%, each of 1,024 0.1%.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, Normalize

from components.scale.attention import COLOR_MAPS, LOG_FLOOR, Scale, at_most, fixed_range
from components.words.numbers import multiple
from models.schema import AttentionMap


def times_uniform(shares: np.ndarray, uniform: float, scale: Scale) -> np.ndarray:
    """Float64, of the shape of `shares` (0 to 1). "linear": share / uniform; "log": log10 of that, from LOG_FLOOR."""
    times = shares.astype(np.float64) / uniform
    return times if scale == "linear" else np.log10(np.maximum(times, 10.0**LOG_FLOOR))


def relative(attention: AttentionMap, scale: Scale) -> np.ndarray:
    """Float64, of the shape of `attention.values`: 1, or in log 0, where attention is even."""
    return times_uniform(attention.values, attention.uniform, scale)


@dataclass(frozen=True, slots=True)
class SharedScale:
    """Colors for all maps that are compared. below: "≤ " where the lower end also stands for less, else ""."""

    scale: Scale
    norm: Normalize
    color_map: Colormap
    below: str

    @classmethod
    def over(cls, levels: Iterable[np.ndarray], scale: Scale) -> "SharedScale":
        """Of all maps at once. levels: as `times_uniform` gives them, of any shapes, at least one."""
        every = np.concatenate([each.ravel() for each in levels])
        norm = fixed_range(every, 1.0, scale)
        return cls(scale, norm, matplotlib.colormaps[COLOR_MAPS[scale]], at_most(every, norm, scale))

    @classmethod
    def of(cls, attentions: Iterable[AttentionMap], scale: Scale) -> "SharedScale":
        return cls.over([relative(attention, scale) for attention in attentions], scale)

    @property
    def uniform(self) -> float:
        """The level at which nothing is preferred."""
        return 1.0 if self.scale == "linear" else 0.0

    @property
    def measure(self) -> str:
        """The unit of the levels, for a legend."""
        return "times uniform" if self.scale == "linear" else "log10 of times uniform"

    @property
    def ends(self) -> tuple[str, str]:
        """What stands at the lower and at the upper end of a color bar."""
        return self.below + self.in_words(self.norm.vmin), self.in_words(self.norm.vmax)

    def fills(self, levels: np.ndarray) -> np.ndarray:
        """uint8 RGB [..., 3]."""
        return self.color_map(self.norm(levels), bytes=True)[..., :3]

    def in_words(self, level: float) -> str:
        """ "12.4×", or "+1.09"."""
        if self.scale == "log":
            return f"{level:+.2f}".replace("-", "−") if level else "0"
        return f"{multiple(level)}×"

    def quantity(self, each: str) -> str:
        """What the colors measure. each: "input" or "latent"."""
        if self.scale == "linear":
            return f"Times the uniform share: share × M for each of M {each}s; 1× where none is preferred"
        return f"log10 (share × M) for each of M {each}s: 0 is uniform, +1 ten times more, −1 ten times less"
