"""Sentiment: probabilities, attention, and leave-one-out importance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components import plots
from components.analysis.attention import is_on_latents
from components.analysis.occlusion import EffectUnit
from components.analysis.text_units import Unit
from components.html.charts.bars import label_bars
from components.html.charts.network import network
from components.html.charts.network_cells import byte_cells, text_cells
from components.html.charts.occlusion import occlusion_bars
from components.html.charts.tables import results_table
from components.html.charts.votes import window_votes
from components.html.text.read import read_strip
from components.plots.arrays import label_arrays, target_arrays, text_array
from components.scale.attention import Scale
from models.schema import LabelAt, ModelShape, SentimentResult
from models.schema.sentiment import MAX_USUAL_BITS


@dataclass(frozen=True, slots=True)
class SentimentPanels:
    """text: colored by attention. labels: their bars, and the votes of several windows. occlusion: if requested.

    attention: on latents, which the text does not show, or None.
    """

    text: Markup
    labels: Markup
    occlusion: Markup | None
    attention: plots.Plot | None


def sentiment(
    result: SentimentResult, unit: Unit = "words", scale: Scale = "share", effect_unit: EffectUnit = "log_odds"
) -> SentimentPanels:
    """All that a result shows."""
    several = Markup("<h3>Window by window</h3>") + window_votes(result) if len(result.windows) > 1 else ""
    return SentimentPanels(
        text=read_strip(result, unit, scale),
        labels=_unusual(result) + label_bars(result.labels) + several,
        occlusion=sentiment_words(result, effect_unit, scale) if result.occlusion else None,
        attention=sentiment_attention(result, unit, scale) if is_on_latents(result.attention) else None,
    )


def sentiment_network(result: SentimentResult, shape: ModelShape) -> Markup:
    """The run as a figure: the bytes of the text, or of its first window, the latents, and the label."""
    stages = result.attention and result.attention.stages
    if stages is None:
        return Markup()
    window = result.windows[0]
    inputs = byte_cells(result.text.encode()[window.start : window.stop])
    named = next(label.name for label in result.labels if label.index == result.label)
    return network(stages, shape, inputs, text_cells("outputs", [named], "one query for all labels"))


def _unusual(result: SentimentResult) -> Markup:
    """A note if the text is unlike ordinary English."""
    if not result.unusual:
        return Markup()
    return Markup(
        '<p class="notice hint" role="note"><b>Unusual input.</b> This text is unlike ordinary English: a language '
        "model needs {:.1f} bits per byte to predict it (more than {:g} is unusual). Every text gets a label, but this "
        "one means little.</p>"
    ).format(result.bits_per_byte, MAX_USUAL_BITS)


def sentiment_attention(result: SentimentResult, unit: Unit = "words", scale: Scale = "share") -> plots.Plot:
    """Over the text, or over the latents. Raises ValueError for a result without attention."""
    if result.attention is None:
        raise ValueError("the result has no attention")
    if is_on_latents(result.attention):
        plot = plots.attention_over_latents(result.attention, result.run, scale)
    else:
        plot = plots.attention_over_text(result.attention, result.text, result.run, unit, scale)
    plot.arrays |= label_arrays(result.labels) | target_arrays(LabelAt(result.label))
    plot.arrays["text"] = text_array(result.text.encode())
    return plot


def sentiment_words(result: SentimentResult, effect_unit: EffectUnit = "log_odds", scale: Scale = "share") -> Markup:
    """Leave-one-out importance compared with attention. Raises ValueError for a result without it."""
    return occlusion_bars(result, effect_unit, scale)


def sentiment_occlusion(
    result: SentimentResult, effect_unit: EffectUnit = "log_odds", scale: Scale = "share"
) -> plots.Plot:
    """The words' attention and effects as a plot to save. Raises ValueError where none was left out."""
    return plots.occlusion_plot(result, effect_unit, scale)


def sentiment_table(results: Sequence[SentimentResult], total: int | None = None) -> Markup:
    """Predictions for several texts. total: number of texts, while they are being classified."""
    return results_table(results, total)
