"""What visitors do in the Streamlit front end, without a browser."""

import json
from pathlib import Path
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from pages.view import View
from tests.markup import Elements

SCRIPT = Path(__file__).parents[2] / "pages" / "streamlit_ui" / "script.py"
SECONDS = 30


def visit(page: str = "masked_bytes", **params: str) -> AppTest:
    """A page of the served app, with a query."""
    at = AppTest.from_file(str(SCRIPT), default_timeout=SECONDS)
    at.query_params.update({"page": page, **params})
    return settled(at.run())


def settled(at: AppTest) -> AppTest:
    """The page once no action is under way. A browser asks again by itself."""
    views: dict[str, View] = at.session_state["views"]
    while busy := [view for view in views.values() if view.running or view.changed.is_set()]:
        busy[0].changed.wait(SECONDS)
        at.run()
    assert not at.exception, at.exception[0].stack_trace
    return at


def view_of(at: AppTest, name: str) -> View:
    return at.session_state["views"][name]


def markup(at: AppTest, key: str) -> dict[str, Any]:
    """What the browser gets for a part that shows markup."""
    return json.loads(at.get_by_key(key).proto.json)


def alerts(at: AppTest) -> list[str]:
    """What went wrong, as the page says it."""
    return [Elements(html.value).text for html in at.html if Elements(html.value).of("p", "alert")]


def click(at: AppTest, key: str, **clicked: object) -> AppTest:
    """Clicks in markup: `clicked` is what its JavaScript sends."""
    return send(at, key, "select", clicked)


def send(at: AppTest, key: str, event: str, value: object) -> AppTest:
    states = at._tree.get_widget_states()
    identifier = f"$$STREAMLIT_INTERNAL_KEY_{at.get_by_key(key).proto.id}__events"
    value = json.dumps([{"event": event, "value": value}])
    states.widgets.append(WidgetState(id=identifier, json_trigger_value=value))
    return settled(at._run(states))
