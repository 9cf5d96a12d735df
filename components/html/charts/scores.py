"""Scores of a reconstruction, and classes by window, as HTML; data in, HTML out."""

from collections.abc import Sequence

from markupsafe import Markup

from components.analysis.clip_scores import numbers_in_words, psnr_in_words, snr_in_words
from components.html.axis import probability_axis
from components.words.numbers import decibels, percent, seconds_in_words, similarity_in_words
from models.schema import AvAutoencodingResult, AvWindow


def score_list(result: AvAutoencodingResult) -> Markup:
    """PSNR, SSIM and SNR, each with an explanation, and with the score of a trivial baseline."""
    rows = Markup("").join(
        Markup("<div><dt>{}</dt><dd><b>{}</b><small>{}</small></dd></div>").format(name, number, said)
        for name, number, said in (
            ("PSNR", decibels(result.psnr_db), psnr_in_words(result)),
            (
                "SSIM",
                similarity_in_words(result.ssim),
                "similarity of local structure, from 0 (unrelated) to 1 (identical)",
            ),
            (
                "SNR",
                "–" if result.snr_db is None else decibels(result.snr_db),
                snr_in_words(result.snr_db),
            ),
        )
    )
    return Markup('<dl class="scores">{}</dl><p class="caption">{}</p>').format(rows, numbers_in_words(result))


def window_labels(windows: Sequence[AvWindow], fps: float) -> Markup:
    """The best class of each window, over time."""
    axis = probability_axis()
    cells = Markup("").join(
        Markup("<li><small>from {}</small><b>{}</b><span>{}</span>{}</li>").format(
            seconds_in_words(window.start / fps),
            window.labels[0].name,
            percent(window.labels[0].probability),
            axis.bar(window.labels[0].probability),
        )
        for window in windows
        if window.labels
    )
    return Markup(
        '<ol class="windows" role="list" aria-label="Most likely class of each window">{}</ol>'
        '<p class="caption">Bars: probability, from 0 to 100%.</p>'
    ).format(cells)
