"""The page of fine-tuning in Streamlit."""

import streamlit as st

from pages.fine_tuning.screen import BATCH_SIZES, LEARNING_RATES, FineTuningScreen
from pages.streamlit_ui.page import CSV_FILES, PageUi
from pages.streamlit_ui.shell import Page
from pages.view import Step, at_once


def build(ui: PageUi[FineTuningScreen]) -> None:
    screen = ui.screen
    dataset, training = st.columns([4, 5])
    with dataset, ui.section("1. Dataset", kind="dataset"):
        _dataset(ui)
    with training, ui.section("2. Training", kind="training"):
        _training(ui)
    with ui.section("3. Test", kind="test"):
        _test(ui)
    if ui.visible("figure", False):
        ui.network(screen.intervene)
    ui.save_menu("Save model and curves", screen.model_files)
    ui.note("saving")
    if ui.parts.get("held_out"):
        with ui.section("Confusion matrix"):
            ui.markup_output("held_out")
            ui.save_menu("Save confusion matrix", screen.confusion_files)
    ui.how_it_works()


def _dataset(ui: PageUi[FineTuningScreen]) -> None:
    screen = ui.screen
    ui.radio("example", steps=(at_once(screen.choose_dataset),), horizontal=False)
    if ui.visible("upload", False):
        choose_file = at_once(screen.choose_file)
        ui.file_upload("file", "Table of texts and labels (CSV, Excel)", CSV_FILES, choose_file)
        for name in ("text_column", "label_column"):
            ui.dropdown(name, choices=[], interactive=False, steps=(at_once(screen.choose_columns),))
    ui.notice("dataset_notice")
    ui.html("labels")
    with ui.details("Rows"):
        ui.html("preview")


def _training(ui: PageUi[FineTuningScreen]) -> None:
    screen = ui.screen
    ui.run_button("submit", "Fine-tune", at_once(screen.begin), Step(screen.submit, "training"))
    ui.stop_button(screen.stop)
    ui.notice()
    ui.markup_output("curves")
    ui.run_line()
    with ui.details("Hyperparameters"):
        ui.slider("epochs")
        ui.dropdown("batch_size", choices=list(BATCH_SIZES))
        ui.dropdown("learning_rate", choices=[(f"{rate:g}", rate) for rate in LEARNING_RATES])
        ui.checkbox("frozen")
        ui.number("seed")
        ui.weights()
    ui.note("limits")


def _test(ui: PageUi[FineTuningScreen]) -> None:
    text, result = st.columns(2)
    with text:
        ui.text("text", label="New text", height=80)
        ui.button("test", "Classify", ui.screen.classify, interactive=False)
        ui.notice("test_notice")
    with result:
        ui.markup_output("test_labels")
        ui.markup_output("test_strip", "Text, colored by attention")


PAGE = Page(FineTuningScreen, build, uploads=("file",), fields=("text",))
