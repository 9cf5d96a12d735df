"""What screens share on interventions: visitors leave out a part of a run, and its figure shows the effects."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from markupsafe import Markup

from models.backend.protocol import Backend
from models.schema import EachHead, EachLatent, InputsAt, Intervention, ModelShape
from pages.screen import R, S, Screen, Update
from pages.session import Session
from pages.tracing import with_stages

Part = Literal["latents", "heads", "inputs"]
"""What a visitor leaves out: each latent in turn, each head in turn, or some inputs at once."""
LAYERS_AT_ONCE = 3
"""Layers whose heads are switched off before the page shows the effects."""


class FigureScreen(Screen[S, R]):
    """A screen that shows its run as a figure, in which visitors leave out parts of it."""

    def figure(self, run: R) -> Markup:
        raise NotImplementedError

    def figure_request(self, run: R) -> Any:
        """The request for the result in the figure."""
        raise NotImplementedError

    def figure_result(self, run: Any) -> Any:
        return run.result

    def with_figure_result(self, run: Any, result: Any) -> R:
        return replace(run, result=result)

    def figure_shape(self, run: R) -> ModelShape:
        """The model in the figure."""
        return self.shape(run.state.weights)

    def inputs_in(self, run: R, cells: Sequence[int]) -> Sequence[int]:
        """The inputs in these cells of the figure."""
        return cells

    def intervene(self, session: Session, state: S, without: Part, cells: Sequence[int] = ()) -> Iterator[Update]:
        """Shows how the predictions change without a part of the run. cells: of the inputs to leave out, or none."""
        run = session.get()
        if run is None or not self.can_trace(run):
            return
        interventions = interventions_on(without, self.figure_shape(run), self.inputs_in(run, cells))
        request, before = self.figure_request(run), self.figure_result(run)
        for result in with_effects(self.backend, request, before, interventions):
            if session.get() is not run:  # the visitor went on meanwhile
                return
            run = self.with_figure_result(run, result)
            session.put(run)
            yield {"network": self.figure(run)}


def interventions_on(part: Part, shape: ModelShape, inputs: Sequence[int]) -> list[tuple[Intervention, ...]]:
    """In groups that are computed one after the other: heads from the last layer to the first."""
    match part:
        case "latents":
            return [(EachLatent(),)]
        case "heads":
            layers = range(shape.blocks * shape.layers + 1, -1, -1)
            groups = (layers[start : start + LAYERS_AT_ONCE] for start in range(0, len(layers), LAYERS_AT_ONCE))
            return [tuple(map(EachHead, group)) for group in groups]
        case "inputs":
            return [(InputsAt(tuple(map(int, inputs))),) if len(inputs) else ()]


def with_effects(
    backend: Backend, request: Any, result: Any, groups: Sequence[Sequence[Intervention]]
) -> Iterator[Any]:
    """The result with the effects of each group, too. They replace those of other inputs; an empty group removes them.

    request: the one for the result.
    """
    for group in groups:
        stages = result.attention.stages
        effects = dict(stages.effects)
        if not group or isinstance(group[0], InputsAt):
            effects = {each: effect for each, effect in effects.items() if not isinstance(each, InputsAt)}
        if group:
            effects |= backend.run(with_stages(request, *group)).attention.stages.effects
        result = replace(result, attention=replace(result.attention, stages=replace(stages, effects=effects)))
        yield result
