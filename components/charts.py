"""Interactive charts, as plain data that plotly.js draws: both front ends bring it along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Chart:
    """data, layout: as plotly.js takes them."""

    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any]


CONFIG = {"displayModeBar": False, "responsive": True}
"""For plotly.js."""
