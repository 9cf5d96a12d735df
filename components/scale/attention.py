"""The scales of attention: the unit of levels, their colors, and levels in words.

A screen shows all of its attention in one unit. "share": the share of the attention, 0 to 1, shown in %. "relative":
the share over that of an even map, 1 is uniform. "log": log10 of that, 0 is uniform. Maps over different numbers of
inputs compare only in the last two: under even attention, each of 49 inputs has 2%, and each of 1,024 has 0.1%.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, Normalize

from components.words.numbers import multiple, precise_percent, signed
from models.schema import AttentionMap

Scale = Literal["share", "relative", "log"]
LOG_FLOOR = -3.0
"""Lowest level of the log scale, which also stands for a share of 0."""
COLOR_MAPS: dict[Scale, str] = {"share": "viridis", "relative": "viridis", "log": "PuOr_r"}
"""Viridis for magnitudes; purple to orange, through white at 0, for less or more than uniform."""
UNITS: dict[Scale, str] = {
    "share": "share of the attention in %",
    "relative": "attention relative to uniform (1×)",
    "log": "log10 of attention relative to uniform",
}
_EXPLANATIONS: dict[Scale, str] = {
    "share": "Share of the attention that each {} received, in %",
    "relative": "Attention that each {} received, relative to uniform (1×)",
    "log": "log10 of the attention that each {} received, relative to uniform: 0 is uniform, +1 is ten times more",
}


def scaled(shares: np.ndarray, uniform: float, scale: Scale) -> np.ndarray:
    """Levels: float64, of the shape of `shares`. uniform: the share of an even map."""
    levels = shares.astype(np.float64)
    if scale == "share":
        return levels
    times = levels / uniform
    return times if scale == "relative" else np.log10(np.maximum(times, 10.0**LOG_FLOOR))


def levels_of(attention: AttentionMap, scale: Scale) -> np.ndarray:
    """Levels: float64, of the shape of `attention.values`."""
    return scaled(attention.values, attention.uniform, scale)


def share_in_words(share: float, uniform: float, scale: Scale) -> str:
    """ "5.62% of the attention (uniform: 1.67%)", "3.4× uniform", "+0.53 (log10 relative to uniform)"."""
    if scale == "share":
        return f"{precise_percent(share)} of the attention (uniform: {precise_percent(uniform)})"
    level = float(scaled(np.array(share), uniform, scale))
    if scale == "relative":
        return f"{multiple(level)}× uniform"
    return f"{signed(level, 2)} (log10 relative to uniform)"


@dataclass(frozen=True, slots=True)
class AttentionScale:
    """Colors for all maps that are compared.

    scale: the unit of the levels.
    uniform: the level of an even map.
    norm: from the lowest to the highest color.
    below: "≤ " if the lowest color also stands for lower levels, else "".
    """

    scale: Scale
    uniform: float
    norm: Normalize
    color_map: Colormap
    below: str

    @classmethod
    def over(cls, levels: Iterable[np.ndarray], scale: Scale, uniform_share: float) -> "AttentionScale":
        """levels: as `scaled` gives them, of any shapes, at least one. uniform_share: the share of an even map."""
        every = np.concatenate([each.ravel() for each in levels])
        uniform = {"share": uniform_share, "relative": 1.0, "log": 0.0}[scale]
        norm = _color_range(every, uniform, scale)
        lowest = float(every.min())
        below = "≤ " if scale == "log" and (lowest < norm.vmin or lowest <= LOG_FLOOR) else ""
        return cls(scale, uniform, norm, matplotlib.colormaps[COLOR_MAPS[scale]], below)

    @classmethod
    def of(cls, attentions: Iterable[AttentionMap], scale: Scale) -> "AttentionScale":
        """Raises ValueError for shares of maps whose uniform levels differ: these do not compare."""
        attentions = list(attentions)
        uniform = attentions[0].uniform
        if scale == "share" and not np.allclose([each.uniform for each in attentions], uniform, rtol=1e-4):
            raise ValueError("shares in % do not compare between maps over different numbers of inputs")
        return cls.over([levels_of(attention, scale) for attention in attentions], scale, uniform)

    @property
    def unit(self) -> str:
        """The unit of the levels, for a legend or an axis."""
        return UNITS[self.scale]

    @property
    def axis_unit(self) -> float:
        """What levels are multiplied by along an axis: shares are in %."""
        return 100.0 if self.scale == "share" else 1.0

    @property
    def limits(self) -> tuple[float, float]:
        """The levels of the lowest and of the highest color."""
        return float(self.norm.vmin or 0.0), float(self.norm.vmax or 0.0)

    @property
    def ends(self) -> tuple[str, str]:
        """The same in words, for a color bar."""
        low, high = self.limits
        return self.below + self.in_words(low), self.in_words(high)

    def fills(self, levels: np.ndarray) -> np.ndarray:
        """uint8 RGB [..., 3]."""
        return self.color_map(self.norm(levels), bytes=True)[..., :3]

    def in_words(self, level: float) -> str:
        """ "8.31%", "12.4×" or "+1.09"."""
        if self.scale == "share":
            return precise_percent(level)
        if self.scale == "relative":
            return f"{multiple(level)}×"
        return signed(level, 2) if level else "0"

    def brief(self, level: float) -> str:
        """The same in a narrow cell: "8.3" (in %), "12×" or "+1.1"."""
        if self.scale == "share":
            return f"{100 * level:.1f}"
        if self.scale == "relative" and level < 99.5:
            return f"{level:.2g}×"
        return self.in_words(level) if self.scale == "relative" else signed(level, 1)

    def explanation(self, each: str) -> str:
        """What the colors measure, in a sentence. each: "input" or "latent"."""
        return _EXPLANATIONS[self.scale].format(each)


def _color_range(levels: np.ndarray, uniform: float, scale: Scale) -> Normalize:
    """From 0 to the largest level, or symmetric about uniform; the uniform level is always within the range.

    The log range is at least a factor of 2 either way, so that an almost even map looks even. It reaches below a tenth
    of uniform only as far as above: values close to 0 should not fade the large ones.
    """
    highest = float(levels.max())
    if scale != "log":
        return Normalize(0.0, max(highest, uniform))
    reach = max(highest, min(-float(levels.min()), 1.0), float(np.log10(2)))
    return Normalize(-reach, reach)


def ink_on(fills: np.ndarray) -> list[str]:
    """Black or white ink, whichever contrasts more (WCAG relative luminance). fills: [n, 3 or 4], sRGB in 0 to 1."""
    rgb = fills[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return ["#000000" if bright else "#ffffff" for bright in linear @ (0.2126, 0.7152, 0.0722) > 0.179]
