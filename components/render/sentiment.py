"""Sentiment: what a text is taken for, what was read for that, and whether what was read is what matters."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from components.analysis.text_units import Unit
from components.html.charts.bars import label_bars
from components.html.charts.occlusion import occlusion_bars
from components.html.charts.tables import results_table
from components.html.charts.votes import window_votes
from components.html.text.read import read_strip
from components.plots.bytes import attention_over_latents
from components.plots.occlusion import occlusion_plot
from components.plots.plot import Plot
from components.plots.text import attention_over_text
from components.scale.attention import Scale
from models.schema import SentimentResult


@dataclass(frozen=True, slots=True)
class SentimentPanels:
    """text: as a strip. labels: their bars, and the votes of several windows. occlusion, attention: where asked for."""

    text: Markup
    labels: Markup
    occlusion: Markup | None
    attention: Plot | None


def sentiment(result: SentimentResult, unit: Unit = "words", scale: Scale = "share") -> SentimentPanels:
    """All that a result shows."""
    several = Markup("<h4>Window by window</h4>") + window_votes(result) if len(result.windows) > 1 else ""
    return SentimentPanels(
        text=read_strip(result, unit, scale),
        labels=label_bars(result.labels) + several,
        occlusion=sentiment_words(result) if result.occlusion else None,
        attention=sentiment_attention(result, unit, scale) if result.attention else None,
    )


def sentiment_attention(result: SentimentResult, unit: Unit = "words", scale: Scale = "share") -> Plot:
    """Over the text, or over the latents. Raises ValueError where no attention was asked for."""
    if result.attention is None:
        raise ValueError("this result was asked for without a probe")
    if result.attention.method == "decoder":
        return attention_over_latents(result.attention, result.run, scale)
    return attention_over_text(result.attention, result.text, result.run, unit, scale)


def sentiment_words(result: SentimentResult) -> Markup:
    """What each word does, beside the attention on it. Raises ValueError where none was left out."""
    return occlusion_bars(result)


def sentiment_occlusion(result: SentimentResult) -> Plot:
    """The words' attention and effects as a plot to save. Raises ValueError where none was left out."""
    return occlusion_plot(result)


def sentiment_table(results: Sequence[SentimentResult], total: int | None = None) -> Markup:
    """Several texts and what each was taken for. total: how many there shall be, while they are being read."""
    return results_table(results, total)
