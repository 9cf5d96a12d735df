"""The Perceiver drawn once, with the shapes of one model: inputs, latents, queries, outputs."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Stage:
    """A box. name: what it is; shape: its array, e.g. "514 × 192"; below: one line in plain words."""

    name: str
    shape: str
    below: str


WIDTH, HEIGHT, BOX = 860, 190, 150
_STEP = (WIDTH - BOX - 8) / 3


def draw_architecture(inputs: Stage, latents: Stage, layers: str, queries: Stage, outputs: Stage) -> str:
    """An <svg>: inputs → encoder cross-attention → latents (with `layers` of self-attention) → decoder → outputs.

    The colours follow the page (currentColor), so that it reads on light and dark alike.
    """
    stages = (inputs, latents, queries, outputs)
    xs = [4 + index * _STEP for index in range(4)]
    boxes = "".join(_box(stage, x) for stage, x in zip(stages, xs, strict=True))
    arrows = (
        _arrow(xs[0] + BOX, xs[1], "cross-attention", "encoder")
        + _arrow(xs[1] + BOX, xs[2], "cross-attention", "decoder")
        + _arrow(xs[2] + BOX, xs[3], "", "one answer each")
    )
    middle = xs[1] + BOX / 2
    loop = (
        f'<path d="M{middle - 44} 50 C{middle - 44} 12 {middle + 44} 12 {middle + 44} 46" fill="none" '
        f'stroke="currentColor" stroke-width="1.6" marker-end="url(#architecture-tip)"/>'
        f'<text x="{middle}" y="14" text-anchor="middle" font-size="13">{escape(layers)}</text>'
    )
    spoken = "; ".join(f"{stage.name}: {stage.shape}, {stage.below}" for stage in stages)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" fill="currentColor" '
        f'font-family="system-ui, sans-serif" aria-label="Architecture. {escape(spoken)}. Between: {escape(layers)}.">'
        '<defs><marker id="architecture-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0 L8 4 L0 8 z" fill="currentColor"/></marker></defs>'
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
        'marker-end="url(#architecture-tip)"/>'
        f'<text x="{middle}" y="77" text-anchor="middle" font-size="11.5">{escape(upper)}</text>'
        f'<text x="{middle}" y="101" text-anchor="middle" font-size="11.5">{escape(lower)}</text>'
    )
