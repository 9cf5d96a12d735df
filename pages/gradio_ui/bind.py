"""Binds the actions of a screen to Gradio events: values in, updates out, by name."""

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.components.plot import PlotData
from gradio.context import LocalContext
from gradio.utils import get_upload_folder, is_in_or_equal

from components.charts import CONFIG, Chart
from components.js import script
from models.schema import InputError
from models.turns import called_by, each_called_by
from pages.binding import format_error, part_markup
from pages.gradio_ui.arguments import arguments_of, parsed
from pages.gradio_ui.call_checks import NO_UPLOAD
from pages.gradio_ui.queue import caller_of
from pages.guide import GUIDE, guide_of
from pages.screen import AnyScreen, Control, Notice, Update, updates
from pages.session import Session, SessionStore
from pages.state import Role, State

Value = Any
"""What a component holds, or an update of it for Gradio."""
Event = Value
"""An event of Gradio, such as `button.click`, several of them, or the `then` of a listener."""
Action = Callable[..., Update | Iterator[Update]]
"""An action of a screen."""
Options = dict[str, Value]
"""Keyword arguments of an event."""
Parts = dict[str, Value]
"""Components by the names of the parts that they show."""

PRIVATE: Options = {"api_visibility": "private"}
"""Events that only the page itself triggers."""
QUIET: Options = {"show_progress": "hidden", **PRIVATE}
"""Events without a progress animation."""
GPU: Options = {"concurrency_id": "gpu", "concurrency_limit": 8}
"""Events that run a model for a moment. Those that are under way take turns, see `models.turns`."""


def busy(*parts: Component) -> Options:
    """As `GPU`, for events that take long: these parts show it."""
    return {"show_progress": "full", "show_progress_on": list(parts), **GPU}


LAST: Options = {"trigger_mode": "always_last"}
"""Only the last of several quick triggers counts."""
EACH: Options = {"trigger_mode": "multiple"}
"""Each trigger counts, in order, so that the page ends with the last one."""
AT_ONCE: Options = {"queue": False}
"""Events that do not wait for others."""
SAVE: Options = {"concurrency_id": "save", "concurrency_limit": 1}
"""Events that write files: one at a time over all visitors."""
DOWNLOAD = """(file) => {
  if (!file) return;
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
}"""
"""Client-side: the browser saves the file."""
SHOW_IN_ADDRESS = "(query) => window.perceiver.showLink(query)"
"""Client-side: the address becomes that of the view."""


VISITOR = "() => [window.perceiver.visitor()]"
"""Client-side: an id of the visitor that is kept across pages."""


