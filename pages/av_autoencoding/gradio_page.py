"""The page of audio-video autoencoding in Gradio."""

import gradio as gr

from components.js import script
from components.render.architecture import av_autoencoding_architecture
from models.data.av_clip import LONGEST_SECONDS
from pages.av_autoencoding.model import label_control
from pages.av_autoencoding.screen import AvScreen
from pages.av_autoencoding.state import EXAMPLES, NAME
from pages.gradio_ui.api import api_function
from pages.gradio_ui.bind import AT_ONCE, EACH, GPU, LAST, Binding, Options, Parts
from pages.gradio_ui.saving import SaveButtons, save, save_buttons
from pages.gradio_ui.shell import Page, PageContext
from pages.gradio_ui.widgets import (
    RESULT,
    VIDEO_FILES,
    Widgets,
    comparison_output,
    file_upload,
    image_chips,
    image_output,
    map_controls,
    notice,
    run_line,
)
from pages.screen import PNG_SVG_NPZ
from pages.tracing import CAVEAT

LEAD = (
    "Reconstruct a clip with sound from a small set of latents: see and hear what they keep, mask a modality, and show "
    "which inputs a pixel, a moment of the sound, or the label attended to."
)
API = "Reconstruct a clip, video and sound, with a Perceiver, classify it, and return the attention behind one output."
UPLOADS = {"clip": 'Bytes of a video file (MP4, WebM, MOV, GIF, ...) in base64, with or without "data:...;base64,".'}
WEIGHTS = {
    "embedded": "Demo model (2.7 M, built in)",
    "published": "Original model (19.9 M, downloaded)",
}
FRAMES = "Top: the clip. Bottom: the reconstruction. **Click a pixel** to show its attention."
POINTING = """**Click a pixel** of a frame or **a moment** of the sound above to show its attention. Until then, this is
the attention of the most probable label."""
HOW = """The network has no separate parts for video and sound. Patches of frames and of sound, each with Fourier
position features and a few channels that mark its modality, form **one list of inputs**.

- The **encoder cross-attention** reads them into the **latents**, and the self-attention layers process only the
  latents. They are all that is kept of the clip.
- Each output has a **query**: a position in a frame or in the sound, or a vector of its own for the label. The
  **decoder** reads the latents with it and gives a patch of colors, some samples, or the scores of the labels.
  Positions are continuous, so queries can also lie **between the pixels** or between the frames.
- The **original model** reads 16 frames of 224x224 pixels and 0.64 s of sound, the **demo model** 16 frames of 48x48
  pixels and 1.02 s. Longer clips are split into windows, and each window is processed separately.
- The demo model was trained on drawn and spoken digits only. It reconstructs other clips as far as they resemble
  these."""
CLIPS: Options = {"concurrency_id": "clip", "concurrency_limit": 1}
"""A place in the queue of its own: a long clip does not keep the other pages from running models."""


