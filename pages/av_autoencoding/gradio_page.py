"""The page of audio-video autoencoding in Gradio."""

import gradio as gr

from components.js import script
from models.data.av_clip import LONGEST_SECONDS
from models.data.media.writing import SOUND_KINDS
from pages.av_autoencoding.screen import AvScreen
from pages.av_autoencoding.state import EXAMPLES
from pages.gradio_ui.bind import AT_ONCE, EACH, GPU, LAST, Options
from pages.gradio_ui.page import RESULT, VIDEO_FILES, PageUi
from pages.gradio_ui.shell import Page
from pages.prose import ATTENTION
from pages.screen import PLOT_FILES

CLIPS: Options = {"concurrency_id": "clip", "concurrency_limit": 1}
"""A place in the queue of its own: a long clip does not keep the other pages from running models."""


def build(ui: PageUi[AvScreen]) -> None:
    with gr.Row():
        with ui.inputs(scale=4):
            _inputs(ui)
        with ui.results(scale=9):
            _films(ui)
            with gr.Row():
                ui.image_output("labels")
                ui.image_output("scores")
            with gr.Row(elem_classes="result-line"):
                ui.run_line()
                ui.save_menu("Save reconstruction", ui.screen.clip_files, (*PLOT_FILES, "mp4", *SOUND_KINDS))
    with ui.settings(), gr.Row():
        ui.checkboxes("mask", info=True, min_width=200)
        ui.dropdown("label", info=True, min_width=200)
        ui.radio("resolution", min_width=200)
        ui.weights()
    ui.network()
    with ui.section("Frames", kind="frames"):
        ui.image_output("strip")
    with ui.details("Sound: waveforms and spectrograms", "sound-details"):
        ui.image_output("sound")
    with ui.details(ATTENTION, "attention-details"):
        ui.note("attention")
        with gr.Row():
            ui.radio("method", scale=3, min_width=260)
            ui.button("of_label", "Show attention of the label", size="sm", scale=1, min_width=120)
            ui.map_controls()
        ui.image_output("attention")
        ui.attention_footer(ui.screen.attention_files, "attention")
    with ui.details("Compare a frame with its reconstruction", "frame-details"):
        ui.slider("frame", maximum=2, interactive=False)
        ui.comparison_output("comparison")
    ui.how_it_works()
    _bind(ui)


def _inputs(ui: PageUi[AvScreen]) -> None:
    ui.file_upload("clip", f"Clip, up to {LONGEST_SECONDS} s", [*VIDEO_FILES, "audio"], EXAMPLES[0].file)
    with gr.Row():
        ui.button("reconstruct", "Reconstruct", variant="primary", scale=3, min_width=140)
        ui.stop_button()
    ui.notice()
    ui.examples(pictures=[example.picture for example in EXAMPLES])


def _films(ui: PageUi[AvScreen]) -> None:
    """The clip and its reconstruction, which play in step."""
    with gr.Row(elem_classes="in-step", elem_id=ui.id("films")):
        for part, label in (("original", "Clip"), ("reconstruction", "Reconstruction")):
            film = gr.Video(
                label=label,
                interactive=False,
                loop=True,
                min_width=140,
                height=190,
                elem_id=ui.id(part),
                elem_classes=RESULT,
            )
            ui.part(part, film)
    gr.HTML("", js_on_load=script("in_step.js"), visible=True, elem_id=ui.id("in_step"))


def _bind(ui: PageUi[AvScreen]) -> None:
    screen, parts = ui.screen, ui.parts
    binding = ui.bind()
    waiting = binding.on([parts["reconstruct"].click, ui.uploads["clip"].upload], screen.wait, **AT_ONCE)
    chosen = binding.on(parts["examples"].click, screen.choose_example, more={"index": parts["examples"]}, **AT_ONCE)
    for event in (waiting, chosen):
        binding.submit(event.then, screen.submit, **LAST, **CLIPS)
    binding.on(parts["stop"].click, screen.stop, **AT_ONCE)
    ui.open(binding, **CLIPS)
    binding.on(parts["strip"].select, screen.select_pixel, data=("row", "column"), **EACH, **GPU)
    binding.on(parts["sound"].select, screen.select_sample, data=("column",), **EACH, **GPU)
    binding.on(parts["of_label"].click, screen.select_label, **EACH, **GPU)
    binding.trace()
    binding.redraw(**GPU)


PAGE = Page(AvScreen, build, CLIPS)
