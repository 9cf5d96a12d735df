"""The page of optical flow in Gradio."""

import gradio as gr

from components.render.architecture import optical_flow_architecture
from pages.gradio_ui.api import api_function
from pages.gradio_ui.bind import AT_ONCE, EACH, GPU, LAST, QUIET, Binding, Event, Options, Parts
from pages.gradio_ui.saving import save, save_buttons
from pages.gradio_ui.shell import Page, PageContext
from pages.gradio_ui.widgets import (
    VIDEO_FILES,
    Widgets,
    comparison_output,
    file_upload,
    image_chips,
    image_output,
    image_upload,
    map_controls,
    notice,
    run_line,
)
from pages.optical_flow.clip import ClipActions
from pages.optical_flow.screen import EXAMPLES, FRAMES_TAB, NAME, OpticalFlowScreen, step_choices
from pages.screen import PNG_SVG_NPZ
from pages.tracing import CAVEAT

LEAD = "Estimate the motion between two frames, check the estimate, and see which pixels it attended to."
API = """Estimate optical flow between two frames with a Perceiver, and return the attention behind one pixel's motion.

Returns flo (a .flo file in base64: pixels, x right, y down), width, height, mean and largest (lengths of the motion in
pixels), vector (motion of the traced pixel), attention, trace (sizes at which the frames were read, what each added,
and the area that the attention covers), run."""
FRAME = 'a frame (PNG, JPEG, WebP, ...) in base64, with or without "data:...;base64,".'
UPLOADS = {"first": f"Bytes of {FRAME}", "second": f"The frame after it, of the same size: bytes of {FRAME}"}
WEIGHTS = {"embedded": "Demo model (2.4 M, built in)", "published": "Original model (41 M, downloaded)"}
POINTING = """### Attention
**Click a pixel** in one of the images at the top to see where it moves and what that prediction attended to."""
HOW = """Nothing in the network is specific to motion. Both frames become one list of inputs: each input holds what both
frames show at one position, and the Fourier features of that position.

- The **original model** has one input per pixel, with its 3x3 neighborhood in both frames. It reads 368x496 pixels at
  once; larger frames are split into overlapping tiles, and the results are blended.
- The **demo model** has one input per 4x4 patch, with the 12x12 pixels around it in both frames. It only sees motions
  of a few pixels, so it reads the frames at a small size first and then at larger sizes. Each time, the second frame is
  warped back by the flow so far, and the model estimates what is left.

The **encoder cross-attention** reads all inputs into the **latents**, and the self-attention layers process only the
latents. In the **decoder**, each input is also a **query**: it attends to the latents and becomes the motion at its
position."""


