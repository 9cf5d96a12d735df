"""The page of image classification in Gradio."""

from functools import partial
from typing import Any

import gradio as gr

from components.render.architecture import image_classification_architecture
from pages.gradio_ui.api import api_function
from pages.gradio_ui.bind import EACH, GPU, LAST, QUIET, Binding, Event, Options, Parts
from pages.gradio_ui.saving import save, save_buttons
from pages.gradio_ui.shell import Page, PageContext
from pages.gradio_ui.widgets import (
    Widgets,
    image_chips,
    image_output,
    image_upload,
    latents_output,
    map_controls,
    notice,
    run_line,
)
from pages.image_classification.screen import (
    EXAMPLES,
    NAME,
    VARIANTS,
    ImageClassificationScreen,
    known_classes,
    size_choices,
)
from pages.tracing import CAVEAT

LEAD = (
    "One image, three Perceivers with different position encodings: compare what they predict and which pixels they "
    "attended to."
)
API = "Classify an image with a Perceiver, and return the attention behind the most probable class."
UPLOADS = {"image": 'Bytes of an image file (PNG, JPEG, WebP, GIF, ...) in base64, with or without "data:...;base64,".'}
WEIGHTS = {
    "embedded": "Demo models (1.8 to 2.2 M, built in)",
    "published": "Original models (48 to 62 M, downloaded)",
}
POINTING = """**Click a point in an image** to see which latents attend to it. **Click a latent** to see what it attends
to."""
HOW = """The image becomes a list of inputs. A list has no order, so each input carries its position:

- **Learned positions**: one trained vector per pixel. In the demo model these vectors started as Fourier features, and
  its latents at one position each: a model this small takes too long to learn them from scratch.
- **Fourier positions**: sines and cosines of the pixel's row and column, at 64 frequencies each.
- **Convolution first**: a 7x7 convolution and max pooling reduce the image to fewer inputs with more channels, which
  get Fourier positions.

The **encoder cross-attention** reads all inputs into a fixed number of **latents**, and the self-attention layers
process only the latents. The **decoder** reads the scores of all classes with a single learned **query**, so the
attention is the same for every class."""


def build(context: PageContext) -> None:
    screen = ImageClassificationScreen(context.backend)
    widgets, shapes = Widgets(screen), screen.shapes(screen.initial.weights)
    parts: Parts = {}
    gr.Markdown(LEAD, elem_classes="lead")
    with gr.Row():
        with gr.Column(scale=3, min_width=280):
            image = image_upload(EXAMPLES[0].file, "Image", f"{NAME}-image")
            classify = gr.Button("Classify", variant="primary", elem_id=f"{NAME}-classify")
            parts["notice"] = notice(NAME)
            chips = image_chips("Examples", [example.file for example in EXAMPLES], f"{NAME}-examples")
            parts["classes"] = gr.Markdown(known_classes(shapes[0]), elem_classes="note", elem_id=f"{NAME}-classes")
            widgets.radio("weights", choices=[(label, value) for value, label in WEIGHTS.items()], min_width=200)
            widgets.dropdown("size", choices=size_choices(screen.initial.weights, shapes[0]), min_width=160)
        with gr.Column(scale=9, min_width=300):
            with gr.Row():
                predictions = [image_output(f"{NAME}-prediction-{variant}") for variant in VARIANTS]
            parts["run_line"] = run_line(NAME)
    gr.Markdown(f"### Attention\n{POINTING}", elem_classes="note")
    with gr.Row():
        widgets.radio("method", scale=4, min_width=300)
        map_controls(widgets)
    with gr.Row():
        latents = [latents_output(f"{NAME}-latents-{variant}") for variant in VARIANTS]
    saving = save_buttons(NAME)
    gr.Markdown(CAVEAT, elem_classes="note")
    with gr.Accordion("Position encodings", open=False, elem_id=f"{NAME}-positions") as positions:
        parts["positions"] = gr.HTML(apply_default_css=False)
    with gr.Accordion("How it works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        parts["architecture"] = gr.HTML(image_classification_architecture(shapes), elem_classes="drawing")
    for variant, prediction, maps in zip(VARIANTS, predictions, latents, strict=True):
        parts |= {f"prediction_{variant}": prediction, f"latents_{variant}": maps}
    binding = Binding(screen, context.store, widgets.made, parts, uploads={"image": image})
    answered = _bind_inputs(binding, screen, classify, chips, predictions)
    context.opens(binding, **GPU)
    _bind_attention(binding, screen)
    _bind_positions(binding, screen, positions, answered)
    save(binding, saving, screen.attention_files)
    gr.api(api_function(screen, API, UPLOADS), api_name=NAME, **GPU)


def _bind_inputs(
    binding: Binding, screen: ImageClassificationScreen, classify: gr.Button, chips: gr.Dataset, predictions: list[Any]
) -> list[Event]:
    """Returns the events after which there is another result."""
    image, size = binding.uploads["image"], binding.widgets["size"]
    busy: Options = {"show_progress": "full", "show_progress_on": predictions, **LAST, **GPU}
    submitted = binding.submit([image.input, size.input, classify.click], screen.submit, **busy)
    chosen = binding.on(chips.click, screen.choose_example, more={"index": chips})
    binding.on(binding.widgets["weights"].input, screen.choose_weights)
    return [submitted, binding.submit(chosen.then, screen.submit_example, **busy)]


def _bind_attention(binding: Binding, screen: ImageClassificationScreen) -> None:
    made, parts = binding.widgets, binding.parts
    binding.on(made["method"].input, screen.trace, **EACH, **GPU)
    binding.on(made["scale"].input, screen.rescale, **EACH, **GPU)
    points = [parts[f"prediction_{variant}"].select for variant in VARIANTS]
    binding.on(points, screen.select_point, data=("row", "column"), **EACH, **GPU)
    for variant in VARIANTS:
        select_latent = partial(screen.select_latent, variant=variant)
        binding.on(parts[f"latents_{variant}"].select, select_latent, data=("latent",), **EACH, **GPU)


def _bind_positions(
    binding: Binding, screen: ImageClassificationScreen, positions: gr.Accordion, answered: list[Event]
) -> None:
    """Position encodings are computed while their accordion is open."""
    opened = gr.State(False)
    positions.expand(lambda: True, None, opened, **QUIET)
    positions.collapse(lambda: False, None, opened, **QUIET)
    binding.on(positions.expand, screen.show_positions, **GPU)
    for event in answered:
        binding.on(event.then, screen.show_positions, more={"opened": opened}, **GPU)


PAGE = Page(NAME, "Image classification", build)
