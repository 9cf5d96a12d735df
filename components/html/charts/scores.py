"""How well a clip was rebuilt, and whose window is what, as HTML; data in, HTML out."""

from collections.abc import Sequence
from html import escape

from components.analysis.clip_scores import numbers_in_words, picture_in_words, sound_error_in_words
from components.words.numbers import decibels_in_words, percent, seconds_in_words, similarity_in_words
from models.schema import AvAutoencodingResult, AvWindow


def score_list(result: AvAutoencodingResult) -> str:
    """PSNR, SSIM and SNR, each with what it means for this clip and what doing nothing would reach."""
    rows = "".join(
        f"<div><dt>{name}</dt><dd><b>{escape(number)}</b><small>{escape(said)}</small></dd></div>"
        for name, number, said in (
            ("PSNR", decibels_in_words(result.psnr_db), picture_in_words(result)),
            (
                "SSIM",
                similarity_in_words(result.ssim),
                "how alike small patches are in their pattern: 1 the same, 0 nothing alike",
            ),
            (
                "SNR",
                "–" if result.snr_db is None else decibels_in_words(result.snr_db),
                sound_error_in_words(result.snr_db),
            ),
        )
    )
    return f'<dl class="scores">{rows}</dl><p class="caption">{numbers_in_words(result)}</p>'


def window_labels(windows: Sequence[AvWindow], fps: float) -> str:
    """The best class of each window, over time."""
    cells = "".join(
        f"<li><small>from {seconds_in_words(window.start / fps)}</small><b>{escape(window.labels[0].name)}</b>"
        f"<span>{percent(window.labels[0].probability)}</span>"
        f'<span class="bar"><i style="width:{100 * window.labels[0].probability:.2f}%"></i></span></li>'
        for window in windows
        if window.labels
    )
    return f'<ol class="windows" role="list" aria-label="The likeliest class of each window">{cells}</ol>'
