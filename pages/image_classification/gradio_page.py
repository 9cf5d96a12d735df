"""The page of image classification in Gradio."""

from functools import partial

import gradio as gr

from models.schema import Variant
from pages.gradio_ui.bind import EACH, GPU, LAST, Binding, busy
from pages.gradio_ui.page import PageUi
from pages.gradio_ui.shell import Page
from pages.image_classification.screen import EXAMPLES, VARIANTS, ImageClassificationScreen
from pages.prose import ATTENTION


def build(ui: PageUi[ImageClassificationScreen]) -> None:
    with gr.Row():
        with ui.inputs(scale=3):
            ui.image_upload("image", "Image", EXAMPLES[0].file)
            ui.button("classify", "Classify", variant="primary")
            ui.notice()
            ui.examples(pictures=[example.file for example in EXAMPLES])
            classes = gr.Markdown(ui.model["classes"], elem_classes="note", elem_id=ui.id("classes"))
            ui.part("classes", classes)
            with ui.settings():
                ui.weights()
                ui.dropdown("size", min_width=160)
        with ui.results(scale=9):
            with gr.Row():
                predictions = [ui.image_output(f"prediction_{variant}") for variant in VARIANTS]
            ui.run_line()
            ui.network("figure")
    with ui.section("Attention and position encodings", "attention"):
        ui.radio("sheet", container=False, show_label=False)
        with gr.Row():
            latents: dict[Variant, gr.HTML] = {variant: ui.latents_output(f"latents_{variant}") for variant in VARIANTS}
        ui.markup_output("positions")
    with ui.details(ATTENTION, "attention-details"):
        with gr.Row():
            ui.radio("method", scale=4, min_width=300)
            ui.map_controls()
        ui.attention_footer(ui.screen.attention_files)
    ui.faithfulness("baseline")
    ui.how_it_works()
    binding = ui.bind()
    _bind_inputs(ui, binding, predictions)
    ui.open(binding, **GPU)
    binding.trace()
    ui.intervene(binding)
    ui.measure(binding)
    binding.redraw(**GPU)
    binding.on([each.select for each in predictions], ui.screen.select_point, data=("row", "column"), **EACH, **GPU)
    for variant, maps in latents.items():
        select_latent = partial(ui.screen.select_latent, variant=variant)
        binding.on(maps.select, select_latent, data=("latent",), **EACH, **GPU)


def _bind_inputs(ui: PageUi[ImageClassificationScreen], binding: Binding, predictions: list[gr.HTML]) -> None:
    screen, parts, image, size = ui.screen, ui.parts, ui.uploads["image"], ui.made["size"]
    running = busy(*predictions) | LAST
    chosen = binding.on(parts["examples"].click, screen.choose_example, more={"index": parts["examples"]})
    binding.submit([image.input, size.input, parts["classify"].click], screen.submit, **running)
    binding.submit(chosen.then, screen.submit, **running)


PAGE = Page(ImageClassificationScreen, build)