class Binding:
    """One screen and the components of its page, by name.

    widgets: of the state's fields. uploads: of files, which actions receive as paths. parts: what shows the result.
    values: for each widget that needs it, the function from the values of all widgets to its value in the state.
    """

    def __init__(
        self,
        screen: AnyScreen,
        store: SessionStore,
        widgets: Mapping[str, Value],
        parts: Mapping[str, Value],
        uploads: Mapping[str, Value] | None = None,
        values: Mapping[str, Callable[[Mapping[str, Value]], Value]] | None = None,
    ):
        self.screen, self.store = screen, store
        self.widgets: dict[str, Value] = dict(widgets)
        self.uploads: dict[str, Value] = dict(uploads or {})
        self.values = dict(values or {})
        hidden = {name: gr.Textbox(visible="hidden", label=name) for name in ("link", "answered")}
        guide = gr.HTML(js_on_load=script("guide.js"), elem_id=f"{screen.name}-guide", apply_default_css=False)
        self.parts: Parts = {**self.widgets, **self.uploads, **parts, **hidden, "guide": guide}
        inputs = set(screen.state.fields_with("input"))
        self.inputs = [widget for name, widget in self.widgets.items() if name in inputs] + [*self.uploads.values()]
        self._show_link()
        self._mark_outdated()

    # Events

    def submit(self, event: Event, action: Action, **options: Value) -> Value:
        """As `on`, for actions whose result belongs to the inputs; a value that does not fit is an error."""
        return self._listen(event, action, True, options)

    def on(self, event: Event, action: Action, **options: Value) -> Value:
        """Calls action(session, state, **uploads, **more) and shows the `Update` that it returns or yields.

        event: one event, or a sequence of them. options: `data`, names of the event's data that the action takes;
        `more`, further components whose values it takes by name, files as paths; those of Gradio's events.
        """
        return self._listen(event, action, False, options)

    def trace(self) -> Value:
        """Another method, head and the like trace the same output again."""
        return self.on(self._inputs("trace"), self.screen.trace, **EACH, **GPU)

    def redraw(self, **options: Value) -> Value:
        """Another color scale, unit and the like draw the same result again."""
        return self.on(self._inputs("display"), self.screen.redraw, **EACH, **options)

    def open(self, event: Callable[..., Value], visitor: Component, **options: Value) -> Value:
        """Opens the page: `event` is the load event of its route, `visitor` holds the visitor's id."""

        def handler(visitor: str, request: gr.Request) -> Iterator[Value]:
            self.store.connect(request.session_hash or "", visitor)
            session, params = self._session(request), dict(request.query_params)

            def found() -> Iterator[Update]:
                if GUIDE in params:
                    yield {"guide": guide_of(params[GUIDE], self.screen.name)}
                yield from self.screen.open(session, params)

            yield from self._guarded(found, None, request)

        return event(handler, visitor, self._outputs, js=VISITOR, **QUIET, **options)

    def save(self, menu: gr.HTML, download: gr.DownloadButton, write: Callable[..., Iterator[Value]]) -> None:
        """See `gradio_ui.saving`: write(kind, session, state) yields the path of a file.

        menu: its `select` carries the `kind`. download: the file on its way to the browser; it is not visible.
        """

        def handler(values: dict[Component, Value], request: gr.Request, event: gr.EventData) -> Iterator[Value]:
            try:
                kind, state = str(_event_values(event, ["kind"])["kind"]), self._state(values, strict=False)
            except InputError as refusal:
                raise gr.Error(str(refusal), print_exception=False) from None
            yield from write(kind, self._session(request), state)

        chosen: Event = menu.select  # pyright: ignore[reportAttributeAccessIssue]
        saved = chosen(handler, {*self.widgets.values()}, download, preprocess=False, **QUIET, **SAVE, **EACH)
        saved.then(None, download, js=DOWNLOAD, **QUIET)

    def _inputs(self, role: Role) -> list[Event]:
        """What happens when a visitor changes a widget of this role."""
        return [self.widgets[name].input for name in self.screen.state.fields_with(role) if name in self.widgets]

    def _listen(self, event: Event, action: Action, strict: bool, options: Options) -> Value:
        data, more = options.pop("data", ()), options.pop("more", {})
        components = {*self.widgets.values(), *self.uploads.values(), *more.values()}
        handler = self._handler(action, strict, data, more)
        listen = event if callable(event) else lambda *args, **rest: gr.on(list(event), *args, **rest)
        return listen(handler, components, self._outputs, preprocess=False, **QUIET | options)

    def _handler(self, action: Action, strict: bool, data: Sequence[str], more: Mapping[str, Value]) -> Value:
        model = arguments_of(action, [*data, *more])

        def call(values: dict[Component, Value], request: gr.Request, event: Event = None) -> Iterator[Value]:
            def found() -> Iterator[Update]:
                state = self._state(values, strict)
                files = {name: _uploaded(values[each]) for name, each in self.uploads.items()} if strict else {}
                taken = {name: _value_of(component, values[component]) for name, component in more.items()}
                taken = parsed(model, taken | _event_values(event, data))
                return updates(action(self._session(request), state, **files, **taken))

            yield from self._guarded(found, [values[each] for each in self.inputs] if strict else None, request)

        def with_event(values: dict, request: gr.Request, event: gr.EventData) -> Iterator[Value]:
            yield from call(values, request, event)

        def once(values: dict, request: gr.Request) -> Value:
            return next(call(values, request))

        def once_with_event(values: dict, request: gr.Request, event: gr.EventData) -> Value:
            return next(call(values, request, event))

        def streamed(values: dict, request: gr.Request) -> Iterator[Value]:
            yield from call(values, request)

        if inspect.isgeneratorfunction(action):
            return with_event if data else streamed
        return once_with_event if data else once

    # Values

    @property
    def _outputs(self) -> list[Value]:
        return list(self.parts.values())

    def _session(self, request: gr.Request) -> Session:
        return self.store.session(self.store.visitor(request.session_hash or ""), self.screen.name)

    def _state(self, values: Mapping[Component, Value], strict: bool) -> State:
        by_name = {name: values[widget] for name, widget in self.widgets.items()}
        state = {name: self._value(name, by_name) for name in by_name}
        return self.screen.state.from_values(state, self.screen.initial, strict)

    def _value(self, name: str, values: Mapping[str, Value]) -> Value:
        if name in self.values:
            return from_widgets(self.values[name])(values)
        return self.screen.state.plain(name, _whole(values[name]))

    def _guarded(
        self, found: Callable[[], Iterator[Update]], inputs: list[Value] | None, request: gr.Request
    ) -> Iterator[Value]:
        """Updates for Gradio. What goes wrong is shown in the notice; everything else stays on the page."""
        update = None
        try:
            for update in each_called_by(caller_of(request), found()):
                yield self._for_gradio(update, inputs)
            if update is None:
                yield gr.skip()  # Gradio would empty all outputs
        except Exception as error:  # the last place before the visitor
            yield self._for_gradio({"notice": Notice(format_error(error), "alert")} | stopped(self.parts), None)

    def _for_gradio(self, update: Update, inputs: list[Value] | None) -> Value:
        if "answered" in update:
            update = update | {"answered": json.dumps({"id": update["answered"], "inputs": inputs})}
        return {self.parts[name]: _value_for_gradio(value) for name, value in update.items()} or gr.skip()

    # Behavior in the browser

    def _show_link(self) -> None:
        self.parts["link"].change(None, self.parts["link"], js=SHOW_IN_ADDRESS, **QUIET)

    def _mark_outdated(self) -> None:
        """What shows a result is marked as out of date while the inputs differ from those behind it."""
        name = json.dumps(self.screen.name)
        check = f"(answered, ...inputs) => window.perceiver.check({name}, answered, inputs)"
        watched = [self.parts["answered"].change, *(change for each in self.inputs for change in _changes(each))]
        gr.on(watched, None, [self.parts["answered"], *self.inputs], js=check, **QUIET, **AT_ONCE)


