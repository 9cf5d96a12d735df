"""The page of sentiment in Gradio."""

import gradio as gr

from components.render.architecture import sentiment_architecture
from models.data.csv_table import MAX_ROWS
from pages.gradio_ui.api import api_function
from pages.gradio_ui.bind import AT_ONCE, EACH, GPU, LAST, Binding, Options, Parts
from pages.gradio_ui.saving import SaveButtons, save, save_buttons
from pages.gradio_ui.shell import Page, PageContext
from pages.gradio_ui.trace import trace_section
from pages.gradio_ui.widgets import (
    CSV_FILES,
    Widgets,
    file_upload,
    markup_output,
    notice,
    run_line,
    title_chips,
    unit_choice,
)
from pages.sentiment.screen import EXAMPLES, NAME, SentimentScreen
from pages.sentiment.table import TableScreen
from pages.tracing import CAVEAT

LEAD = "Is this text positive or negative? A byte-level Perceiver classifies it and shows which words mattered."
API = "Classify the sentiment of a text with a Perceiver, and return the attention and the importance of each word."
WEIGHTS = {"embedded": "Demo model (4.8 M, built in)", "published": "Original model (206 M, downloaded)"}
OCCLUSION = """Each word is left out in turn and the rest classified again. Compare the change in probability with the
attention on the word: a word with much attention need not matter to the result."""
TABLE = f"""A CSV file whose first row names the columns, with up to {MAX_ROWS:,} texts in one of them. The file is not
stored."""
HOW = """The text becomes UTF-8 bytes, one vector each with a learned position embedding. The **encoder
cross-attention** reads all bytes into a fixed number of **latents**, which go through self-attention layers. The
**decoder** reads them with a single learned **query**, and a linear layer gives a logit for each label.

- A text that is longer than the model reads is split into **overlapping windows**. Each window votes, and the result
  is the mean of the votes.
- The **demo model** was trained on film reviews and on what buyers say for and against products. It calls every other
  text positive or negative, too.
- **Attention** shows what the model read. **Leave-one-out importance** shows what the result depends on. They can
  disagree: whether attention explains a prediction is an open question."""


def build(context: PageContext) -> None:
    screen = SentimentScreen(context.backend)
    widgets, shape = Widgets(screen), screen.shape(screen.initial.weights)
    parts: Parts = {}
    gr.Markdown(LEAD, elem_classes="lead")
    chips = title_chips("Examples", [example.title for example in EXAMPLES], f"{NAME}-examples")
    with gr.Row():
        with gr.Column(min_width=320):
            classify = _inputs(widgets, parts)
        with gr.Column(min_width=320):
            parts["labels"] = markup_output(f"{NAME}-labels")
            parts["strip"] = markup_output(f"{NAME}-strip", label="Text, colored by attention")
            parts["run_line"] = run_line(NAME)
            unit_choice(widgets)
    section = trace_section(NAME, widgets, shape, CAVEAT)
    gr.Markdown("### Leave-one-out word importance")
    gr.Markdown(OCCLUSION, elem_classes="note")
    parts["occlusion"] = markup_output(f"{NAME}-occlusion")
    occlusion_saving = save_buttons(f"{NAME}-occlusion")
    with gr.Accordion("Classify a table of texts", open=False, elem_id=f"{NAME}-table"):
        _table(context, widgets.made["weights"])
    with gr.Accordion("How it works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        parts["architecture"] = gr.HTML(sentiment_architecture(shape), elem_classes="drawing")
    parts["attention"] = section.plot
    binding = Binding(screen, context.store, widgets.made, parts)
    _bind(binding, screen, context, classify, chips)
    save(binding, section.saving, screen.attention_files)
    save(binding, occlusion_saving, screen.occlusion_files)
    gr.api(api_function(screen, API), api_name=NAME, **GPU)


def _inputs(widgets: Widgets, parts: Parts) -> gr.Button:
    widgets.text("text", lines=4, max_lines=12)
    classify = gr.Button("Classify", variant="primary", elem_id=f"{NAME}-classify")
    parts["notice"] = notice(NAME)
    with gr.Row():
        widgets.radio("weights", choices=[(label, value) for value, label in WEIGHTS.items()], min_width=200)
        widgets.checkbox("occlude", info="One more forward pass per word; slow with the original model on a CPU.")
    return classify


def _bind(
    binding: Binding, screen: SentimentScreen, context: PageContext, classify: gr.Button, chips: gr.Dataset
) -> None:
    made, parts = binding.widgets, binding.parts
    busy: Options = {"show_progress": "full", "show_progress_on": parts["labels"], **GPU}
    chosen = binding.on(chips.click, screen.choose_example, more={"index": chips})
    results = [
        binding.submit([classify.click, made["text"].submit], screen.submit, **busy),
        binding.submit(chosen.then, screen.submit_example, **busy),
        context.opens(binding, **GPU),
        binding.on([made[name].input for name in ("method", "head", "latent")], screen.trace, **EACH, **GPU),
    ]
    for event in results:
        binding.on(event.then, screen.leave_out_words, **GPU)
    binding.on([made["unit"].input, made["scale"].input], screen.redraw, **EACH)
    binding.on(made["weights"].input, screen.choose_weights)


def _table(context: PageContext, weights: gr.Radio) -> None:
    screen = TableScreen(context.backend)
    widgets, parts = Widgets(screen), {}
    with gr.Column(elem_id=f"{screen.name}-page", elem_classes="section"):
        gr.Markdown(TABLE, elem_classes="note")
        with gr.Row():
            file = file_upload("Table of texts (CSV)", f"{screen.name}-file", CSV_FILES)
            widgets.dropdown("column", choices=[], value=None, interactive=False, allow_custom_value=True)
        with gr.Row():
            parts["submit"] = gr.Button(
                "Classify all", interactive=False, scale=3, elem_id=f"{screen.name}-submit", variant="primary"
            )
            parts["stop"] = gr.Button("Stop", interactive=False, scale=1, min_width=70, elem_id=f"{screen.name}-stop")
        parts["notice"] = notice(screen.name)
        parts["table"] = markup_output(f"{screen.name}-table")
        saving: SaveButtons = save_buttons(screen.name, ("csv",))
    binding = Binding(screen, context.store, {**widgets.made, "weights": weights}, parts, uploads={"file": file})
    binding.submit([file.upload, file.clear], screen.choose_file, **LAST)
    binding.submit(parts["submit"].click, screen.submit)
    binding.on(parts["stop"].click, screen.stop, **AT_ONCE)
    save(binding, saving, screen.files)
    context.opens(binding)


PAGE = Page(NAME, "Sentiment", build)
