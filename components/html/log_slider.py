"""A slider whose value grows by a factor, not by a sum, from step to step; `js/log_slider.js` moves it."""

from markupsafe import Markup


def log_slider(key: str, label: str, bounds: tuple[float | None, float | None]) -> Markup:
    """key: id of the element."""
    return Markup(
        '<div class="log-slider"><label for="{}-range">{}</label><output for="{}-range"></output>'
        '<input type="range" id="{}-range" min="0" max="1" step="any" data-least="{}" data-most="{}"></div>'
    ).format(key, label, key, key, *bounds)