def for_callers(call: Callable[..., Value]) -> Callable[..., Value]:
    """For functions of the API: the caller gets the same message as a visitor."""

    @wraps(call)
    def guarded(*values: Value, **arguments: Value) -> Value:
        try:
            with called_by(caller_of(LocalContext.request.get())):
                return call(*values, **arguments)
        except Exception as error:  # the last place before the caller
            raise gr.Error(format_error(error), print_exception=False) from None

    return guarded


def from_widgets(read: Callable[..., Value]) -> Callable[..., Value]:
    """For functions of values as widgets have them. In a request written by hand, they may be anything."""

    @wraps(read)
    def reading(*values: Value) -> Value:
        try:
            return read(*values)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError("A value of the page has another form than its widget gives it.") from error

    return reading


def stopped(parts: Mapping[str, Value]) -> Update:
    """After an error there is nothing to stop."""
    return {"stop": Control.of(interactive=False)} if "stop" in parts else {}


def _value_for_gradio(value: Value) -> Value:
    if isinstance(value, Control):
        return gr.update(**value.properties)
    if isinstance(value, Chart):
        return PlotData(type="plotly", plot=json.dumps({"data": value.data, "layout": value.layout, "config": CONFIG}))
    return str(value) if isinstance(value, Path) else part_markup(value)


def _changes(component: Component) -> list[Value]:
    names = ("change",) if hasattr(component, "change") and not isinstance(component, gr.HTML) else ("input",)
    return [getattr(component, name) for name in names]


def _value_of(component: Component, value: Value) -> Value:
    return _uploaded(value) if isinstance(component, gr.File | gr.Image) else _whole(value)


def _whole(value: Value) -> Value:
    """A text without halves of surrogate pairs, which browsers may send but JSON cannot bring back."""
    return re.sub("[\ud800-\udfff]", "\ufffd", value) if isinstance(value, str) else value


def _event_values(event: Event, names: Sequence[str]) -> dict[str, Value]:
    """What an event says. Raises InputError if it does not, as in a request written by hand."""
    data = event._data if names else {}
    if not isinstance(data, dict) or not {*names} <= data.keys():
        raise InputError(f"The event has no {', '.join(names)}.")
    return {name: data[name] for name in names}


def _uploaded(file: Value) -> Path | None:
    """The file that a visitor gave; None if there is none.

    Raises InputError for any other file of this machine, which a request written by hand may name.
    """
    if not file:
        return None
    path = file.get("path") if isinstance(file, dict) else None
    if not path or not is_in_or_equal(path, get_upload_folder()):
        raise InputError(NO_UPLOAD)
    return Path(path)
