"""Attributions of the output on a page by several methods, how faithful they are, and models with random weights."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from components import plots
from components.html.charts.attribution import faithfulness_table, randomization_table
from models.schema import Attribution, AttributionMethod, AttributionRequest, AttributionResult, Baseline
from models.schema.attribution import SCORES
from pages.interventions import FigureScreen
from pages.screen import ApiCall, Files, Run, Update
from pages.session import Session
from pages.state import State

S = TypeVar("S", bound=State)
RANDOMIZED: tuple[AttributionMethod, ...] = (
    "encoder",
    "decoder",
    "rollout",
    "attention_x_gradient",
    "gradient_x_input",
    "integrated_gradients",
)
"""Methods that are compared with those of random models: the others run a model once for each part."""
ATTRIBUTIONS = ("faithfulness", "random_models")
"""Parts of the page."""


@dataclass(frozen=True, slots=True)
class ExplainedRun(Run[S]):
    """attributions: with their faithfulness. random_models: maps of models with random weights. None until measured."""

    attributions: AttributionResult | None = field(default=None, kw_only=True)
    random_models: AttributionResult | None = field(default=None, kw_only=True)


R = TypeVar("R", bound=ExplainedRun[Any])


class ExplainedScreen(FigureScreen[S, R]):
    """A page that attributes the output in its figure to the parts of the input."""

    def request(self, state: S, **files: Any) -> Any:
        """The request of a state, for programs. files: uploads."""
        raise NotImplementedError

    def show_attributions(self, run: R) -> Update:
        """The parts of the page that show attributions."""
        return {
            "faithfulness": "" if run.attributions is None else faithfulness_table(run.attributions),
            "random_models": "" if run.random_models is None else randomization_table(run.random_models),
        }

    def measure_faithfulness(self, session: Session, state: S) -> Iterator[Update]:
        """Shows the maps of all methods with their deletion and insertion curves, one method after the other."""
        yield from self._measure(session, "attributions", baseline=_baseline(state), faithfulness=True)

    def randomize_weights(self, session: Session, state: S) -> Iterator[Update]:
        """Shows the maps of models with more and more random weights, one model after the other."""
        yield from self._measure(
            session, "random_models", methods=RANDOMIZED, baseline=_baseline(state), randomize=True
        )

    def attribution_files(self, run: R, state: S) -> Files | None:
        result = run.attributions
        if result is None:
            return None
        return Files.of_plot(lambda: plots.attribution_plot(result), f"{self.name}-faithfulness", run.state)

    @property
    def calls(self) -> Sequence[ApiCall]:
        """Also the attributions, and their faithfulness."""
        page_only = tuple(name for name in self.page_only if name != "baseline")
        attribute, faithfulness = (partial(self.attribute, faithfulness=measured) for measured in (False, True))
        return (
            *super().calls,
            ApiCall(f"{self.name}_attribute", attribute, "attribute", page_only),
            ApiCall(f"{self.name}_faithfulness", faithfulness, "faithfulness api", page_only),
        )

    def attribute(self, state: S, faithfulness: bool, **files: Any) -> object:
        """For programs: the maps of all methods and, if asked for, their curves and scores."""
        request = AttributionRequest(self.request(state, **files), baseline=_baseline(state), faithfulness=faithfulness)
        result = self.backend.run(request)
        found = {name: getattr(result, name) for name in ("output", "probability", "without_any", "baseline", "parts")}
        found |= {"spans": result.spans, "grid": result.grid, "run": result.run}
        return found | {"methods": [_as_numbers(result, each) for each in result.attributions], "random": result.random}

    def _measure(self, session: Session, name: str, **options: Any) -> Iterator[Update]:
        """name: field of the run that keeps the result."""
        run = session.get()
        if run is None or not self.can_trace(run):
            return
        request = AttributionRequest(self.figure_request(run), **options)
        with closing(self.backend.stream(request)) as results:
            for result in results:
                current = session.get()
                if current is None or self.figure_request(current) != request.request:
                    return  # the visitor went on meanwhile
                current = replace(current, **{name: result})
                session.put(current)
                yield self.show_attributions(current)


def _baseline(state: State) -> Baseline | None:
    """What a page lets its visitors choose; None: the one of the task."""
    return getattr(state, "baseline", None)


def _as_numbers(result: AttributionResult, attribution: Attribution) -> dict[str, object]:
    found: dict[str, object] = {name: getattr(attribution, name) for name in ("method", "values", "latents")}
    if attribution.curves is None:
        return found
    found |= {name: getattr(attribution.curves, name) for name in ("shares", "deletion", "insertion", *SCORES)}
    return found | {"better_than_random": result.better_than_random(attribution)}
