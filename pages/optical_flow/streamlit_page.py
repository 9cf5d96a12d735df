"""The page of optical flow in Streamlit."""

import streamlit as st

from pages.optical_flow.clip import ClipActions
from pages.optical_flow.screen import EXAMPLES, FRAMES_TAB, OpticalFlowScreen
from pages.prose import ATTENTION
from pages.streamlit_ui.page import VIDEO_FILES, PageUi
from pages.streamlit_ui.shell import Page
from pages.view import Step, at_once

CLIP_TAB = "clip"


def build(ui: PageUi[OpticalFlowScreen]) -> None:
    screen = ui.screen
    inputs, results = st.columns([4, 9])
    with inputs:
        _inputs(ui, ClipActions(screen))
    with results:
        ui.image_output("motion", screen.select_pixel)
        ui.run_line()
        ui.save_menu("Save flow", screen.flow_files)
        ui.film("film", "Clip and its flow", autoplay=True)
        ui.markup_output("film_legend")
    ui.network()
    with ui.details(ATTENTION):
        ui.note("attention")
        ui.radio("method")
        ui.dropdown("step")
        ui.map_controls()
        ui.image_output("attention")
        ui.attention_footer(screen.attention_files)
    with ui.details("Checks: warp, end-point error, forward-backward consistency"):
        ui.comparison_output("check")
    ui.how_it_works()


def _inputs(ui: PageUi[OpticalFlowScreen], clips: ClipActions) -> None:
    screen, clear_film = ui.screen, at_once(clips.clear_film)
    estimate = (clear_film, screen.submit, screen.check)
    ui.radio("source", label="Input", choices=[("Two frames", FRAMES_TAB), ("Clip", CLIP_TAB)])
    if ui.view.values["source"] == CLIP_TAB:
        _clip_inputs(ui, clips)
    else:
        for name, column in zip(("first", "second"), st.columns(2), strict=True):
            with column:
                ui.image_upload(name, f"{name.capitalize()} frame")
        ui.run_button("submit", "Estimate flow", *estimate)
    ui.notice()
    pictures = [example.first for example in EXAMPLES]
    choose = (clear_film, screen.choose_example, screen.check)
    ui.examples(*choose, label="Examples, rendered with ground truth", pictures=pictures)
    with ui.settings():
        ui.dropdown("baseline", steps=(screen.compare, screen.check))
        ui.weights()
        with ui.details("Ground truth"):
            ui.file_upload("truth", ".flo, .pfm, or KITTI's 16-bit PNG", ("flo", "pfm", "png"), *estimate)


def _clip_inputs(ui: PageUi[OpticalFlowScreen], clips: ClipActions) -> None:
    check = ui.screen.check
    ui.file_upload("clip", "Clip: MP4, WebM, MOV, GIF, …", VIDEO_FILES, clips.open, check)
    ui.button("sample", "Use the sample clip (25 frames)", clips.open_sample, check)
    ui.notice("clip_notice")
    for name, label in (("start", "First frame"), ("distance", "Frame distance")):
        ui.slider(name, label=label, minimum=1, maximum=2, interactive=False, steps=(clips.pick, check))
    film = (at_once(clips.queue_film), Step(clips.make_film, "film"))
    ui.button("make_film", "Flow of the whole clip", *film, interactive=False)
    ui.stop_button(clips.stop_film)


PAGE = Page(
    OpticalFlowScreen,
    build,
    uploads=("first", "second"),
    fields=("truth", "clip", "start", "distance", "source"),
    after_open=("check",),
)
