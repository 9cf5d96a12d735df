"""The pictures of `components/pictures` as Gradio components, and a field for a visitor's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder, is_in_or_equal

from components.js import script
from models.schema import InputError
from pages.page import QUIET

SHOW_OPACITY = """(opacity) => {
    if (Number.isFinite(opacity)) document.documentElement.style.setProperty('--map-opacity', opacity);
}"""
"""Client-side: how strongly all maps cover the pictures below them. An emptied field is no number yet."""

AS_IT_CAME: dict[str, Any] = {"preprocess": False}
"""For events that take an `image_file`: handlers get {"path": …} or None, and say themselves what cannot be read.

Gradio would open the file first, and answer in its own words for one that is no picture.
"""


def uploaded(file: Any) -> Path | None:
    """The file that a visitor gave, as it came; None where there is none.

    Raises InputError for any other file of this machine: whoever writes the request by hand may name one.
    """
    if not file:
        return None
    path = file.get("path") if isinstance(file, dict) else None
    if not path or not is_in_or_equal(path, get_upload_folder()):
        raise InputError("Only a file that was uploaded here can be read.")
    return Path(path)


def image_file(first: Path, label: str, elem_id: str, height: int = 230) -> gr.Image:
    """A field for a picture, `height` pixels high. Events that take it pass AS_IT_CAME."""
    sources: Any = ["upload", "webcam", "clipboard"]
    return gr.Image(
        str(first),
        format="png",  # what is put there by the page stays exact
        type="filepath",
        label=label,
        sources=sources,
        height=height,
        min_width=120,
        elem_id=elem_id,
    )


def answer_picture(elem_id: str) -> gr.HTML:
    """What a model says and what it looked at; `select` carries which place was clicked: `row` and `column`, 0 to 1,
    and `place`, its flat index."""
    return _picture(elem_id, "click_place.js")


def comparing_picture(elem_id: str) -> gr.HTML:
    """Pictures, some with a border between two that the visitor moves."""
    return _picture(elem_id, "compare.js")


def latents_picture(elem_id: str) -> gr.HTML:
    """What single latents read; `select` carries the `latent` that was clicked, or null for all of them."""
    return _picture(elem_id, "click_latent.js")


def map_controls(page: str, scales: Sequence[tuple[str, str]]) -> tuple[gr.Radio, gr.Slider]:
    """How maps are laid over pictures: their scale, of which the first is chosen, and their opacity."""
    scale = gr.Radio(scales, value=scales[0][1], label="Scale", scale=3, min_width=220, elem_id=f"{page}-scale")
    opacity = gr.Slider(
        0, 1, value=0.6, step=0.05, label="Opacity of the maps", scale=2, min_width=200, elem_id=f"{page}-opacity"
    )
    opacity.change(None, opacity, js=SHOW_OPACITY, **QUIET)
    return scale, opacity


def _picture(elem_id: str, behavior: str) -> gr.HTML:
    return gr.HTML(
        value="",
        html_template='<div class="picture-block">${value}</div>',
        js_on_load=script(behavior),
        elem_id=elem_id,
        apply_default_css=False,
        min_width=240,
    )
