"""The page of text generation in Streamlit."""

import streamlit as st

from pages.prose import ATTENTION
from pages.streamlit_ui.page import PageUi
from pages.streamlit_ui.shell import Page
from pages.text_generation.screen import MAX_AT_ONCE, TextGenerationScreen
from pages.text_generation.state import STOP_STRINGS_HELP, stop_strings
from pages.view import Step, at_once


def build(ui: PageUi[TextGenerationScreen]) -> None:
    screen = ui.screen
    ui.examples(at_once(screen.choose_example), Step(screen.submit, "generation"), screen.finish)
    ui.notice("example_notice")
    inputs, results = st.columns(2)
    with inputs:
        _inputs(ui)
    with results:
        ui.text_output("text", "Generated text: click a token to see its attention", screen.select_token)
        ui.run_line()
        ui.markup_output("alternatives")
    ui.markup_output("comparison")
    ui.network()
    with ui.settings():
        _settings(ui)
    with ui.section("Attention"):
        ui.markup_output("attention", "Context, colored by attention")
    with ui.details(ATTENTION):
        ui.trace_controls(latents=False)
        ui.attention_footer(screen.attention_files)
    ui.how_it_works()


def _inputs(ui: PageUi[TextGenerationScreen]) -> None:
    screen = ui.screen
    begin, show_layout = at_once(screen.begin), (at_once(screen.show_layout),)
    ui.text("prompt", steps=show_layout, height=150)
    ui.run_button("generate", "Generate", begin, Step(screen.submit, "generation"), screen.finish)
    more, stop = st.columns(2)
    with more:
        continue_text = (begin, Step(screen.continue_text, "generation"), screen.finish)
        ui.button("continue", "Continue", *continue_text, interactive=False)
    with stop:
        ui.stop_button(screen.stop)
    ui.notice()
    ui.notice("progress")


def _settings(ui: PageUi[TextGenerationScreen]) -> None:
    show_layout = (at_once(ui.screen.show_layout),)
    left, right = st.columns(2)
    with left:
        ui.slider("num_latents", steps=show_layout)
        ui.html("layout")
    with right:
        ui.checkbox("compare")
        ui.slider("short_prefix")
        ui.checkbox("matching")
        ui.checkbox("truncate", steps=show_layout)
        with ui.details("Generation settings"):
            _generation_settings(ui)


def _generation_settings(ui: PageUi[TextGenerationScreen]) -> None:
    left, right = st.columns(2)
    with left:
        ui.slider("max_new_tokens", maximum=MAX_AT_ONCE)
        ui.slider("temperature")
        ui.number("top_k")
        ui.text("stop_strings", help=STOP_STRINGS_HELP, height=80)
    with right:
        ui.radio("do_sample")
        ui.slider("top_p")
        ui.number("seed")
        ui.weights()


PAGE = Page(TextGenerationScreen, build, convert={"stop_strings": stop_strings}, after_open=("submit_link", "finish"))
