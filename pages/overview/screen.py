"""Overview: why there are latents, one run of a model, the pages of the app, and what attention costs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from markupsafe import Markup

from components.analysis.cost import Sizes, costs
from components.html.overview.doors import doors, more_links
from components.html.overview.drawing import idea
from components.html.overview.explanations import explanations
from components.render import overview as render
from components.render.masked_bytes import masked_bytes_network
from models.data.examples import chosen, text_examples
from models.data.faithfulness import read_faithfulness
from models.data.lessons import read_lessons
from models.schema import MaskedBytesRequest, MaskedBytesResult, ModelShape, Probe
from pages.interventions import Part, interventions_on, with_effects
from pages.overview.doors import read_doors
from pages.overview.presets import PRESETS, Preset
from pages.screen import Files, Run, Screen, Update
from pages.session import Session
from pages.state import State, control

NAME = "overview"
SHOWN = "masked_bytes"
"""The task whose run the page shows."""
SLIDERS = ("inputs", "latents", "layers", "outputs")
WIDTHS = ("channels", "input_channels", "widening")


class OverviewState(State):
    """The sizes of the published image model at first."""

    inputs: int = control(
        50_176, "Inputs M", "Inputs, such as bytes or pixels.", role="other", ge=render.FEWEST_INPUTS, le=2**20
    )
    latents: int = control(512, "Latents N", "Latents of the Perceivers.", role="other", ge=1, le=4096)
    layers: int = control(48, "Layers L", "Self-attention layers of all models.", role="other", ge=1, le=96)
    outputs: int = control(1, "Outputs O", "Output queries of Perceiver IO.", role="other", ge=1, le=2**20)
    channels: int = control(
        1024, "Channels D", "Channels of latents, and of the Transformer.", role="other", ge=8, le=4096
    )
    input_channels: int = control(
        261, "Input channels C", "Channels of the inputs and queries of Perceiver IO.", role="other", ge=8, le=4096
    )
    widening: int = control(1, "MLP widening W", "Hidden channels of an MLP per channel.", role="other", ge=1, le=8)


@dataclass(frozen=True, slots=True)
class OverviewRun(Run[OverviewState]):
    @property
    def sizes(self) -> Sizes:
        return Sizes(**dict(self.state))


class OverviewScreen(Screen[OverviewState, OverviewRun]):
    name = NAME
    endpoint = "cost"
    state = OverviewState
    examples: Sequence[Preset] = PRESETS
    variants = ()
    required = ("inputs",)

    @cached_property
    def static(self) -> Mapping[str, Markup]:
        """Markup that does not depend on the state."""
        return {
            "idea": idea(),
            "doors": doors(list(read_doors())),
            "lessons": more_links(len(read_lessons())),
            "explanations": explanations(read_faithfulness()),
        }

    def run(self, state: OverviewState) -> OverviewRun:
        return OverviewRun(state)

    def show(self, run: OverviewRun) -> Update:
        sizes = run.sizes
        return {
            "summary": render.summary(sizes),
            "numbers": render.numbers(sizes),
            "operations": render.operations_chart(sizes),
            "memory": render.memory_chart(sizes),
            "link": self.link(run.state),
        }

    def show_figure(self, session: Session, state: OverviewState) -> Update:
        """The first example of masked language modeling as a figure. It waits for the model; the page does not."""
        return self._figure(session, self.backend.run(self._request()))

    def intervene(
        self, session: Session, state: OverviewState, without: Part, cells: Sequence[int] = ()
    ) -> Iterator[Update]:
        """The same figure, with the effects of leaving out a part of the run."""
        result, shape = session.get("figure"), self._shown_shape
        if result is not None:
            interventions = interventions_on(without, shape, cells)
            for each in with_effects(self.backend, self._request(), result, interventions):
                yield self._figure(session, each)

    def _request(self) -> MaskedBytesRequest:
        example, probe = text_examples(SHOWN)[0], Probe(method="encoder", stages=True)
        weights = self.backend.describe().default_weights
        return MaskedBytesRequest(example.text, example.spans, decoding="iterative", probe=probe, weights=weights)

    def _figure(self, session: Session, result: MaskedBytesResult) -> Update:
        session.put(result, "figure")
        return {"network": masked_bytes_network(result, self._shown_shape)}

    @property
    def _shown_shape(self) -> ModelShape:
        models = self.backend.describe()
        return models.shape(SHOWN, models.default_weights)

    def choose_example(self, session: Session, state: OverviewState, index: int) -> Update:
        """The sizes of a published model."""
        state = self.state(**asdict(chosen(PRESETS, index).sizes(self.backend.describe())))
        return self.controls(state) | self.keep(session, self.run(state)) | {"notice": self.hint_of(index)}

    def example_of(self, state: OverviewState) -> int | None:
        models = self.backend.describe()
        return next((at for at, each in enumerate(PRESETS) if asdict(each.sizes(models)) == dict(state)), None)

    def cost_files(self, run: OverviewRun, state: OverviewState) -> Files:
        return Files.of_plot(lambda: render.costs_figure(run.sizes), "attention-cost", run.state)

    def saved_parts(self, run: OverviewRun) -> Iterable[object]:
        return [*super().saved_parts(run), render.costs_figure(run.sizes)]

    def call(self, state: OverviewState) -> object:
        found = costs(OverviewRun(state).sizes)
        return {
            name.lower().replace(" ", "_"): {
                "operations": cost.operations,
                "attention_map_bytes": cost.map_bytes,
                "memory_bytes": cost.memory,
            }
            for name, cost in found.items()
        }
