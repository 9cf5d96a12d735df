"""Markup of results in components of Streamlit, with the JavaScript that makes it clickable."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from components.js import script

Trigger = Callable[[Any], None]
"""Gets what the browser sends."""
EVENTS = ("select", "input", "edit")


def show_markup(
    key: str,
    markup: str = "",
    behavior: str = "",
    on_trigger: Trigger | None = None,
    *,
    value: object = None,
    kind: str = "",
    outdated: bool = False,
) -> None:
    """behavior: a file of `components/js`, which reads `value` and sends what was clicked. kind: class of the element.

    outdated: whether the inputs differ from those of the result that the markup shows.
    """

    def pass_on(event: str) -> None:
        sent = st.session_state[key].get(event)
        if on_trigger and sent is not None:
            on_trigger(sent)

    data = {"markup": str(markup), "value": value, "id": key, "kind": kind, "outdated": outdated}
    events = {f"on_{event}_change": partial(pass_on, event) for event in EVENTS}
    _component(behavior)(key=key, data=data, **events)


@cache
def _component(behavior: str) -> Callable[..., Any]:
    code = script("streamlit.js").replace("/* BEHAVIOR */", script(behavior) if behavior else "")
    return component(f"perceiver_{behavior.partition('.')[0]}", js=code, isolate_styles=False)
