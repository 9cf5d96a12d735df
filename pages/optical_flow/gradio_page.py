"""The page of optical flow in Gradio."""

import gradio as gr

from pages.gradio_ui.bind import AT_ONCE, EACH, GPU, LAST, Binding, Event, Options, busy
from pages.gradio_ui.page import VIDEO_FILES, PageUi
from pages.gradio_ui.shell import Page
from pages.optical_flow.clip import ClipActions
from pages.optical_flow.screen import EXAMPLES, FRAMES_TAB, OpticalFlowScreen, step_control
from pages.prose import ATTENTION
from pages.screen import PLOT_FILES

FILM_LANE: Options = {"concurrency_id": "film", "concurrency_limit": 1}
"""In a lane of its own: the model stays free for others meanwhile."""


def build(ui: PageUi[OpticalFlowScreen]) -> None:
    with gr.Row():
        with ui.inputs(scale=4):
            _inputs(ui)
        with ui.results(scale=9):
            ui.image_output("motion")
            with gr.Row(elem_classes="result-line"):
                ui.run_line()
                ui.save_menu("Save flow", ui.screen.flow_files, (*PLOT_FILES, "flo"))
            film = gr.Video(label="Clip and its flow", visible=False, elem_id=ui.id("film"), autoplay=True, loop=True)
            ui.part("film", film)
            ui.html("film_legend", html_template='<div class="picture-block">${value}</div>')
    ui.network()
    with ui.details(ATTENTION, "attention-details"):
        ui.note("attention")
        with gr.Row():
            ui.radio("method", scale=3, min_width=260)
            ui.dropdown("step", scale=2, min_width=160, **step_control(()).properties)
            ui.map_controls()
        ui.image_output("attention")
        ui.attention_footer(ui.screen.attention_files, "attention")
    with ui.details("Checks: warp, end-point error, forward-backward consistency", "checks"):
        ui.comparison_output("check")
    ui.how_it_works()
    _bind(ui, ClipActions(ui.screen))


def _inputs(ui: PageUi[OpticalFlowScreen]) -> None:
    example = EXAMPLES[0]
    with gr.Tabs() as source:
        with gr.Tab("Two frames", id=FRAMES_TAB):
            with gr.Row():
                ui.image_upload("first", "First", example.first, 170)
                ui.image_upload("second", "Second", example.second, 170)
            ui.button("submit", "Estimate flow", variant="primary")
        with gr.Tab("Clip", id=ui.id("clip_tab")):
            _clip_inputs(ui)
    ui.part("source", source)
    ui.notice()
    ui.examples("Examples, rendered with ground truth", [example.first for example in EXAMPLES])
    with ui.settings():
        ui.dropdown("baseline")
        ui.weights()
        with gr.Accordion("Ground truth", open=False, elem_id=ui.id("truth_section")):
            ui.file_part("truth", ".flo, .pfm, or KITTI's 16-bit PNG", [".flo", ".pfm", ".png"], example.truth)


def _clip_inputs(ui: PageUi[OpticalFlowScreen]) -> None:
    ui.file_part("clip", "Clip: MP4, WebM, MOV, GIF, …", VIDEO_FILES)
    ui.button("sample", "Use the sample clip (25 frames)", size="sm")
    ui.notice("clip_notice")
    for name, label in (("start", "First frame"), ("distance", "Frame distance")):
        ui.part(name, gr.Slider(1, 2, 1, step=1, label=label, interactive=False, elem_id=ui.id(name)))
    with gr.Row():
        ui.button("make_film", "Flow of the whole clip", size="sm", interactive=False, min_width=120)
        ui.stop_button(size="sm")


def _bind(ui: PageUi[OpticalFlowScreen], clips: ClipActions) -> None:
    screen, parts = ui.screen, ui.parts
    binding, running = ui.bind(), busy(parts["motion"]) | LAST
    submits = [parts["submit"].click, parts["truth"].upload, parts["truth"].clear]
    opened = ui.open(binding, **GPU)
    estimated = [
        opened,
        binding.submit(submits, screen.submit, more={"truth": parts["truth"]}, **running),
        binding.on(parts["examples"].click, screen.choose_example, more={"index": parts["examples"]}, **running),
        binding.on(ui.made["baseline"].input, screen.compare, **running),
        *_bind_clip(binding, clips, running),
    ]
    for event in estimated:
        binding.on(event.then, screen.check, **GPU)
    binding.on(opened.then, clips.restore)
    binding.on([parts["submit"].click, parts["examples"].click], clips.clear_film, **AT_ONCE)
    binding.on(parts["motion"].select, screen.select_pixel, data=("row", "column"), **EACH, **GPU)
    binding.trace()
    binding.redraw(**GPU)
    ui.clear_alert([component.input for component in ui.uploads.values()])


def _bind_clip(binding: Binding, clips: ClipActions, running: Options) -> list[Event]:
    """Returns the events after which there is another result."""
    parts = binding.parts
    pair = {"start": parts["start"], "distance": parts["distance"]}
    queued = binding.on(parts["make_film"].click, clips.queue_film, **AT_ONCE)
    binding.on(queued.then, clips.make_film, more=pair, **FILM_LANE)
    binding.on(parts["stop"].click, clips.stop_film, **AT_ONCE)
    return [
        binding.on(parts["clip"].upload, clips.open, more={"clip": parts["clip"]}, **running),
        binding.on(parts["sample"].click, clips.open_sample, **running),
        # One event for each slider: a change of one while the other is handled must not be lost.
        *(binding.on(slider.input, clips.pick, more=pair, **running) for slider in pair.values()),
    ]


PAGE = Page(OpticalFlowScreen, build)
