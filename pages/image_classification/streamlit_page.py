"""The page of image classification in Streamlit."""

from functools import partial

import streamlit as st

from pages.image_classification.screen import EXAMPLES, VARIANTS, ImageClassificationScreen
from pages.prose import ATTENTION
from pages.streamlit_ui.page import PageUi
from pages.streamlit_ui.shell import Page
from pages.view import at_once


def build(ui: PageUi[ImageClassificationScreen]) -> None:
    screen = ui.screen
    inputs, results = st.columns([3, 9])
    with inputs:
        _inputs(ui)
    with results:
        for variant, column in zip(VARIANTS, st.columns(len(VARIANTS)), strict=True):
            with column:
                ui.image_output(f"prediction_{variant}", screen.select_point)
        ui.run_line()
        ui.network(screen.intervene, "figure")
    with ui.section("Attention and position encodings", "attention"):
        ui.radio("sheet")
        for variant, column in zip(VARIANTS, st.columns(len(VARIANTS)), strict=True):
            with column:
                ui.latents_output(f"latents_{variant}", partial(screen.select_latent, variant=variant))
        ui.html("positions")
    with ui.details(ATTENTION):
        ui.radio("method")
        ui.map_controls()
        ui.attention_footer(screen.attention_files)
    ui.faithfulness(screen.measure_faithfulness, screen.randomize_weights, screen.attribution_files, "baseline")
    ui.how_it_works()


def _inputs(ui: PageUi[ImageClassificationScreen]) -> None:
    screen = ui.screen
    classify = (screen.submit,)
    ui.image_upload("image", "Image", *classify)
    ui.run_button("classify", "Classify", *classify)
    ui.notice()
    pictures = [example.file for example in EXAMPLES]
    ui.examples(at_once(screen.choose_example), *classify, pictures=pictures)
    st.caption(ui.parts["classes"])
    with ui.settings():
        ui.weights()
        ui.dropdown("size", steps=classify)


PAGE = Page(ImageClassificationScreen, build, uploads=("image",))
