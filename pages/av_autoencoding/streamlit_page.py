"""The page of audio-video autoencoding in Streamlit."""

import streamlit as st

from models.data.av_clip import LONGEST_SECONDS
from models.data.media.writing import SOUND_KINDS
from pages.av_autoencoding.screen import AvScreen
from pages.av_autoencoding.state import EXAMPLES
from pages.prose import ATTENTION
from pages.streamlit_ui.markup import show_markup
from pages.streamlit_ui.page import VIDEO_FILES, PageUi
from pages.streamlit_ui.shell import Page
from pages.view import Step, at_once


def build(ui: PageUi[AvScreen]) -> None:
    screen = ui.screen
    inputs, results = st.columns([4, 9])
    with inputs:
        _inputs(ui)
    with results:
        _films(ui)
        ui.run_line()
        for name, column in zip(("labels", "scores"), st.columns(2), strict=True):
            with column:
                ui.image_output(name)
        ui.save_menu("Save reconstruction", screen.clip_files)
    ui.network()
    with ui.section("Frames", kind="frames"):
        ui.image_output("strip", screen.select_pixel)
    with ui.details("Sound: waveforms and spectrograms"):
        ui.image_output("sound", screen.select_sample)
    with ui.details(ATTENTION):
        ui.note("attention")
        ui.radio("method")
        ui.button("of_label", "Show attention of the label", screen.select_label, width="content")
        ui.map_controls()
        ui.image_output("attention")
        ui.attention_footer(screen.attention_files)
    with ui.details("Compare a frame with its reconstruction"):
        ui.slider("frame", maximum=2, interactive=False)
        ui.comparison_output("comparison")
    ui.how_it_works()


def _inputs(ui: PageUi[AvScreen]) -> None:
    screen = ui.screen
    reconstruct = (at_once(screen.wait), Step(screen.submit, "clip"))
    ui.file_upload("clip", f"Clip, up to {LONGEST_SECONDS} s", (*VIDEO_FILES, *SOUND_KINDS, "mp3", "m4a"), *reconstruct)
    ui.run_button("reconstruct", "Reconstruct", *reconstruct)
    ui.stop_button(screen.stop)
    ui.notice()
    pictures = [example.picture for example in EXAMPLES]
    ui.examples(at_once(screen.choose_example), Step(screen.submit, "clip"), pictures=pictures)
    with ui.settings():
        ui.checkboxes("mask")
        ui.dropdown("label")
        ui.radio("resolution")
        ui.weights()


def _films(ui: PageUi[AvScreen]) -> None:
    """The clip and its reconstruction, which play in step."""
    with st.container(key="in-step-outdated" if ui.view.outdated else "in-step"):
        for name, column in zip(("original", "reconstruction"), st.columns(2), strict=True):
            with column:
                ui.film(name, "Clip" if name == "original" else "Reconstruction")
    show_markup(ui.key("in-step"), behavior="in_step.js")


PAGE = Page(AvScreen, build, uploads=("clip",), lane="clip")
