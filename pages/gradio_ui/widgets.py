"""Widgets of the fields of a state."""

from collections.abc import Callable

import gradio as gr
from pydantic.fields import FieldInfo

from components.html.log_slider import log_slider
from components.js import script
from pages.gradio_ui.bind import Options, Parts, Value
from pages.screen import AnyScreen, Control
from pages.state import bounds_of, choices_of, extra_of


class Widgets:
    """Makes a widget for a field of a screen's state: name, label, help text, bounds, choices and default.

    What depends on the model comes from `model`, the screen's `model_parts`. What a call passes takes precedence;
    info=True shows the field's description. The element's id is "<page>-<field>".
    """

    def __init__(self, screen: AnyScreen):
        self._screen, self._initial = screen, screen.initial
        self.model = screen.model_parts(self._initial)
        self.made: Parts = {}

    def text(self, name: str, **options: Value) -> gr.Textbox:
        return self._make(gr.Textbox, name, options)

    def number(self, name: str, **options: Value) -> gr.Number:
        minimum, maximum = self._bounds(name)
        return self._make(gr.Number, name, {"minimum": minimum, "maximum": maximum, "precision": 0} | options)

    def slider(self, name: str, **options: Value) -> gr.Slider:
        minimum, maximum = self._bounds(name)
        step = extra_of(self._field(name), "step") or 1
        return self._make(gr.Slider, name, {"minimum": minimum, "maximum": maximum, "step": step} | options)

    def log_slider(self, name: str) -> gr.HTML:
        """For integers over several orders of magnitude."""
        field, key = self._field(name), f"{self._screen.name}-{name}"
        widget = gr.HTML(
            value=getattr(self._initial, name),
            html_template=log_slider(key, field.title or name, self._bounds(name)),
            js_on_load=script("log_slider.js"),
            elem_id=key,
            apply_default_css=False,
        )
        return self.add(name, widget)

    def radio(self, name: str, **options: Value) -> gr.Radio:
        return self._make(gr.Radio, name, self._choices(name) | options)

    def dropdown(self, name: str, **options: Value) -> gr.Dropdown:
        return self._make(gr.Dropdown, name, self._choices(name) | options)

    def checkbox(self, name: str, **options: Value) -> gr.Checkbox:
        return self._make(gr.Checkbox, name, options)

    def checkboxes(self, name: str, **options: Value) -> gr.CheckboxGroup:
        return self._make(gr.CheckboxGroup, name, self._choices(name) | options)

    def add(self, name: str, widget: Value) -> Value:
        """Takes a widget that was made elsewhere as that of a field."""
        self.made[name] = widget
        return widget

    def _make(self, kind: Callable[..., Value], name: str, options: Options) -> Value:
        field, value = self._field(name), getattr(self._initial, name)
        if isinstance(value, tuple):
            value = list(value)
        value = "" if value is None and kind is gr.Dropdown else value
        facts: Options = {"value": value, "label": field.title, "elem_id": f"{self._screen.name}-{name}"}
        if options.get("info") is True:
            options = {**options, "info": field.description}
        of_model = self.model.get(name)
        known = dict(of_model.properties) if isinstance(of_model, Control) else {}
        return self.add(name, kind(**facts | dict(options) | known))

    def _field(self, name: str) -> FieldInfo:
        return self._screen.state.model_fields[name]

    def _choices(self, name: str) -> Options:
        return {"choices": choices_of(self._field(name))}

    def _bounds(self, name: str) -> tuple[float | None, float | None]:
        return bounds_of(self._field(name))
