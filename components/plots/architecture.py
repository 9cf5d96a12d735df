"""The Perceiver drawn once, with the shapes of one model: inputs, latents, queries, outputs."""

from dataclasses import dataclass

from markupsafe import Markup


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
    decoder: tuple[str, str] = ("cross-attention", "decoder"),
) -> Markup:
    """An <svg>: inputs → encoder cross-attention → latents (with `layers` of self-attention) → decoder → outputs.

    decoder: labels above and below the arrow from the latents to the queries. The colors are those of the page
    (currentColor), for light and dark themes.
    """
    stages = (inputs, latents, queries, outputs)
    xs = [4 + index * _STEP for index in range(4)]
    boxes = Markup("").join(_box(stage, x) for stage, x in zip(stages, xs, strict=True))
    arrows = (
        _arrow(xs[0] + BOX, xs[1], "cross-attention", "encoder")
        + _arrow(xs[1] + BOX, xs[2], *decoder)
        + _arrow(xs[2] + BOX, xs[3], "", "one per query")
    )
    middle = xs[1] + BOX / 2
    loop = Markup(
        '<path d="M{} 50 C{} 12 {} 12 {} 46" fill="none" stroke="currentColor" stroke-width="1.6"/>{}'
        '<text x="{}" y="14" text-anchor="middle" font-size="13">{}</text>'
    ).format(middle - 44, middle - 44, middle + 44, middle + 44, _tip(middle + 44, 50, "down"), middle, layers)
    spoken = "; ".join(f"{stage.name}: {stage.shape}, {stage.below}" for stage in stages)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" fill="currentColor" '
        'font-family="system-ui, sans-serif" aria-label="Architecture. {}. Between: {}.">{}{}{}</svg>'
    ).format(WIDTH, HEIGHT, spoken, layers, loop, boxes, arrows)


def _box(stage: Stage, x: float) -> Markup:
    middle = x + BOX / 2
    return Markup(
        '<rect x="{}" y="50" width="{}" height="70" rx="8" fill="currentColor" fill-opacity="0.07" '
        'stroke="currentColor" stroke-width="1.4"/>'
        '<text x="{}" y="80" text-anchor="middle" font-size="16" font-weight="600">{}</text>'
        '<text x="{}" y="103" text-anchor="middle" font-size="15">{}</text>'
        '<text x="{}" y="142" text-anchor="middle" font-size="12.5" fill-opacity="0.75">{}</text>'
    ).format(x, BOX, middle, stage.name, middle, stage.shape, middle, stage.below)


def _arrow(start: float, stop: float, upper: str, lower: str) -> Markup:
    middle = (start + stop) / 2
    return Markup(
        '<line x1="{}" y1="85" x2="{}" y2="85" stroke="currentColor" stroke-width="1.6" />{}'
        '<text x="{}" y="77" text-anchor="middle" font-size="11.5">{}</text>'
        '<text x="{}" y="101" text-anchor="middle" font-size="11.5">{}</text>'
    ).format(start + 4, stop - 4, _tip(stop - 4, 85, "right"), middle, upper, middle, lower)


def _tip(x: float, y: float, points: str) -> Markup:
    """The head of an arrow, its tip at x, y. Drawn, not a marker: markers need ids, which a page may have once."""
    behind = {"right": ((-8, -5), (-8, 5)), "down": ((-5, -8), (5, -8))}[points]
    corners = " ".join(f"{x + dx},{y + dy}" for dx, dy in ((0, 0), *behind))
    return Markup('<polygon points="{}"/>').format(corners)
