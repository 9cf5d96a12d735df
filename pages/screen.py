"""Screens: what a page does, without a UI toolkit.

Both front ends, the API, MCP and the unit tests call the actions of a screen. An action returns an `Update`, or yields
several: named parts of the page and their new values. Parts that it does not name stay as they are.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

from components.plots.plot import Plot, save_plot
from models.backend.protocol import Backend
from models.schema import CheckpointUnavailable, InputError, ModelShape, Weights
from pages.session import Session
from pages.state import State

S = TypeVar("S", bound=State)
R = TypeVar("R")
Write = Callable[[Path], object]
Update = dict[str, Any]
"""Part of the page -> markup, `Plot`, `Notice`, `Control`, or the value of a widget.

Reserved parts: "notice"; "link", the query of the view; "answered", which says that the result on screen now belongs
to the inputs that were submitted.
"""
PNG_SVG_NPZ = ("png", "svg", "npz")
NOTHING_TO_SAVE = "There is nothing to save yet."
_ids = count(1)


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence next to the button. An alert says what went wrong, a hint helps."""

    text: str
    level: Literal["hint", "alert"] = "hint"


@dataclass(frozen=True, slots=True)
class Control:
    """New properties of a widget; what is not named stays, the value too.

    choices: (label, value) pairs. maximum: of a slider.
    """

    properties: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, **properties: Any) -> "Control":
        """Properties: value, choices, maximum, interactive, visible."""
        return cls(properties)


@dataclass(frozen=True, slots=True)
class Files:
    """What can be saved. stem: name of the files. write: writes each kind, by its extension."""

    stem: str
    write: Mapping[str, Write]

    @classmethod
    def of_plot(cls, draw: Callable[[], Plot], stem: str, **more: Write) -> "Files":
        """A plot as PNG, SVG and NPZ, drawn when a file is requested, and `more`."""
        kinds = dict.fromkeys(PNG_SVG_NPZ, lambda file: save_plot(draw(), file))
        return cls(stem, kinds | more)


class Screen(Generic[S, R]):
    """A page without a toolkit. R: what the page keeps of its last run; it has the `state` that was run.

    name: of the task, also in the address. state: the class of its state.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    state: type[S]
    required: ClassVar[tuple[str, ...]] = ()
    """Fields without a default for programs."""
    page_only: ClassVar[tuple[str, ...]] = ()
    """Fields that are no parameters for programs."""

    def __init__(self, backend: Backend):
        self.backend = backend
        self._first_run: R | None = None
        self._first_lock = threading.Lock()

    @property
    def initial(self) -> S:
        """The state of a page that is opened without a link."""
        first = self.state()
        known = "weights" in self.state.model_fields
        return first.changed(weights=self.backend.describe().default_weights) if known else first

    def shape(self, weights: Weights, variant: str = "") -> ModelShape:
        return self.backend.describe().shape(self.name, weights, variant)

    def link(self, state: S) -> str:
        return state.to_query(self.state())

    # What each screen defines

    def submit(self, session: Session, state: S) -> Update | Iterator[Update]:
        """Runs the model and shows the result. Raises InputError and CheckpointUnavailable."""
        raise NotImplementedError

    def compute_first(self) -> R:
        """The run that a page shows when it is opened without a link. It is the same for all visitors."""
        raise NotImplementedError

    def show(self, run: R) -> Update:
        """All parts that show a run."""
        raise NotImplementedError

    def keep(self, session: Session, run: R) -> Update:
        """Makes a run the one on the page."""
        session.put(run)
        return self.show(run)

    def controls(self, state: S) -> Update:
        """The widgets as a state has them, and what depends on the model that it names."""
        return {name: getattr(state, name) for name in self.state.fields_with("input", "display")}

    def fit(self, state: S) -> S:
        """The state within the bounds that depend on the model."""
        return state

    def call(self, state: S) -> object:
        """The result for a program: arrays, dataclasses and numbers by name."""
        raise NotImplementedError

    # Opening a page

    def open(self, session: Session, params: Mapping[str, str]) -> Iterator[Update]:
        """The page as a link describes it, as the visitor left it, or with its first result."""
        params = {name: value for name, value in params.items() if name in self.state.model_fields}
        state, problems = self.state.from_query(params, self.state()) if params else (self.initial, ())
        kept = self._kept(session)
        if kept is not None and (not params or self.link(kept.state) == self.link(state)):
            yield self.controls(kept.state) | self.show(kept) | self.restore(session) | answered()
        elif not params:
            yield self._open_first(session)
        else:
            state = self.fit(state)
            yield self.controls(state)
            notice: Update = {"notice": Notice(" ".join(problems), "alert")} if problems else {}
            for update in updates(self.open_link(session, state)):
                yield update | notice | (answered() if "link" in update else {})

    def open_link(self, session: Session, state: S) -> Update | Iterator[Update]:
        """Runs the state of a link."""
        return self.submit(session, state)

    def restore(self, session: Session) -> Update:
        """Parts beyond `controls` and `show` that a visitor finds again on coming back to the page."""
        return {}

    def first_run(self) -> R:
        """`compute_first`, computed once."""
        with self._first_lock:
            if self._first_run is None:
                self._first_run = self.compute_first()
            return self._first_run

    def _open_first(self, session: Session) -> Update:
        return self.keep(session, self.first_run()) | {"link": ""} | answered()

    def _kept(self, session: Session) -> Any:
        try:
            return session.get()
        except InputError:  # dropped: the page opens as if for the first time
            return None


def answered() -> Update:
    """Says that the result on screen belongs to the submitted inputs."""
    return {"answered": next(_ids)}


def updates(found: Update | Iterator[Update]) -> Iterator[Update]:
    """What an action returned or yields, one by one."""
    if isinstance(found, dict):
        yield found
    else:
        yield from found


def model_notice(shape: ModelShape, weights: Weights, gigabytes: float, reads: str = "", original: str = "") -> Notice:
    """Name and size of the model that was chosen.

    gigabytes: of the original model's download. reads: how much it reads. original: more about the original model.
    """
    sentences = [f"{shape.name}: {shape.parameters / 1e6:.1f} M parameters{reads and f', reads {reads}'}."]
    if weights == "published":
        sentences += [f"It is downloaded on first use (about {gigabytes} GB).", original]
    return Notice(" ".join(filter(None, sentences)))


def is_for_visitor(error: Exception) -> bool:
    """Whether the message of an error is meant to be shown."""
    return isinstance(error, InputError | CheckpointUnavailable)
