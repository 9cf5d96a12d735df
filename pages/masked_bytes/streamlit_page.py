"""The page of masked language modeling in Streamlit."""

import streamlit as st

from pages.masked_bytes.screen import MaskedBytesScreen, mask_spans
from pages.streamlit_ui.page import PageUi
from pages.streamlit_ui.shell import Page
from pages.view import at_once


def build(ui: PageUi[MaskedBytesScreen]) -> None:
    screen = ui.screen
    ui.examples(at_once(screen.choose_example), screen.submit)
    inputs, results = st.columns(2)
    with inputs:
        ui.text("text", height=90)
        ui.mask_strip("mask", "text")
        ui.run_button("fill", "Fill masks", screen.submit)
        ui.notice()
        with ui.settings():
            ui.radio("decoding")
            ui.weights()
            ui.slider("top_k")
    with results:
        ui.text_output("filled", "Filled text: click a byte to see its attention", screen.select_byte)
        ui.text_output("candidates", "Most probable bytes for each masked position", screen.select_byte)
        ui.run_line()
    ui.network(screen.intervene)
    with ui.section("Attention"):
        ui.trace_controls()
        ui.plot_output("attention")
        ui.attention_footer(screen.attention_files)
    ui.faithfulness(screen.measure_faithfulness, screen.randomize_weights, screen.attribution_files)
    ui.how_it_works()


PAGE = Page(MaskedBytesScreen, build, convert={"mask": mask_spans})
