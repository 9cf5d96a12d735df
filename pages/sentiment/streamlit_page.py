"""The page of sentiment in Streamlit."""

import streamlit as st

from pages.prose import ATTENTION
from pages.sentiment.screen import SentimentScreen
from pages.sentiment.table import TableScreen
from pages.streamlit_ui.page import CSV_FILES, PageUi
from pages.streamlit_ui.shell import Page
from pages.view import at_once


def build(ui: PageUi[SentimentScreen]) -> None:
    screen = ui.screen
    classify = (at_once(screen.begin), screen.submit, screen.leave_out_words)
    ui.examples(at_once(screen.choose_example), screen.submit, screen.leave_out_words)
    inputs, results = st.columns(2)
    with inputs:
        ui.text("text", height=140)
        ui.run_button("classify", "Classify", *classify)
        ui.notice()
        with ui.settings():
            ui.weights()
            ui.checkbox("occlude")
    with results:
        ui.markup_output("labels")
        ui.markup_output("strip", "Text, colored by attention")
        ui.run_line()
    ui.network(screen.intervene)
    with ui.details(ATTENTION):
        ui.trace_controls(screen.leave_out_words)
        ui.plot_output("attention")
        ui.attention_footer(screen.attention_files)
    with ui.section("Leave-one-out word importance", "leave-one-out"):
        ui.radio("importance_unit")
        ui.markup_output("occlusion")
        ui.save_menu("Save word importance", screen.occlusion_files)
    ui.faithfulness(screen.measure_faithfulness, screen.randomize_weights, screen.attribution_files)
    with ui.details("Classify a table of texts"):
        ui.note("table")
        _table(ui)
    ui.how_it_works()


def _table(ui: PageUi[SentimentScreen]) -> None:
    """The model is that of the page around it."""
    table = ui.inner(TableScreen(ui.screen.backend), uploads=("file",))
    table.view.values["weights"] = ui.view.values["weights"]
    left, right = st.columns(2)
    with left:
        table.file_upload("file", "Table of texts (CSV, Excel)", CSV_FILES, table.screen.choose_file)
    with right:
        table.dropdown("column", choices=[], interactive=False)
        table.button("submit", "Classify all", table.screen.submit, interactive=False, type="primary")
        table.stop_button(table.screen.stop)
        table.notice()
    table.markup_output("table")
    table.save_menu("Save table", table.screen.table_files)


PAGE = Page(SentimentScreen, build, after_open=("leave_out_words",))
