"""The page of fine-tuning in Gradio."""

import gradio as gr

from pages.fine_tuning.screen import BATCH_SIZES, DATASETS, LEARNING_RATES, FineTuningScreen
from pages.gradio_ui.bind import AT_ONCE, GPU, LAST, Options
from pages.gradio_ui.page import CSV_FILES, PageUi
from pages.gradio_ui.shell import Page
from pages.screen import PLOT_FILES

TRAINING: Options = {"concurrency_id": "training", "concurrency_limit": 8}
"""Not the lane of the GPU: while some visitors train, the others still get their results."""


def build(ui: PageUi[FineTuningScreen]) -> None:
    with gr.Row():
        with ui.inputs(scale=4):
            _dataset(ui)
        with gr.Column(scale=5, min_width=300):
            _training(ui)
    _test(ui)
    with ui.part("figure", gr.Column(visible=False)):
        ui.network()
    ui.save_menu("Save model and curves", ui.screen.model_files, (*PLOT_FILES, "zip", "ipynb"))
    ui.note("saving")
    with ui.section("Confusion matrix"):
        ui.markup_output("held_out")
        ui.save_menu("Save confusion matrix", ui.screen.confusion_files, name="confusion")
    ui.how_it_works()
    _bind(ui)


def _dataset(ui: PageUi[FineTuningScreen]) -> None:
    gr.Markdown("## 1. Dataset")
    ui.radio("example")
    with gr.Column(visible=False) as upload:
        ui.file_upload("file", "Table of texts and labels (CSV, Excel)", CSV_FILES)
        with gr.Row():
            for name in ("text_column", "label_column"):
                ui.dropdown(name, choices=[], value=None, interactive=False, min_width=140)
    ui.part("upload", upload)
    ui.notice("dataset_notice")
    ui.html("labels")
    with gr.Accordion("Rows", open=False, elem_id=ui.id("rows")):
        ui.html("preview")


def _training(ui: PageUi[FineTuningScreen]) -> None:
    gr.Markdown("## 2. Training")
    with gr.Row():
        ui.button("submit", "Fine-tune", variant="primary", scale=3)
        ui.stop_button()
    ui.notice()
    ui.markup_output("curves")
    ui.run_line()
    with gr.Accordion("Hyperparameters", open=False, elem_id=ui.id("hyperparameters")):
        with gr.Row():
            ui.slider("epochs", info=True, min_width=200)
            ui.dropdown("batch_size", choices=list(BATCH_SIZES), info=True, min_width=120)
            rates = [(f"{rate:g}", rate) for rate in LEARNING_RATES]
            ui.dropdown("learning_rate", choices=rates, info=True, min_width=120)
        with gr.Row():
            ui.checkbox("frozen", info=True, min_width=200)
            ui.number("seed", min_width=120)
        ui.weights()
    ui.note("limits")


def _test(ui: PageUi[FineTuningScreen]) -> None:
    gr.Markdown("## 3. Test")
    with gr.Row():
        with gr.Column(min_width=300):
            ui.part("text", gr.Textbox(DATASETS[0].unseen, label="New text", lines=2, elem_id=ui.id("text")))
            ui.button("test", "Classify", interactive=False)
            ui.notice("test_notice")
        with gr.Column(min_width=300):
            ui.markup_output("test_labels")
            ui.markup_output("test_strip", "Text, colored by attention")


def _bind(ui: PageUi[FineTuningScreen]) -> None:
    screen, made, parts, file = ui.screen, ui.made, ui.parts, ui.uploads["file"]
    binding = ui.bind()
    binding.on(made["example"].input, screen.choose_dataset, more={"file": file}, **LAST)
    binding.on([file.upload, file.clear], screen.choose_file, more={"file": file}, **LAST)
    columns = [made[name].input for name in ("text_column", "label_column")]
    binding.on(columns, screen.choose_columns, more={"file": file}, **LAST)
    begun = binding.on(parts["submit"].click, screen.begin, **AT_ONCE)
    binding.submit(begun.then, screen.submit, **TRAINING)
    binding.on(parts["stop"].click, screen.stop, **AT_ONCE)
    binding.on([parts["test"].click, parts["text"].submit], screen.classify, more={"text": parts["text"]}, **GPU)
    ui.intervene(binding)
    ui.open(binding)


PAGE = Page(FineTuningScreen, build, TRAINING)
