"""The overview: costs of the sizes that a visitor sets or chooses, and doors to all pages."""

import re
from dataclasses import replace

import pytest

from components.analysis.cost import Sizes, costs, growth
from components.charts import Chart
from components.words.numbers import memory, multiple, operations
from models.backend.shapes import recorded
from models.schema import EachLatent, InputError, MaskedBytesRequest
from pages.gradio_ui.pages import PAGES
from pages.overview.doors import LINES
from pages.overview.presets import PRESETS
from pages.overview.screen import OverviewScreen, OverviewState
from pages.session import Session
from tests.fake_backend import AnyShape, FakeBackend
from tests.markup import Elements
from tests.screens import test_masked_bytes
from tests.screens.test_network import staged


@pytest.fixture
def screen() -> OverviewScreen:
    return OverviewScreen(FakeBackend({}, recorded()))


def test_no_model_is_needed(screen: OverviewScreen, session: Session) -> None:
    for _ in screen.open(session, {}):
        pass
    assert session.get().state == screen.initial
    assert screen.backend.requests == []  # pyright: ignore[reportAttributeAccessIssue]


def test_the_first_sizes_are_those_of_the_first_preset(screen: OverviewScreen) -> None:
    assert screen.example_of(screen.initial) == 0


@pytest.mark.parametrize(("index", "inputs", "outputs"), [
    (0, 224 * 224, 1), (1, 2048, 2048), (2, 368 * 496, 368 * 496), (3, 52_097, 16 * 224 * 224 + 1920 + 1), (4, 1024, 1),
])  # fmt: skip
def test_a_preset_has_the_sizes_of_its_model(
    screen: OverviewScreen, session: Session, index: int, inputs: int, outputs: int
) -> None:
    update = screen.choose_example(session, screen.initial, index)
    assert (update["inputs"], update["outputs"]) == (inputs, outputs)
    state = session.get().state
    assert OverviewState.from_values(dict(state), screen.initial) == state  # within the bounds of the sliders
    numbers = [int(found.replace(",", "")) for found in re.findall(r"[\d,]+", PRESETS[index].title)]
    assert inputs in (*numbers, numbers[0] * numbers[-1])


def test_sentence_table_and_charts_show_the_arithmetic(screen: OverviewScreen, session: Session) -> None:
    state = screen.initial.changed(inputs=3000, latents=100, layers=7, outputs=50)
    update = screen.submit(session, state)
    assert isinstance(update, dict)
    sizes = Sizes(3000, 100, 7, 50, state.channels, state.input_channels, state.widening)
    found = costs(sizes)
    for name, times in growth(sizes, 8).items():
        assert re.search(rf"{name} (costs )?{re.escape(multiple(times))} times", Elements(update["summary"]).text)
    table = Elements(update["numbers"]).text
    for cost in found.values():
        assert operations(cost.operations) in table
        assert memory(cost.memory) in table
    chart = update["operations"]
    assert isinstance(chart, Chart)
    points = {trace["name"]: trace for trace in chart.data if trace["mode"] == "markers"}
    assert {name: trace["y"] for name, trace in points.items()} == {
        name: [cost.operations] for name, cost in found.items()
    }
    assert all(trace["x"] == [3000] for trace in points.values())


def test_charts_are_valid_for_plotly(screen: OverviewScreen) -> None:
    graph_objects = pytest.importorskip("plotly.graph_objects")
    update = screen.show(screen.run(screen.initial))
    for name in ("operations", "memory"):
        graph_objects.Figure(data=list(update[name].data), layout=update[name].layout)


def test_a_link_holds_what_was_changed(screen: OverviewScreen, session: Session) -> None:
    update = screen.submit(session, screen.initial.changed(inputs=4096))
    assert isinstance(update, dict)
    assert update["link"] == "inputs=4096"


def test_a_program_gets_numbers(screen: OverviewScreen) -> None:
    answer = screen.call(screen.initial)
    assert isinstance(answer, dict)
    found = costs(Sizes(**dict(screen.initial)))
    assert answer["perceiver_io"]["operations"] == found["Perceiver IO"].operations
    assert answer["transformer"]["memory_bytes"] == found["Transformer"].memory


def test_sizes_out_of_bounds_are_refused(screen: OverviewScreen) -> None:
    with pytest.raises(InputError, match="Inputs"):
        screen.state.from_values({"inputs": 1}, screen.initial)


def test_there_is_a_door_to_every_page_but_this_and_the_lessons(screen: OverviewScreen) -> None:
    links = [link["href"] for link in Elements(screen.static["doors"]).of("a")]
    assert links == list(LINES) == [page.name for page in PAGES if page.name not in ("overview", "lessons")]


def test_a_run_is_shown_once_the_model_is_there_and_its_latents_are_switched_off_on_request(session: Session) -> None:
    backend = FakeBackend({MaskedBytesRequest: staged(test_masked_bytes.answer)}, AnyShape(recorded()))
    screen = OverviewScreen(backend)
    for update in screen.open(session, {}):
        assert "network" not in update
    assert backend.requests == []  # the page does not wait for the model
    shown = screen.show_figure(session, screen.initial)
    assert backend.requests[-1].probe.without == ()
    for update in screen.intervene(session, screen.initial, "latents"):
        assert backend.requests[-1].probe.without == (EachLatent(),)
        before, after = (str(Elements(each["network"]).of("figure")[0]["data-maps"]) for each in (shown, update))
        assert '"without"' in after
        assert '"without"' not in before


def test_the_sentence_says_below_how_many_inputs_linear_layers_dominate(screen: OverviewScreen) -> None:
    text = Elements(screen.show(screen.run(screen.initial))["summary"]).text
    (even,) = re.findall(r"Below ([\d,]+) inputs", text)
    sizes = Sizes(**dict(screen.initial))
    alone = costs(replace(sizes, inputs=1))["Transformer"].operations
    for factor, pairs_dominate in ((0.9, False), (1.1, True)):
        inputs = round(factor * int(even.replace(",", "")))
        assert (costs(replace(sizes, inputs=inputs))["Transformer"].operations > 2 * inputs * alone) == pairs_dominate
