"""Horizontal axes and the bars along them, as HTML."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from components.words.numbers import percent


@dataclass(frozen=True, slots=True)
class BarAxis:
    """An axis for bars that begin at 0.

    low, high: its ends; 0 lies within.
    ticks: values and their labels, in order.
    unit: what the values are, "" if the text around says so.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    unit: str = ""

    @classmethod
    def over(cls, low: float, high: float, in_words: Callable[[float], str], unit: str = "") -> "BarAxis":
        """An axis with at most five ticks at round values. in_words: the label of a value."""
        located = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high)
        values = (float(f"{value:.10g}") for value in located)
        return cls(low, high, tuple((value, in_words(value)) for value in values if low <= value <= high), unit)

    def place(self, value: float) -> float:
        """Where a value lies, in % of the width, 0 to 100."""
        return min(max(100 * (value - self.low) / (self.high - self.low), 0.0), 100.0)

    def bar(self, value: float, mark: float | None = None, fill: str = "") -> Markup:
        """A bar from 0 to the value. mark: where a line crosses it. fill: its color, if not that of the theme."""
        ends = sorted((self.place(0.0), self.place(value)))
        style = f"left:{ends[0]:.2f}%;width:{ends[1] - ends[0]:.2f}%" + (f";background:{fill}" if fill else "")
        zero = Markup('<u style="left:{:.2f}%"></u>').format(self.place(0.0)) if self.low < 0 else ""
        line = "" if mark is None else Markup('<b style="left:{:.2f}%"></b>').format(self.place(mark))
        return Markup('<span class="bar"><i style="{}"></i>{}{}</span>').format(style, zero, line)

    def markup(self) -> Markup:
        """Ticks and labels, to stand under bars of the same width."""
        ticks = Markup("").join(map(self._tick, self.ticks))
        unit = Markup("<small>{}</small>").format(self.unit) if self.unit else ""
        return Markup('<span class="axis" aria-hidden="true">{}{}</span>').format(ticks, unit)

    def _tick(self, tick: tuple[float, str]) -> Markup:
        place = self.place(tick[0])
        edge = Markup(' class="first"') if place < 5 else Markup(' class="last"') if place > 95 else ""
        return Markup('<span{} style="left:{:.2f}%">{}</span>').format(edge, place, tick[1])


def probability_axis(unit: str = "") -> BarAxis:
    """From 0 to 100%."""
    return BarAxis(0.0, 1.0, tuple((at, percent(at) if at else "0%") for at in (0.0, 0.5, 1.0)), unit)
