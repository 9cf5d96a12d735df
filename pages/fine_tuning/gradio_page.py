"""The page of fine-tuning in Gradio."""

import gradio as gr

from models.data.csv_table import MAX_ROWS
from models.data.labeled_rows import MIN_LABELS, MAX_LABELS
from models.schema.fine_tuning import MAX_SECONDS, MAX_STEPS
from pages.fine_tuning.screen import BATCH_SIZES, DATASETS, LEARNING_RATES, NAME, FineTuningScreen
from pages.gradio_ui.api import api_function
from pages.gradio_ui.bind import AT_ONCE, GPU, LAST, Binding, Options, Parts
from pages.gradio_ui.saving import save, save_buttons
from pages.gradio_ui.shell import Page, PageContext
from pages.gradio_ui.widgets import CSV_FILES, Widgets, file_upload, markup_output, notice, run_line
from pages.screen import PNG_SVG_NPZ

LEAD = "Fine-tune a Perceiver on your own labeled texts, watch it learn, and try it on new ones."
API = (
    "Fine-tune a Perceiver to tell texts apart by rows with labels, and classify new texts with it. Nothing is kept "
    "after the call."
)
WEIGHTS = {
    "embedded": "Demo model (4.8 M, built in)",
    "published": "Original model (206 M, downloaded; encoder frozen)",
}
LIMITS = f"""At most {MAX_ROWS:,} rows, {MIN_LABELS} to {MAX_LABELS} labels, {MAX_STEPS:,} steps and
{MAX_SECONDS / 60:.0f} minutes. **Private to your session; deleted soon after you leave.** Save the model below to keep
it."""
SAVING = """PNG, SVG and NPZ: the learning curves. ZIP: the model, as a folder that `from_pretrained` of transformers
loads. IPYNB: a notebook that does so."""
HOW = """Training starts from a model that was trained on English text and knows its words. It gets a new output layer
for your labels; all other weights start as they are.

- Each **step** computes the **loss** (mean cross-entropy, in nats) of one batch and updates the weights. An **epoch**
  is one pass over the training rows.
- A fifth of each label is **held out** and never trained on. The validation accuracy on these rows shows whether the
  model generalizes or only memorizes: watch the two curves part in a long training.
- The dashed line is the accuracy of always predicting the most common label.
- **With a frozen encoder** only the decoder is trained. That is faster, because each row is encoded once, and often
  less accurate.
- The same rows, hyperparameters and seed give the same model."""
TRAINING: Options = {"concurrency_id": "training", "concurrency_limit": 2}
"""Not the lane of the GPU: while some visitors train, the others still get their results."""


def build(context: PageContext) -> None:
    screen = FineTuningScreen(context.backend)
    widgets, parts = Widgets(screen), {}
    gr.Markdown(LEAD, elem_classes="lead")
    with gr.Row():
        with gr.Column(scale=4, min_width=300):
            file = _dataset(widgets, parts)
        with gr.Column(scale=5, min_width=300):
            _training(widgets, parts)
    _test(parts)
    gr.Markdown("### Confusion matrix")
    parts["held_out"] = markup_output(f"{NAME}-held-out")
    confusion = save_buttons(f"{NAME}-confusion")
    gr.Markdown("### Save the model")
    saving = save_buttons(NAME, (*PNG_SVG_NPZ, "zip", "ipynb"))
    gr.Markdown(SAVING, elem_classes="note")
    with gr.Accordion("How it works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
    binding = Binding(screen, context.store, widgets.made, parts, uploads={"file": file})
    _bind(binding, screen)
    context.opens(binding)
    save(binding, saving, screen.files)
    save(binding, confusion, screen.confusion_files)
    gr.api(api_function(screen, API), api_name=NAME, **TRAINING)


def _dataset(widgets: Widgets, parts: Parts) -> gr.File:
    gr.Markdown("### 1. Dataset")
    widgets.radio("example")
    with gr.Column(visible=False) as upload:
        file = file_upload("Table of texts and labels (CSV)", f"{NAME}-file", CSV_FILES)
        with gr.Row():
            for name in ("text_column", "label_column"):
                widgets.dropdown(name, choices=[], value=None, interactive=False, min_width=140)
    parts["upload"] = upload
    parts["dataset_notice"] = notice(NAME, "dataset-notice")
    parts["labels"] = gr.HTML(elem_id=f"{NAME}-labels", apply_default_css=False)
    with gr.Accordion("Rows", open=False, elem_id=f"{NAME}-rows"):
        parts["preview"] = gr.HTML(elem_id=f"{NAME}-preview", apply_default_css=False)
    return file


def _training(widgets: Widgets, parts: Parts) -> None:
    gr.Markdown("### 2. Training")
    with gr.Row():
        parts["submit"] = gr.Button("Fine-tune", variant="primary", scale=3, elem_id=f"{NAME}-submit")
        parts["stop"] = gr.Button("Stop", interactive=False, scale=1, min_width=70, elem_id=f"{NAME}-stop")
    parts["notice"] = notice(NAME)
    parts["curves"] = markup_output(f"{NAME}-curves")
    parts["run_line"] = run_line(NAME)
    with gr.Accordion("Hyperparameters", open=False, elem_id=f"{NAME}-hyperparameters"):
        with gr.Row():
            widgets.slider("epochs", info=True, min_width=200)
            widgets.dropdown("batch_size", choices=list(BATCH_SIZES), info=True, min_width=120)
            rates = [(f"{rate:g}", rate) for rate in LEARNING_RATES]
            widgets.dropdown("learning_rate", choices=rates, info=True, min_width=120)
        with gr.Row():
            widgets.checkbox("frozen", info=True, min_width=200)
            widgets.number("seed", min_width=120)
        widgets.radio("weights", choices=[(label, value) for value, label in WEIGHTS.items()])
    gr.Markdown(LIMITS, elem_classes="note")


def _test(parts: Parts) -> None:
    gr.Markdown("### 3. Test")
    with gr.Row():
        with gr.Column(min_width=300):
            parts["text"] = gr.Textbox(DATASETS[0].unseen, label="New text", lines=2, elem_id=f"{NAME}-text")
            parts["test"] = gr.Button("Classify", interactive=False, elem_id=f"{NAME}-test")
            parts["test_notice"] = notice(NAME, "test-notice")
        with gr.Column(min_width=300):
            parts["test_labels"] = markup_output(f"{NAME}-test-labels")
            parts["test_strip"] = markup_output(f"{NAME}-test-strip", label="Text, colored by attention")


def _bind(binding: Binding, screen: FineTuningScreen) -> None:
    made, parts, file = binding.widgets, binding.parts, binding.uploads["file"]
    binding.on(made["example"].input, screen.choose_dataset, more={"file": file}, **LAST)
    binding.on([file.upload, file.clear], screen.choose_file, more={"file": file}, **LAST)
    columns = [made[name].input for name in ("text_column", "label_column")]
    binding.on(columns, screen.choose_columns, more={"file": file}, **LAST)
    begun = binding.on(parts["submit"].click, screen.begin, **AT_ONCE)
    binding.submit(begun.then, screen.submit, **TRAINING)
    binding.on(parts["stop"].click, screen.stop, **AT_ONCE)
    binding.on([parts["test"].click, parts["text"].submit], screen.classify, more={"text": parts["text"]}, **GPU)


PAGE = Page(NAME, "Fine-tuning", build)
