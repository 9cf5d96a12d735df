"""The strips of `components/strips` as Gradio components."""

from collections.abc import Iterable
from html import escape

import gradio as gr

from components.analysis.text_units import UNITS, Unit
from components.html.text.mask_strip import strip_value
from components.js import script


def mask_strip(text: str, spans: Iterable[tuple[int, int]], limit: int) -> gr.HTML:
    """A strip with a `strip_value`, which triggers `input` when the visitor hides or shows something.

    It triggers `edit` when it needs `follow_text`.
    """
    return gr.HTML(
        value=strip_value(text, spans, limit),
        html_template=script("mask_strip.html"),
        js_on_load=script("mask_strip.js"),
        elem_id="mask-strip",
        apply_default_css=False,
    )


def unit_choice(page: str, chosen: Unit, info: str | None = None) -> gr.Radio:
    """What a strip counts attention on. page: its name, for an id that no other page has."""
    return gr.Radio(list(UNITS), value=chosen, label="Attention on", info=info, elem_id=f"{page}-unit")


def result_strip(elem_id: str, label: str) -> gr.HTML:
    """HTML from `components.html.text`; `select` carries the `position` of the byte that was clicked."""
    return gr.HTML(
        value="",
        html_template=f'<div class="strip-block"><div class="strip-label">{escape(label)}</div>${{value}}</div>',
        js_on_load=script("click.js"),
        elem_id=elem_id,
        apply_default_css=False,
    )
