"""Which latents read one place of a picture: data in, HTML out."""

import numpy as np
from markupsafe import Markup

from components.words.numbers import multiple, precise_percent


def attending_latents_table(
    attending_latents: np.ndarray, inputs: int, place: str, reach: float | None = None, most: int = 8
) -> Markup:
    """The latents that read a place most, as bars.

    attending_latents: float32 [latents], the share of its attention that each gives the place. inputs: how many there are, so
    that uniform is 1 / inputs. place: in words. reach: times uniform at which a bar is full, that several tables can be
    compared; without it, the largest of these.
    """
    times = attending_latents.astype(np.float64) * inputs
    full = max(float(times.max()) if reach is None else reach, 1.0)
    best = np.argsort(-times, kind="stable")[:most]
    rows = Markup("").join(
        _row(latent, float(attending_latents[latent]), float(times[latent]), full) for latent in best.tolist()
    )
    return Markup(
        '<div class="attending-latents"><h4>Which latents read {}?</h4><p class="summary">{}</p><ol role="list">{}</ol>'
        '<p class="caption">The line across the bars: uniform, 1/{:,} = {} of a latent\'s attention.</p></div>'
    ).format(place, _summary(times), rows, inputs, precise_percent(1 / inputs))


def _row(latent: int, share: float, times: float, full: float) -> Markup:
    return Markup(
        '<li><span class="name">latent {}</span><span class="number">{} of its attention ({} times uniform)'
        '</span><span class="bar"><i style="width:{:.2f}%"></i><b style="left:{:.2f}%"></b></span></li>'
    ).format(latent, precise_percent(share), multiple(times), min(100 * times / full, 100), 100 / full)


def _summary(times: np.ndarray) -> str:
    """In a sentence or two. times: uniform, float64 [latents]; its mean is that of all latents together."""
    count, above, mean = len(times), int((times > 1).sum()), float(times.mean())
    together = f"Together the {count:,} latents give it {multiple(mean)} times their uniform share."
    if not above:
        return f"No latent reads it more than uniform. {together}"
    if mean < 0.5:
        return f"Hardly any latent reads it: {above} of {count:,} more than uniform. {together}"
    return f"{above} of {count:,} more than uniform. {together}"