def build(context: PageContext) -> None:
    screen = OpticalFlowScreen(context.backend)
    widgets = Widgets(screen)
    parts: Parts = {}
    gr.Markdown(LEAD, elem_classes="lead")
    with gr.Row():
        with gr.Column(scale=4, min_width=280):
            _inputs(widgets, parts)
        with gr.Column(scale=9, min_width=300):
            parts["motion"] = image_output(f"{NAME}-motion")
            parts["run_line"] = run_line(NAME)
            flow_saving = save_buttons(NAME, (*PNG_SVG_NPZ, "flo"))
            _film(parts)
    parts["check"] = comparison_output(f"{NAME}-check")
    gr.Markdown(POINTING)
    with gr.Row():
        widgets.radio("method", scale=3, min_width=260)
        widgets.dropdown("step", choices=step_choices(()), interactive=False, scale=2, min_width=160)
        map_controls(widgets)
    parts["attention"] = image_output(f"{NAME}-attention")
    attention_saving = save_buttons(f"{NAME}-attention")
    gr.Markdown(CAVEAT, elem_classes="note")
    with gr.Accordion("How it works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        shape = screen.shape(screen.initial.weights)
        parts["architecture"] = gr.HTML(optical_flow_architecture(shape), elem_classes="drawing")
    frames = {name: parts.pop(name) for name in ("first", "second")}
    binding = Binding(screen, context.store, widgets.made, parts, uploads=frames)
    _bind(binding, screen, ClipActions(screen), context)
    save(binding, flow_saving, screen.flow_files)
    save(binding, attention_saving, screen.attention_files)
    gr.api(api_function(screen, API, UPLOADS), api_name=NAME, **GPU)


def _inputs(widgets: Widgets, parts: Parts) -> None:
    example = EXAMPLES[0]
    with gr.Tabs() as parts["source"]:
        with gr.Tab("Two frames", id=FRAMES_TAB):
            with gr.Row():
                parts["first"] = image_upload(example.first, "First", f"{NAME}-first", 170)
                parts["second"] = image_upload(example.second, "Second", f"{NAME}-second", 170)
            parts["submit"] = gr.Button("Estimate flow", variant="primary", elem_id=f"{NAME}-submit")
        with gr.Tab("Clip", id=f"{NAME}-clip-tab"):
            _clip_inputs(parts)
    parts["notice"] = notice(NAME)
    images = [each.first for each in EXAMPLES]
    parts["examples"] = image_chips("Examples, rendered with ground truth", images, f"{NAME}-examples")
    widgets.dropdown("baseline")
    widgets.radio("weights", choices=[(label, value) for value, label in WEIGHTS.items()], min_width=200)
    with gr.Accordion("Ground truth", open=False, elem_id=f"{NAME}-truth-section"):
        parts["truth"] = file_upload(".flo, or KITTI's 16-bit PNG", f"{NAME}-truth", [".flo", ".png"], example.truth)


def _clip_inputs(parts: Parts) -> None:
    parts["clip"] = file_upload("Clip: MP4, WebM, MOV, GIF, …", f"{NAME}-clip", VIDEO_FILES)
    parts["sample"] = gr.Button("Use the sample clip (25 frames)", size="sm", elem_id=f"{NAME}-sample")
    parts["clip_notice"] = notice(NAME, "clip-notice")
    for name, label in (("start", "First frame"), ("distance", "Frame distance")):
        parts[name] = gr.Slider(1, 2, 1, step=1, label=label, interactive=False, elem_id=f"{NAME}-{name}")
    with gr.Row():
        parts["make_film"] = gr.Button(
            "Flow of the whole clip", size="sm", interactive=False, elem_id=f"{NAME}-make-film", min_width=120
        )
        parts["stop"] = gr.Button("Stop", size="sm", interactive=False, elem_id=f"{NAME}-stop", min_width=80)


def _film(parts: Parts) -> None:
    parts["film"] = gr.Video(label="Clip and its flow", visible=False, elem_id=f"{NAME}-film", autoplay=True, loop=True)
    legend = '<div class="picture-block">${value}</div>'
    parts["legend"] = gr.HTML(html_template=legend, elem_id=f"{NAME}-film-legend", apply_default_css=False)


def _bind(binding: Binding, screen: OpticalFlowScreen, clips: ClipActions, context: PageContext) -> None:
    made, parts = binding.widgets, binding.parts
    busy: Options = {"show_progress": "full", "show_progress_on": parts["motion"], **LAST, **GPU}
    submits = [parts["submit"].click, parts["truth"].upload, parts["truth"].clear]
    opened = context.opens(binding, **GPU)
    estimated = [
        opened,
        binding.submit(submits, screen.submit, more={"truth": parts["truth"]}, **busy),
        binding.on(parts["examples"].click, screen.choose_example, more={"index": parts["examples"]}, **busy),
        binding.on(made["baseline"].input, screen.compare, **busy),
        *_bind_clip(binding, clips, busy),
    ]
    for event in estimated:
        binding.on(event.then, screen.check, **GPU)
    binding.on(opened.then, clips.restore)
    binding.on([parts["submit"].click, parts["examples"].click], clips.clear_film, **AT_ONCE)
    binding.on(parts["motion"].select, screen.select_pixel, data=("row", "column"), **EACH, **GPU)
    binding.on([made["method"].input, made["step"].input], screen.trace, **EACH, **GPU)
    binding.on(made["scale"].input, screen.rescale, **EACH, **GPU)
    binding.on(made["weights"].input, screen.choose_weights)
    frames = [component.input for component in binding.uploads.values()]
    gr.on(frames, None, None, parts["notice"], js="() => ['']", **QUIET)


def _bind_clip(binding: Binding, clips: ClipActions, busy: Options) -> list[Event]:
    """Returns the events after which there is another result."""
    parts = binding.parts
    pair = {"start": parts["start"], "distance": parts["distance"]}
    queued = binding.on(parts["make_film"].click, clips.queue_film, **AT_ONCE)
    # In a lane of its own: the model stays free for others meanwhile.
    film_lane: Options = {"concurrency_id": "film", "concurrency_limit": 1}
    binding.on(queued.then, clips.make_film, more=pair, **film_lane)
    binding.on(parts["stop"].click, clips.stop_film, **AT_ONCE)
    return [
        binding.on(parts["clip"].upload, clips.open, more={"clip": parts["clip"]}, **busy),
        binding.on(parts["sample"].click, clips.open_sample, **busy),
        # One event for each slider: a change of one while the other is handled must not be lost.
        *(binding.on(slider.input, clips.pick, more=pair, **busy) for slider in pair.values()),
    ]


PAGE = Page(NAME, "Optical flow", build)
