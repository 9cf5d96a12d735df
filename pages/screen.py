"""Screens: what a page does, without a UI toolkit.

Both front ends, the API, MCP and the unit tests call the actions of a screen. An action returns an `Update`, or yields
several: named parts of the page and their new values. Parts that it does not name stay as they are.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Concatenate, Generic, Literal, ParamSpec, TypeAlias, TypeVar, get_args

from markupsafe import Markup

from components import plots
from components.render.standalone import standalone_page
from models.backend.protocol import Backend
from models.data.examples import Example, chosen
from models.schema import CheckpointUnavailable, InputError, ModelShape, Weights
from pages.prose import read_prose
from pages.session import Session
from pages.state import State

S = TypeVar("S", bound=State)
P = ParamSpec("P")
Write = Callable[[Path], object]
Update = dict[str, Any]
"""Part of the page -> markup, `Plot`, `Notice`, `Control`, or the value of a widget.

Reserved parts: "notice"; "link", the query of the view; "answered", which says that the result on screen now belongs
to the inputs that were submitted.
"""
PLOT_FILES = ("png", "svg", "npz", "html")
"""A plot, the arrays behind it, and all that the page shows of the run."""
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
    def of(cls, **properties: object) -> "Control":
        """Properties: value, choices, maximum, interactive, visible."""
        return cls(properties)

    @classmethod
    def choice(cls, choices: Sequence[tuple[str, object]], value: object, **properties: object) -> "Control":
        """A dropdown in which "" stands for None."""
        return cls.of(choices=list(choices), value="" if value is None else value, **properties)


@dataclass(frozen=True, slots=True)
class Files:
    """What can be saved. stem: name of the files. write: writes each kind, by its extension."""

    stem: str
    write: Mapping[str, Write]

    def write_to(self, kind: str, folder: Path) -> Path:
        """Writes one kind; the file has the stem's name."""
        file = folder / f"{self.stem}.{kind}"
        self.write[kind](file)
        return file

    @classmethod
    def of_plot(cls, draw: "Callable[[], plots.Plot]", stem: str, state: State, **more: Write) -> "Files":
        """A plot as PNG, SVG and NPZ, drawn when a file is requested, and `more`. state: behind it, for the NPZ."""

        def write(file: Path) -> None:
            plot = draw()
            plot.arrays["settings"] = state.model_dump_json()
            plots.save_plot(plot, file)

        return cls(stem, dict.fromkeys(("png", "svg", "npz"), write) | more)


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A function of the API and of MCP.

    run: (state, **uploads) -> arrays, dataclasses and numbers by name. prose: section that describes it. page_only:
    fields of the state that programs do not set.
    """

    name: str
    run: Callable[..., object]
    prose: str
    page_only: Sequence[str]


@dataclass(frozen=True, slots=True)
class Run(Generic[S]):
    """What a page keeps of its last run. state: as it was run, with what is traced and how it is drawn now."""

    state: S


R = TypeVar("R", bound=Run[Any])
Offer = Callable[[R, S], Files | None]
"""(run, state of the controls) -> what can be saved of the run, or None."""


AnyScreen: TypeAlias = "Screen[Any, Any]"
Sc = TypeVar("Sc", bound=AnyScreen)


def on_run(
    action: Callable[Concatenate[Sc, R, S, P], R | Update],
) -> Callable[Concatenate[Sc, Session, S, P], Update]:
    """For actions that concern the run on the page: they get it in place of the session.

    A run that they return replaces it and is shown. Without a run, or if it cannot be traced yet, nothing happens.
    """

    @wraps(action)
    def on_session(screen: Sc, session: Session, state: S, *args: P.args, **kwargs: P.kwargs) -> Update:
        run = session.get()
        if run is None or not screen.can_trace(run):
            return {}
        found = action(screen, run, state, *args, **kwargs)
        if isinstance(found, Run):
            session.put(found)
            return screen.show_changes(found)
        return found

    return on_session


class Screen(Generic[S, R]):
    """A page without a toolkit.

    name: of the task, also in the address. endpoint: name in the API, if it is another. state: the class of its state.
    examples: to choose from. variants: of the model; () for a page without one. uploads: files that programs send, and
    what each of them is. facts: what the placeholders in `page.md` stand for. required: fields without a default for
    programs. page_only: fields that are not parameters of the API. hint_part: what shows the hint of an example.
    """

    name: ClassVar[str]
    endpoint: ClassVar[str] = ""
    state: type[S]
    examples: ClassVar[Sequence[Example]] = ()
    variants: ClassVar[tuple[str, ...]] = ("",)
    uploads: ClassVar[Mapping[str, str]] = {}
    facts: ClassVar[Mapping[str, object]] = {}
    required: ClassVar[tuple[str, ...]] = ()
    hint_part: ClassVar[str] = "notice"
    page_only: ClassVar[tuple[str, ...]] = ()

    def __init__(self, backend: Backend):
        self.backend = backend
        self._first_run: R | None = None
        self._first_lock = threading.Lock()

    @property
    def prose(self) -> Mapping[str, str]:
        """Texts for visitors by section, see `read_prose`."""
        return {section: text.format(**self.facts) for section, text in read_prose(self.name).items()}

    @property
    def initial(self) -> S:
        """The state of a page that is opened without a link."""
        state = self.state()
        return state.changed(weights=self.backend.describe().default_weights) if self.variants else state

    def shape(self, weights: Weights, variant: str = "") -> ModelShape:
        return self.backend.describe().shape(self.name, weights, variant)

    def shapes(self, weights: Weights) -> list[ModelShape]:
        return [self.shape(weights, variant) for variant in self.variants]

    def link(self, state: S) -> str:
        return state.to_query(self.state())

    # What each screen defines

    def run(self, state: S) -> R:
        """Runs the model on a state that has all inputs. Raises InputError and CheckpointUnavailable."""
        raise NotImplementedError

    def traced(self, run: R, state: S) -> R:
        """A run with the attention that `state` names. It is the state of the run but for what is shown of it."""
        return self.run(state)

    def can_trace(self, run: R) -> bool:
        """Whether the actions `on_run` apply to a run."""
        return True

    def show(self, run: R) -> Update:
        """All parts that show a run."""
        raise NotImplementedError

    def show_changes(self, run: R) -> Update:
        """The parts that differ once a run is traced or drawn again."""
        return self.show(run)

    def model_parts(self, state: S) -> Update:
        """What depends on the model that a state names: choices and bounds of controls, and a drawing of the model."""
        return {}

    def reads(self, shape: ModelShape) -> str:
        """How much a model reads, after its number of parameters: ", reads 512 bytes"."""
        return ""

    def fit(self, state: S) -> S:
        """The state within the bounds that depend on the model."""
        return state

    def example_inputs(self, index: int) -> Update:
        """An example in the fields of the page."""
        raise NotImplementedError

    def example_of(self, state: S) -> int | None:
        """Which example the inputs of a state are, if they are one."""
        return None

    def call(self, state: S) -> object:
        """The result for a program: arrays, dataclasses and numbers by name."""
        raise NotImplementedError

    @property
    def calls(self) -> Sequence[ApiCall]:
        """What programs can call."""
        return (ApiCall(self.endpoint or self.name, self.call, "api", self.page_only),)

    # What a visitor does

    def submit(self, session: Session, state: S) -> Update | Iterator[Update]:
        """Runs the model and shows the result. Raises InputError and CheckpointUnavailable."""
        return self.keep(session, self.run(state)) | {"notice": self.hint(state)} | answered()

    def choose_example(self, session: Session, state: S, index: int) -> Update | Iterator[Update]:
        return self.example_inputs(index) | {"notice": self.hint_of(index)}

    def choose_weights(self, session: Session, state: S) -> Update:
        return {"notice": self.model_notice(dict(state)["weights"])} | self.model_parts(self.fit(state))

    @on_run
    def trace(self, run: R, state: S) -> R:
        """Shows the attention of the same output by another method, head or latent."""
        return self.traced_by(run, state)

    @on_run
    def redraw(self, run: R, state: S) -> R:
        """Draws the same result in another way, without the model."""
        return replace(run, state=run.state.with_values_of(state, "display", "browser"))

    # Parts of the page

    def keep(self, session: Session, run: R) -> Update:
        """Makes a run the one on the page."""
        session.put(run)
        return self.show(run)

    def traced_by(self, run: R, state: S, **changes: object) -> R:
        """A run traced as the controls of `state` have it. changes: what else differs, such as the output."""
        return self.traced(run, run.state.with_values_of(state, "trace", "display", "browser").changed(**changes))

    def controls(self, state: S) -> Update:
        """The widgets as a state has them, and what depends on the model that it names."""
        fields = self.state.fields_with("input", "trace", "display", "browser", "other")
        return {name: getattr(state, name) for name in fields} | self.model_parts(state)

    def hint(self, state: S) -> Notice | str:
        """What to look for in the result, if the inputs are an example."""
        index = self.example_of(state)
        return "" if index is None else self.hint_of(index)

    def hint_of(self, index: int) -> Notice:
        """What to look for in the result of an example. Raises InputError."""
        return Notice(chosen(self.examples, index).notice)

    def weights_choices(self) -> list[tuple[str, Weights]]:
        """Label and value of each choice of a model, such as "Demo model (4.9 M, built in)"."""
        return [(self._model_label(weights), weights) for weights in get_args(Weights)]

    def model_notice(self, weights: Weights) -> Notice:
        """Name and size of the model that was chosen."""
        names = [f"{shape.name}: {millions(shape)} parameters{self.reads(shape)}." for shape in self.shapes(weights)]
        return Notice(" ".join(names + [self.prose["original model"]] * (weights == "published")))

    def files(self, session: Session, state: S, offer: Offer[R, S]) -> Files:
        """What can be saved of the run on the page. Raises InputError if there is nothing."""
        run: R | None = session.get()
        files = None if run is None else offer(run, state)
        if run is None or files is None:
            raise InputError(NOTHING_TO_SAVE)
        return replace(files, write={"html": partial(self.write_page, run), **files.write})

    def write_page(self, run: R, file: Path) -> None:
        """All that the page shows of a run, as one HTML file that works offline."""
        parts = [plots.to_svg(part) if isinstance(part, plots.Plot) else part for part in self.saved_parts(run)]
        page = standalone_page(
            self.prose["title"],
            [part for part in parts if isinstance(part, Markup)],
            run.state.described(),
            read_prose("")["caveat"],
            getattr(run.state, "opacity", 0.6),
        )
        file.write_text(page, encoding="utf-8")

    def saved_parts(self, run: R) -> Iterable[object]:
        """What the saved page has of a run: markup and plots."""
        return self.show(run).values()

    def _model_label(self, weights: Weights) -> str:
        shapes = sorted(self.shapes(weights), key=lambda shape: shape.parameters)
        sizes = " to ".join(dict.fromkeys(millions(shape) for shape in (shapes[0], shapes[-1])))
        models, embedded = "models" if len(shapes) > 1 else "model", weights == "embedded"
        return f"Demo {models} ({sizes}, built in)" if embedded else f"Original {models} ({sizes}, downloaded)"

    # Opening a page

    def compute_first(self) -> R:
        """The run that a page shows when it is opened without a link. It is the same for all visitors."""
        return self.run(self.initial)

    def open(self, session: Session, params: Mapping[str, str]) -> Iterator[Update]:
        """The page as a link describes it, as the visitor left it, or with its first result."""
        yield from self._loading()
        params = {name: value for name, value in params.items() if name in self.state.model_fields}
        state, problems = self.state.from_query(params, self.state()) if params else (self.initial, ())
        kept = self.kept(session)
        if kept is not None and (not params or self.link(kept.state) == self.link(state)):
            hint: Update = {self.hint_part: self.hint(kept.state)}
            yield hint | self.controls(kept.state) | self.show(kept) | self.restore(session) | answered()
        elif not params:
            yield self.open_first(session)
        else:
            state = self.fit(state)
            yield self.controls(state)
            notice: Update = {"notice": Notice(" ".join(problems), "alert")} if problems else {}
            for update in updates(self.open_link(session, state)):
                yield update | notice | (answered() if "link" in update else {})

    def _loading(self) -> Iterator[Update]:
        """What a visitor sees who is there before the model."""
        progress = None
        for progress in self.backend.loading(self.name) if self.variants else ():
            yield {"notice": Notice(f"Loading the model: step {progress.done + 1} of {progress.steps} …")}
        if progress:
            yield {"notice": ""}

    def open_link(self, session: Session, state: S) -> Update | Iterator[Update]:
        """Runs the state of a link."""
        return self.submit(session, state)

    def open_first(self, session: Session) -> Update:
        """The page without a link."""
        first = self.first_run()
        return {self.hint_part: self.hint(first.state)} | self.keep(session, first) | {"link": ""} | answered()

    def restore(self, session: Session) -> Update:
        """Parts beyond `controls` and `show` that a visitor finds again on coming back to the page."""
        return {}

    def first_run(self) -> R:
        """`compute_first`, computed once."""
        with self._first_lock:
            if self._first_run is None:
                self._first_run = self.compute_first()
            return self._first_run

    def kept(self, session: Session) -> R | None:
        """The run of the visitor, or None if there is none or it was dropped."""
        try:
            return session.get()
        except InputError:
            return None


def millions(shape: ModelShape) -> str:
    """Parameters of a model: "4.9 M", "201 M"."""
    count = shape.parameters / 1e6
    return f"{count:.0f} M" if count >= 100 else f"{count:.1f} M"


def answered() -> Update:
    """Says that the result on screen belongs to the submitted inputs."""
    return {"answered": next(_ids)}


def updates(found: Update | Iterator[Update]) -> Iterator[Update]:
    """What an action returned or yields, one by one."""
    if isinstance(found, dict):
        yield found
    else:
        yield from found


def is_for_visitor(error: Exception) -> bool:
    """Whether the message of an error is meant to be shown."""
    return isinstance(error, InputError | CheckpointUnavailable)