def build(context: PageContext) -> None:
    screen = AvScreen(context.backend)
    widgets, shape = Widgets(screen), screen.shape(screen.initial.weights)
    parts: Parts = {}
    gr.Markdown(LEAD, elem_classes="lead")
    with gr.Row():
        with gr.Column(scale=4, min_width=280):
            clip = file_upload(f"Clip, up to {LONGEST_SECONDS} s", f"{NAME}-clip", VIDEO_FILES, EXAMPLES[0].file)
            with gr.Row():
                submit = gr.Button(
                    "Reconstruct", variant="primary", scale=3, min_width=140, elem_id=f"{NAME}-reconstruct"
                )
                parts["stop"] = gr.Button("Stop", interactive=False, scale=1, min_width=70, elem_id=f"{NAME}-stop")
            parts["notice"] = notice(NAME)
            chips = image_chips("Examples", [example.picture for example in EXAMPLES], f"{NAME}-examples")
            widgets.checkboxes("mask", info=True)
            widgets.dropdown("label", info=True, **label_control(shape, screen.initial).properties)
            widgets.radio("resolution")
            widgets.radio("weights", choices=[(label, value) for value, label in WEIGHTS.items()], min_width=200)
        with gr.Column(scale=9, min_width=300):
            _films(parts)
            parts["run_line"] = run_line(NAME)
            with gr.Row():
                parts["labels"] = image_output(f"{NAME}-labels")
                parts["scores"] = image_output(f"{NAME}-scores")
            clip_saving = save_buttons(NAME, (*PNG_SVG_NPZ, "mp4", "wav"))
    _frames_and_sound(widgets, parts)
    of_label, attention_saving = _attention(widgets, parts)
    with gr.Accordion("How it works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        parts["architecture"] = gr.HTML(av_autoencoding_architecture(shape), elem_classes="drawing")
    binding = Binding(screen, context.store, widgets.made, parts, uploads={"clip": clip})
    _bind(binding, screen, submit, chips)
    context.opens(binding, **CLIPS)
    _bind_attention(binding, screen, of_label)
    save(binding, clip_saving, screen.clip_files)
    save(binding, attention_saving, screen.attention_files)
    gr.api(api_function(screen, API, UPLOADS), api_name=NAME, **CLIPS)


def _films(parts: Parts) -> None:
    """The clip and its reconstruction, which play in step."""
    with gr.Row(elem_classes="in-step", elem_id=f"{NAME}-films"):
        for part, label in (("original", "Clip"), ("reconstruction", "Reconstruction")):
            parts[part] = gr.Video(
                label=label,
                interactive=False,
                loop=True,
                min_width=140,
                height=300,
                elem_id=f"{NAME}-{part}",
                elem_classes=RESULT,
            )
    gr.HTML("", js_on_load=script("in_step.js"), visible=True, elem_id=f"{NAME}-in-step")


def _frames_and_sound(widgets: Widgets, parts: Parts) -> None:
    gr.Markdown("### Frames")
    gr.Markdown(FRAMES, elem_classes="note")
    widgets.slider("frame", maximum=2, interactive=False)
    parts["strip"] = image_output(f"{NAME}-strip")
    parts["comparison"] = comparison_output(f"{NAME}-comparison")
    gr.Markdown("### Sound")
    parts["sound"] = image_output(f"{NAME}-sound")


def _attention(widgets: Widgets, parts: Parts) -> tuple[gr.Button, SaveButtons]:
    gr.Markdown("### Attention")
    gr.Markdown(POINTING, elem_classes="note")
    with gr.Row():
        widgets.radio("method", scale=3, min_width=260)
        of_label = gr.Button(
            "Show attention of the label", size="sm", scale=1, min_width=120, elem_id=f"{NAME}-of-label"
        )
        map_controls(widgets)
    parts["attention"] = image_output(f"{NAME}-attention")
    saving = save_buttons(f"{NAME}-attention")
    gr.Markdown(CAVEAT, elem_classes="note")
    return of_label, saving


def _bind(binding: Binding, screen: AvScreen, submit: gr.Button, chips: gr.Dataset) -> None:
    waiting = binding.on([submit.click, binding.uploads["clip"].upload], screen.wait, **AT_ONCE)
    chosen = binding.on(chips.click, screen.choose_example, more={"index": chips}, **AT_ONCE)
    for event in (waiting, chosen):
        binding.submit(event.then, screen.submit, **LAST, **CLIPS)
    binding.on(binding.parts["stop"].click, screen.stop, **AT_ONCE)
    binding.on(binding.widgets["weights"].input, screen.choose_weights)


def _bind_attention(binding: Binding, screen: AvScreen, of_label: gr.Button) -> None:
    made, parts = binding.widgets, binding.parts
    binding.on(made["frame"].input, screen.choose_frame, **LAST)
    binding.on(parts["strip"].select, screen.select_pixel, data=("row", "column"), **EACH, **GPU)
    binding.on(parts["sound"].select, screen.select_sample, data=("column",), **EACH, **GPU)
    binding.on(of_label.click, screen.select_label, **EACH, **GPU)
    binding.on(made["method"].input, screen.trace, **EACH, **GPU)
    binding.on(made["scale"].input, screen.rescale, **EACH, **GPU)


PAGE = Page(NAME, "Audio-video autoencoding", build)
