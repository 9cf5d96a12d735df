"""The overview in Streamlit."""

import streamlit as st

from pages.overview.screen import SLIDERS, WIDTHS, OverviewScreen
from pages.prose import EXPLANATIONS, NETWORK
from pages.streamlit_ui.page import PageUi
from pages.streamlit_ui.shell import Page
from pages.view import at_once


def build(ui: PageUi[OverviewScreen]) -> None:
    screen, static = ui.screen, ui.screen.static
    ui.static("idea", static["idea"])
    with ui.section("Try it", kind="doors"):
        ui.static("doors", static["lessons"] + static["doors"])
    with ui.section(NETWORK, kind="network"):
        ui.prose("example")
        ui.markup_output("network", "", "network.js", screen.intervene)
    with ui.section("What it costs", kind="cost"):
        ui.markup_output("summary")
        ui.examples(at_once(screen.choose_example), label="Published models")
        sliders, operations, memory = st.columns([1, 2, 2])
        with sliders:
            for name in SLIDERS:
                ui.log_slider(name, at_once(screen.submit))
            with ui.details("Widths"):
                for name in WIDTHS:
                    ui.log_slider(name, at_once(screen.submit))
            ui.notice()
        with operations:
            ui.chart_output("operations")
        with memory:
            ui.chart_output("memory")
        ui.markup_output("numbers")
        ui.save_menu("Save chart", screen.cost_files)
    with ui.details(EXPLANATIONS):
        ui.prose("explanations")
        ui.static("explanations", static["explanations"])
        ui.note("limits of explanations")
    with ui.details("Formulas"):
        ui.prose("formulas")


PAGE = Page(OverviewScreen, build, after_open=("show_figure",))
