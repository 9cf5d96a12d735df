"""The Perceiver drawn once, with the shapes of one model: inputs, latents, queries, outputs."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Stage:
    """A box. name: what it is; shape: its array, e.g. "514 × 192"; below: one line in plain words."""

    name: str
    shape: str
    below: str


WIDTH, HEIGHT, BOX = 920, 160, 148
_STEP = (WIDTH - BOX - 8) / 3


def draw_architecture(
    inputs: Stage,
    latents: Stage,
    layers: str,
    queries: Stage,
    outputs: Stage,
    asked: tuple[str, str] = ("cross-attention", "decoder"),
) -> str:
    """An <svg>: inputs → encoder cross-attention → latents (with `layers` of self-attention) → decoder → outputs.

    asked: what stands above and below the arrow from the latents to the queries. The colors follow the page
    (currentColor), so that it reads on light and dark alike.
    """
    stages = (inputs, latents, queries, outputs)
    xs = [4 + index * _STEP for index in range(4)]
    boxes = "".join(_box(stage, x) for stage, x in zip(stages, xs, strict=True))
    arrows = (
        _arrow(xs[0] + BOX, xs[1], "cross-attention", "encoder")
        + _arrow(xs[1] + BOX, xs[2], *asked)
        + _arrow(xs[2] + BOX, xs[3], "", "one answer each")
    )
    middle = xs[1] + BOX / 2
    loop = (
        f'<path d="M{middle - 44} 50 C{middle - 44} 12 {middle + 44} 12 {middle + 44} 46" fill="none" '
        f'stroke="currentColor" stroke-width="1.6"/>{_tip(middle + 44, 50, "down")}'
        f'<text x="{middle}" y="14" text-anchor="middle" font-size="13">{escape(layers)}</text>'
    )
    spoken = "; ".join(f"{stage.name}: {stage.shape}, {stage.below}" for stage in stages)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" fill="currentColor" '
        f'font-family="system-ui, sans-serif" aria-label="Architecture. {escape(spoken)}. Between: {escape(layers)}.">'
        f"{loop}{boxes}{arrows}</svg>"
    )


def _box(stage: Stage, x: float) -> str:
    middle = x + BOX / 2
    return (
        f'<rect x="{x}" y="50" width="{BOX}" height="70" rx="8" fill="currentColor" fill-opacity="0.07" '
        'stroke="currentColor" stroke-width="1.4"/>'
        f'<text x="{middle}" y="80" text-anchor="middle" font-size="16" font-weight="600">{escape(stage.name)}</text>'
        f'<text x="{middle}" y="103" text-anchor="middle" font-size="15">{escape(stage.shape)}</text>'
        f'<text x="{middle}" y="142" text-anchor="middle" font-size="12.5" fill-opacity="0.75">'
        f"{escape(stage.below)}</text>"
    )


def _arrow(start: float, stop: float, upper: str, lower: str) -> str:
    middle = (start + stop) / 2
    return (
        f'<line x1="{start + 4}" y1="85" x2="{stop - 4}" y2="85" stroke="currentColor" stroke-width="1.6" '
        f"/>{_tip(stop - 4, 85, 'right')}"
        f'<text x="{middle}" y="77" text-anchor="middle" font-size="11.5">{escape(upper)}</text>'
        f'<text x="{middle}" y="101" text-anchor="middle" font-size="11.5">{escape(lower)}</text>'
    )


def _tip(x: float, y: float, points: str) -> str:
    """The head of an arrow, its tip at x, y. Drawn, not a marker: markers need ids, which a page may have once."""
    behind = {"right": ((-8, -5), (-8, 5)), "down": ((-5, -8), (5, -8))}[points]
    corners = " ".join(f"{x + dx},{y + dy}" for dx, dy in ((0, 0), *behind))
    return f'<polygon points="{corners}"/>'
