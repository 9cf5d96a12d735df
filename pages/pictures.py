"""The pictures of `components/pictures` as Gradio components, and a field for a visitor's own."""

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder, is_in_or_equal

from models.schema import InputError

_FOLDER = Path(__file__).parent.parent / "components" / "pictures"

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
        raise InputError("Only a picture that was uploaded here can be read.")
    return Path(path)


def image_file(first: Path, label: str, elem_id: str) -> gr.Image:
    """A field for a picture. Events that take it pass AS_IT_CAME."""
    sources: Any = ["upload", "webcam", "clipboard"]
    return gr.Image(str(first), type="filepath", label=label, sources=sources, height=230, elem_id=elem_id)


def answer_picture(elem_id: str) -> gr.HTML:
    """What a model says and what it looked at; `select` carries `row` and `column`, 0 to 1, of the place clicked."""
    return _picture(elem_id, "click_place.js")


def latents_picture(elem_id: str) -> gr.HTML:
    """What single latents read; `select` carries the `latent` that was clicked, or null for all of them."""
    return _picture(elem_id, "click_latent.js")


def _picture(elem_id: str, script: str) -> gr.HTML:
    return gr.HTML(
        value="",
        html_template='<div class="picture-block">${value}</div>',
        js_on_load=(_FOLDER / script).read_text(encoding="utf-8"),
        elem_id=elem_id,
        apply_default_css=False,
        min_width=240,
    )
