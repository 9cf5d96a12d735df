"""A page as one visitor sees it, for front ends that keep it on the server; actions run in threads and change it."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL.Image import Image

from models.schema import DROPPED, InputError
from pages.binding import format_error, part_markup
from pages.screen import AnyScreen, Control, Notice, Update, updates
from pages.session import Session
from pages.state import State

Action = Callable[..., Update | Iterator[Update]]
"""An action of a screen."""
Values = Mapping[str, object]
Convert = Callable[[Values], object]
"""From the values of all widgets to the value that one of them has in the state."""
LANES: Mapping[str, threading.Semaphore] = {
    "gpu": threading.Semaphore(1),
    "generation": threading.Semaphore(2),
    "training": threading.Semaphore(2),
    "building": threading.Semaphore(16),
    "film": threading.Semaphore(1),
    "clip": threading.Semaphore(1),
}
"""How many actions run a model at once, over all visitors. Long ones have lanes of their own."""
QUICK_SECONDS = 0.4
"""An action that takes no longer is shown together with the click that started it."""


@dataclass(frozen=True, slots=True)
class Step:
    """An action and its lane; None: it does not wait for others."""

    action: Action
    lane: str | None = "gpu"


def at_once(action: Action) -> Step:
    return Step(action, None)


class View:
    """What a page shows to one visitor. Actions write to it, in threads of their own; the page is drawn from it.

    values: of the widgets and the visitor's files, by name. properties: what actions set of a widget except its value.
    written: names of values that actions set since their widget was drawn. changed: set once there is something to
    draw. link: query of the view. uploads: files that the result depends on. fields: what the visitor sets
    in addition to the fields of the state. convert: for values that the state has in another form.
    """

    def __init__(
        self,
        screen: AnyScreen,
        session: Session,
        uploads: Sequence[str] = (),
        fields: Sequence[str] = (),
        convert: Mapping[str, Convert] | None = None,
        changed: threading.Event | None = None,
    ):
        self.screen, self.session = screen, session
        self.values: dict[str, Any] = dict(screen.initial) | dict.fromkeys((*uploads, *fields))
        self.properties: dict[str, dict[str, Any]] = {}
        self.written: set[str] = set()
        self.lock, self.changed = threading.RLock(), changed or threading.Event()
        self.link = ""
        self._uploads, self._arguments, self._convert = uploads, {*uploads, *fields}, convert or {}
        self._inputs = {*screen.state.fields_with("input"), *uploads}
        self._behind_result: Values | None = None
        self._threads: set[threading.Thread] = set()
        self._inner: dict[str, View] = {}
        self._files = tempfile.TemporaryDirectory(prefix="perceiver-")
        self.apply(screen.controls(screen.initial))

    @property
    def parts(self) -> Mapping[str, Any]:
        """Markup, and content of films, by name."""
        try:
            return self.session.get("parts") or {}
        except InputError:
            return {"notice": part_markup(Notice(DROPPED, "alert"))}

    @property
    def running(self) -> bool:
        """Whether actions are under way, here or in a section with a screen of its own."""
        return bool(self._threads) or any(view.running for view in self._inner.values())

    @property
    def outdated(self) -> bool:
        """Whether the inputs differ from those of the result."""
        return self._behind_result is not None and self._behind_result != self.inputs()

    def state(self, strict: bool = True) -> State:
        """Raises InputError if a value does not fit, if `strict`."""
        names = self.values.keys() & self.screen.state.model_fields.keys()
        return self.screen.state.from_values({name: self._plain(name) for name in names}, self.screen.initial, strict)

    def inputs(self) -> Values:
        """What a result depends on."""
        state = self.state(strict=False)
        return {name: getattr(state, name, self.values.get(name)) for name in self._inputs}

    def keep_file(self, name: str, write: Callable[[Path], object]) -> Path:
        """A file of the visitor, which exists as long as the view."""
        file = Path(tempfile.mkdtemp(dir=self._files.name), Path(name).name)
        write(file)
        return file

    def inner(self, screen: AnyScreen, uploads: Sequence[str]) -> "View":
        """The view of a section with a screen of its own."""
        if screen.name not in self._inner:
            session = self.session.store.session(self.session.visitor, screen.name)
            view = self._inner[screen.name] = View(screen, session, uploads, changed=self.changed)
            view.open({})
        return self._inner[screen.name]

    # Actions

    def open(self, params: Mapping[str, str], lane: str = "gpu", after: Sequence[Action] = ()) -> None:
        """Shows the view that a link describes. after: actions that follow."""
        self.link = urlencode({name: params[name] for name in params if name in self.screen.state.model_fields})
        self.start([Step(lambda session, state: self.screen.open(session, params), lane), *after], {})

    def start(self, steps: Sequence[Action | Step], event: Values) -> None:
        """Runs actions one after the other, and returns when they are done or take long. event: what was clicked."""
        actions = [step if isinstance(step, Step) else Step(step) for step in steps]
        thread = threading.Thread(target=self._run, args=(actions, event), daemon=True)
        self._threads.add(thread)
        thread.start()
        thread.join(QUICK_SECONDS)

    def apply(self, update: Update) -> None:
        with self.lock:
            parts: dict[str, object] = {}
            for name, value in update.items():
                if isinstance(value, Control):
                    self.properties[name] = {**self.properties.get(name, {}), **value.properties}
                    for chosen in value.properties.keys() & {"value", "selected"}:
                        self._set(name, value.properties[chosen], parts)
                elif name == "link":
                    self.link = value
                elif name != "answered":
                    self._set(name, value, parts)
            if parts:
                self.session.put({**self.parts, **parts}, "parts")
        self.changed.set()

    def _run(self, steps: Sequence[Step], event: Values) -> None:
        try:
            for step in steps:
                with LANES[step.lane] if step.lane else nullcontext():
                    self._act(step.action, event)
        except Exception as error:  # the last place before the visitor
            self.apply({"notice": Notice(format_error(error), "alert"), "stop": Control.of(interactive=False)})
        finally:
            self._threads.discard(threading.current_thread())
            self.changed.set()

    def _act(self, action: Action, event: Values) -> None:
        """Calls an action with the arguments that it names: what was clicked, files, and other fields."""
        state, inputs = self.state(), self.inputs()
        known = {name: self.values[name] for name in self._arguments} | {**event}
        names = [*signature(action).parameters][2:]
        for update in updates(action(self.session, state, **{name: known[name] for name in names if name in known})):
            self.apply(update)
            if update.keys() & self._inputs:
                inputs = self.inputs()
            if "answered" in update:
                self._behind_result = inputs

    # Values

    def _set(self, name: str, value: object, parts: dict[str, object]) -> None:
        if name not in self.values:
            parts[name] = value.read_bytes() if isinstance(value, Path) else part_markup(value)
            return
        if isinstance(value, Image):
            value = self.keep_file(f"{name}.png", value.save)
        self.values[name] = value
        self.written.add(name)

    def _plain(self, name: str) -> object:
        """A value as the state has it: a dropdown's "" stands for None."""
        if name in self._convert:
            return self._convert[name](self.values)
        return self.screen.state.plain(name, self.values[name])
