"""The page "Build one" in Streamlit."""

import streamlit as st

from pages.build_one.screen import BuildOneScreen
from pages.build_one.state import BATCH_SIZES, CHANNEL_SIZES, DEVIATIONS, FEWEST_STEPS, HEAD_COUNTS, LEARNING_RATES
from pages.streamlit_ui.page import PageUi
from pages.streamlit_ui.shell import Page
from pages.view import Step, at_once

LANE = "building"


def build(ui: PageUi[BuildOneScreen]) -> None:
    screen = ui.screen
    ui.radio("data", steps=(at_once(screen.choose_data),))
    redesigned = {"steps": (at_once(screen.redesign),)}
    ui.slider("letters", **redesigned)
    ui.drawing("points", "points", at_once(screen.redesign))
    ui.text("table", height=120, **redesigned)
    ui.html("drawing")
    ui.notice("problems")
    parts, training = st.columns([4, 7])
    with parts, ui.settings():
        _parts(ui, redesigned)
    with training:
        _training(ui)
    if ui.visible("try", False):
        with ui.section("Try it", "try it", kind="try"):
            _own_input(ui)
    with ui.section("Compare", "compare", kind="compare"):
        _comparison(ui)
    with ui.section("Experiments", "experiments", kind="experiments"):
        _experiments(ui)
    with ui.details("Python code"):
        ui.code("code", "Builds and trains this model with torch and transformers")
    ui.save_menu("Save model and curves", screen.build_files)
    ui.note("limits")
    ui.how_it_works()


def _parts(ui: PageUi[BuildOneScreen], redesigned: dict) -> None:
    with st.expander("Inputs", expanded=True):
        ui.dropdown("preprocessor", **redesigned)
        for name in ("patch", "samples"):
            ui.slider(name, **redesigned)
        ui.radio("positions", **redesigned)
        ui.slider("bands", **redesigned)
        ui.radio("combine", **redesigned)
        ui.slider("input_channels", **redesigned)
    with st.expander("Latents", expanded=True):
        for name in ("latents", "layers", "blocks"):
            ui.slider(name, **redesigned)
        ui.dropdown("channels", choices=list(CHANNEL_SIZES), **redesigned)
        ui.dropdown("self_heads", choices=list(HEAD_COUNTS), **redesigned)
    with st.expander("Decoder"):
        ui.dropdown("decoder", **redesigned)
        ui.radio("query_positions", **redesigned)
        ui.checkbox("query_residual", **redesigned)
        ui.dropdown("postprocessor", **redesigned)
    with st.expander("Training and more"):
        ui.slider("steps", minimum=FEWEST_STEPS, step=10, **redesigned)
        ui.dropdown("learning_rate", choices=[(f"{rate:g}", rate) for rate in LEARNING_RATES], **redesigned)
        ui.dropdown("batch_size", choices=list(BATCH_SIZES), **redesigned)
        ui.number("seed", **redesigned)
        ui.dropdown("cross_heads", choices=list(HEAD_COUNTS), **redesigned)
        ui.dropdown("initial_std", choices=list(DEVIATIONS), **redesigned)
        ui.slider("widening", **redesigned)


def _training(ui: PageUi[BuildOneScreen]) -> None:
    screen = ui.screen
    begin = at_once(screen.begin)
    with st.container(horizontal=True):
        ui.run_button("submit", "Train", begin, Step(screen.submit, LANE))
        ui.button("stop", "Pause", at_once(screen.stop), interactive=False)
        ui.button("step", "Step", begin, Step(screen.advance, LANE))
        ui.button("reset", "Reset", Step(screen.reset, LANE))
    ui.notice()
    ui.markup_output("curves")
    ui.markup_output("examples", "Validation examples and predictions")
    ui.markup_output("latents_map", "What the first latents attend to in the first example")
    ui.run_line()


def _comparison(ui: PageUi[BuildOneScreen]) -> None:
    screen = ui.screen
    with st.container(horizontal=True, vertical_alignment="bottom"):
        ui.button("keep", "Keep this run", at_once(screen.keep_run))
        ui.button("clear", "Clear runs", at_once(screen.clear_runs))
        ui.dropdown("sweep")
        ui.button("run_sweep", "Sweep", at_once(screen.begin), Step(screen.run_sweep, LANE))
    ui.notice("comparison_notice")
    ui.html("comparison")


def _own_input(ui: PageUi[BuildOneScreen]) -> None:
    screen = ui.screen
    given, result = st.columns([2, 5])
    with given:
        ui.drawing("sketch", "sketch", screen.ask)
        ui.text("typed", label="Your input", height=68)
        ui.button("ask", "Predict", screen.ask)
        ui.notice("ask_notice")
    with result:
        ui.markup_output("answer")
        ui.markup_output("network", "", "network.js")


def _experiments(ui: PageUi[BuildOneScreen]) -> None:
    screen = ui.screen
    chosen, predicted = st.columns(2)
    with chosen:
        ui.dropdown("experiment", steps=(at_once(screen.choose_experiment),))
        ui.html("question")
    with predicted:
        ui.dropdown("prediction")
        ui.button("run_experiment", "Train all", at_once(screen.begin), Step(screen.run_experiment, LANE))
    ui.html("explanation")


PAGE = Page(BuildOneScreen, build, fields=("sketch", "typed"), lane=LANE)
