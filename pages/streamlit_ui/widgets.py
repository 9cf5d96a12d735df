"""Widgets of the fields of a state."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st
from pydantic.fields import FieldInfo

from components.html.log_slider import log_slider
from pages.screen import AnyScreen
from pages.state import bounds_of, choices_of, extra_of
from pages.streamlit_ui.markup import show_markup
from pages.view import Action, Step, View

Value = Any
"""What a widget holds, or an option of Streamlit."""
Draw = Callable[..., Value]
Convert = Callable[[Value], Value]
Steps = Sequence[Action | Step]


class Widgets:
    """Draws a widget for a field of a screen's state: label, help text, bounds, choices and value.

    A change of the field runs the actions that are given, or those of its role.
    """

    def __init__(self, screen: AnyScreen, view: View):
        self.screen, self.view = screen, view
        self._drawn: dict[str, str] = {}

    def key(self, name: str) -> str:
        """Key of a widget in the session state, and the id of its markup."""
        return f"{self.screen.name}-{name.replace('_', '-')}"

    def text(self, name: str, **options: Value) -> None:
        self._widget(st.text_area, name, options)

    def number(self, name: str, **options: Value) -> None:
        minimum, maximum = bounds_of(self._field(name))
        self._widget(st.number_input, name, {"min_value": minimum, "max_value": maximum, "step": 1} | options)

    def slider(self, name: str, **options: Value) -> None:
        """options: `minimum`, `maximum` and `step` in place of those of the field, and those of Streamlit."""
        field = self.screen.state.model_fields.get(name)
        minimum, maximum = bounds_of(field) if field else (None, None)
        step = extra_of(field, "step") if field else None
        bounds = {"minimum": minimum, "maximum": maximum, "step": step or 1}
        bounds |= {bound: options.pop(bound) for bound in bounds.keys() & options.keys()}
        bounds |= {bound: value for bound, value in self.properties(name).items() if bound in bounds}
        number = float if isinstance(bounds["step"], float) else int
        options |= {"min_value": number(bounds["minimum"]), "max_value": number(bounds["maximum"])}
        self._widget(st.slider, name, options | {"step": bounds["step"]}, lambda value: number(value or 1))

    def log_slider(self, name: str, *steps: Action | Step) -> None:
        """For integers over several orders of magnitude."""
        field, key = self._field(name), self.key(name)

        def take(value: int) -> None:
            self.view.values[name] = value
            self.perform(steps)

        markup = log_slider(key, field.title or name, bounds_of(field))
        show_markup(key, markup, "log_slider.js", take, value=self.view.values[name])

    def radio(self, name: str, **options: Value) -> None:
        self._choice(st.radio, name, {"horizontal": True} | options)

    def dropdown(self, name: str, **options: Value) -> None:
        self._choice(st.selectbox, name, options)

    def checkbox(self, name: str, **options: Value) -> None:
        self._widget(st.checkbox, name, options)

    def checkboxes(self, name: str, **options: Value) -> None:
        labels = {value: label for label, value in choices_of(self._field(name))}
        several = {"options": list(labels), "format_func": labels.__getitem__, "selection_mode": "multi"}
        self._widget(st.pills, name, several | options, list)

    def perform(self, steps: Steps, **event: Value) -> None:
        """Runs actions, with the values that the widgets have by now. For callbacks of Streamlit."""
        view = self.view
        with view.lock:
            for name, key in self._drawn.items():
                if key in st.session_state and name not in view.written:
                    view.values[name] = st.session_state[key]
        view.start(steps, event)

    def steps_of(self, name: str) -> Steps:
        """What a change of a field does, by its role."""
        field = self.screen.state.model_fields.get(name)
        if name == "weights":
            return (self.screen.choose_weights,)
        role = field and extra_of(field, "role")
        return {"trace": (self.screen.trace,), "display": (self.screen.redraw,)}.get(role, ())

    def _choice(self, kind: Draw, name: str, options: dict[str, Value]) -> None:
        given = {"choices": options.pop("choices", None)} | self.properties(name)
        choices = choices_of(self._field(name)) if given["choices"] is None else given["choices"]
        pairs = [each if isinstance(each, tuple) else (str(each), each) for each in choices]
        labels = {value: label for label, value in pairs}

        def offered(value: Value) -> Value:
            value = "" if value is None else value
            return value if value in labels else next(iter(labels), None)

        known = {"options": list(labels), "format_func": lambda value: labels.get(value, "")}
        self._widget(kind, name, known | options, offered)

    def _widget(self, kind: Draw, name: str, options: dict[str, Value], convert: Convert = lambda value: value) -> None:
        """convert: from a value of the view to one that the widget takes.

        options: `label`, `steps`, `interactive` until an action sets it, and Streamlit's.
        """
        if not self.visible(name):
            return
        field, view, key = self.screen.state.model_fields.get(name), self.view, self.key(name)
        label = options.pop("label", None) or (field and field.title) or name
        steps = options.pop("steps", self.steps_of(name))
        interactive = {"interactive": options.pop("interactive", True)} | self.properties(name)
        options = {"help": (field and field.description) or None, "disabled": not interactive["interactive"]} | options
        if steps:
            options["on_change"] = partial(self.perform, steps)
        with view.lock:
            if name in view.written or key not in st.session_state:
                view.written.discard(name)
                st.session_state[key] = convert(view.values[name])
        self._drawn[name] = key
        value = kind(label, key=key, **options)
        with view.lock:
            if name not in view.written:
                view.values[name] = value

    def visible(self, name: str, default: bool = True) -> bool:
        return self.properties(name).get("visible", default)

    def properties(self, name: str) -> dict[str, Value]:
        """What actions have set of a widget except its value."""
        return self.view.properties.get(name, {})

    def _field(self, name: str) -> FieldInfo:
        return self.screen.state.model_fields[name]
