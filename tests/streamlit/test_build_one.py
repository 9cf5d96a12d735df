"""What visitors do on the page "Build one" of the Streamlit front end."""

from models.data.build_one import preset
from models.schema import AskBuildRequest, TrainBuildRequest
from tests.markup import Elements
from tests.streamlit.conftest import EveryTask
from tests.streamlit.visitor import alerts, markup, send, settled, view_of, visit


def test_trains_compares_and_classifies_a_drawing(backend: EveryTask) -> None:
    at = visit("build_one", steps="16")
    assert [type(request) for request in backend.requests] == [TrainBuildRequest]
    settled(at.button("build_one-submit").click().run())
    assert sum(request.steps for request in backend.requests) == 16
    assert not markup(at, "build_one-curves")["outdated"]
    settled(at.button("build_one-keep").click().run())
    assert len(Elements(markup(at, "build_one-comparison")["markup"]).of("tr")) == 2
    send(at, "build_one-sketch", "input", [[[0.5, 0.2], [0.5, 0.8]]])
    assert isinstance(backend.requests[-1], AskBuildRequest)
    assert Elements(markup(at, "build_one-answer")["markup"]).text.startswith("0")


def test_other_data_bring_parts_that_fit() -> None:
    at = visit("build_one")
    settled(at.radio("build_one-data").set_value("reverse").run())
    assert view_of(at, "build_one").state().build == preset("reverse")[0]
    assert not at.button("build_one-submit").disabled
    assert at.slider("build_one-letters").value == 12


def test_what_does_not_fit_is_refused_and_drawn_points_travel_in_the_link(backend: EveryTask) -> None:
    at = visit("build_one")
    settled(at.selectbox("build_one-preprocessor").set_value("multimodal").run())
    assert len(alerts(at)) == 1
    assert at.button("build_one-submit").disabled
    settled(at.radio("build_one-data").set_value("points").run())
    points = [[x / 10, side, side] for side in (0, 1) for x in range(8)]
    send(at, "build_one-points", "input", points)
    settled(at.button("build_one-submit").click().run())
    assert [list(point) for point in backend.requests[-1].build.points] == points
    assert "points" in at.query_params
