"""Widgets of a state's fields, and the components that show results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from components.js import script
from pages.screen import Screen
from pages.state import bounds_of, choices_of, extra_of

RESULT = "result"
"""Class of everything that belongs to the result on screen, and is marked when that is out of date."""
IMAGE_SOURCES: Any = ["upload", "webcam", "clipboard"]
SHOW_OPACITY = """(opacity) => {
    if (Number.isFinite(opacity)) document.documentElement.style.setProperty('--map-opacity', opacity);
}"""
"""Client-side; an emptied field is not a number."""
VIDEO_FILES = ["video", ".gif", ".webp"]
CSV_FILES = [".csv", ".tsv", ".txt"]


class Widgets:
    """Makes a widget for a field of a screen's state: name, label, help text, bounds, choices and default.

    What a call passes takes precedence; info=True shows the field's description. The element's id is "<page>-<field>".
    """

    def __init__(self, screen: Screen):
        self._screen, self._initial = screen, screen.initial
        self.made: dict[str, Any] = {}

    def text(self, name: str, **options: Any) -> gr.Textbox:
        return self._make(gr.Textbox, name, options)

    def number(self, name: str, **options: Any) -> gr.Number:
        minimum, maximum = self._bounds(name)
        return self._make(gr.Number, name, {"minimum": minimum, "maximum": maximum, "precision": 0} | options)

    def slider(self, name: str, **options: Any) -> gr.Slider:
        minimum, maximum = self._bounds(name)
        step = extra_of(self._field(name), "step") or 1
        return self._make(gr.Slider, name, {"minimum": minimum, "maximum": maximum, "step": step} | options)

    def radio(self, name: str, **options: Any) -> gr.Radio:
        return self._make(gr.Radio, name, self._choices(name) | options)

    def dropdown(self, name: str, **options: Any) -> gr.Dropdown:
        return self._make(gr.Dropdown, name, self._choices(name) | options)

    def checkbox(self, name: str, **options: Any) -> gr.Checkbox:
        return self._make(gr.Checkbox, name, options)

    def checkboxes(self, name: str, **options: Any) -> gr.CheckboxGroup:
        return self._make(gr.CheckboxGroup, name, self._choices(name) | options)

    def add(self, name: str, widget: Any) -> Any:
        """Takes a widget that was made elsewhere as that of a field."""
        self.made[name] = widget
        return widget

    def _make(self, kind: Any, name: str, options: Mapping[str, Any]) -> Any:
        field, value = self._field(name), getattr(self._initial, name)
        if isinstance(value, tuple):
            value = list(value)
        value = "" if value is None and kind is gr.Dropdown else value
        facts: dict[str, Any] = {"value": value, "label": field.title, "elem_id": f"{self._screen.name}-{name}"}
        if options.get("info") is True:
            options = {**options, "info": field.description}
        return self.add(name, kind(**facts | dict(options)))

    def _field(self, name: str) -> Any:
        return self._screen.state.model_fields[name]

    def _choices(self, name: str) -> dict[str, Any]:
        return {"choices": choices_of(self._field(name))}

    def _bounds(self, name: str) -> tuple[float | None, float | None]:
        return bounds_of(self._field(name))


def map_controls(widgets: Widgets) -> None:
    """How maps are laid over images: color scale, and opacity, which the browser applies."""
    widgets.radio("scale", scale=3, min_width=220)
    opacity = widgets.slider("opacity", scale=2, min_width=200)
    opacity.change(None, opacity, js=SHOW_OPACITY, show_progress="hidden", api_visibility="private")


def unit_choice(widgets: Widgets) -> gr.Radio:
    """For a state that is a `UnitState`."""
    return widgets.radio("unit", info="Attention on the bytes of a unit is summed.")


def markup_output(elem_id: str, behavior: str = "", label: str = "", classes: Sequence[str] = ()) -> gr.HTML:
    """Shows markup of a result. behavior: file of `components/js`; its `select` event carries what was clicked.

    label: heading above it, within the same frame.
    """
    block = Markup('<div class="picture-block">${value}</div>')
    if label:
        block = Markup('<div class="strip-block"><div class="strip-label">{}</div>${{value}}</div>').format(label)
    return gr.HTML(
        value="",
        html_template=block,
        js_on_load=script(behavior) if behavior else None,
        elem_id=elem_id,
        elem_classes=[RESULT, *classes],
        apply_default_css=False,
        min_width=240,
    )


def text_output(elem_id: str, label: str) -> gr.HTML:
    """Text cells; `select` carries the `position` of the cell that was clicked."""
    return markup_output(elem_id, "click.js", label)


def image_output(elem_id: str) -> gr.HTML:
    """Images and charts; `select` carries `row` and `column`, 0 to 1, and `place`, the flat index of a cell."""
    return markup_output(elem_id, "click_place.js")


def comparison_output(elem_id: str) -> gr.HTML:
    """Images, some with a divider between two that the visitor moves."""
    return markup_output(elem_id, "compare.js")


def latents_output(elem_id: str) -> gr.HTML:
    """Maps of single latents; `select` carries the `latent` that was clicked, or null for all."""
    return markup_output(elem_id, "click_latent.js")


def plot_output(elem_id: str, label: str) -> gr.HTML:
    """A `Plot` as SVG."""
    return gr.HTML(elem_id=elem_id, elem_classes=[RESULT, "plot-card"], label=label, apply_default_css=False)


def run_line(page: str) -> gr.HTML:
    """The line under a result: model, device and time; and the note that it is out of date."""
    gr.HTML(
        '<p class="notice hint" role="status">Out of date. Run again to update.</p>',
        elem_id=f"{page}-outdated",
        elem_classes="outdated-note",
    )
    return gr.HTML(elem_id=f"{page}-run-line", elem_classes=[RESULT, "run-line"])


def notice(page: str, part: str = "notice") -> gr.HTML:
    return gr.HTML(elem_id=f"{page}-{part}")


def image_upload(first: Path, label: str, elem_id: str, height: int = 230) -> gr.Image:
    """A field for an image, `height` pixels high."""
    return gr.Image(
        str(first),
        format="png",  # images that the page puts there stay exact
        type="filepath",
        label=label,
        sources=IMAGE_SOURCES,
        height=height,
        min_width=120,
        elem_id=elem_id,
    )


def file_upload(label: str, elem_id: str, kinds: Sequence[str], value: Path | None = None) -> gr.File:
    return gr.File(value and str(value), label=label, file_types=list(kinds), height=130, elem_id=elem_id)


def image_chips(label: str, images: Sequence[Path], elem_id: str) -> gr.Dataset:
    """Examples to click, as images; events get the index."""
    return _chips(label, gr.Image(visible=False), [str(image) for image in images], elem_id)


def title_chips(label: str, titles: Sequence[str], elem_id: str) -> gr.Dataset:
    """Examples to click, by their titles; events get the index."""
    return _chips(label, gr.Textbox(visible=False), titles, elem_id)


def _chips(label: str, component: Any, samples: Sequence[str], elem_id: str) -> gr.Dataset:
    rows = [[sample] for sample in samples]
    return gr.Dataset(label=label, components=[component], samples=rows, type="index", elem_id=elem_id)
