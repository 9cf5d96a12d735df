"""The page of sentiment in Gradio."""

import gradio as gr

from pages.gradio_ui.bind import AT_ONCE, GPU, LAST, busy
from pages.gradio_ui.page import CSV_FILES, PageUi
from pages.gradio_ui.shell import Page
from pages.prose import ATTENTION
from pages.sentiment.screen import SentimentScreen
from pages.sentiment.table import TableScreen


def build(ui: PageUi[SentimentScreen]) -> None:
    ui.examples()
    with gr.Row():
        with ui.inputs():
            _inputs(ui)
        with ui.results():
            ui.markup_output("labels")
            ui.markup_output("strip", "Text, colored by attention")
            ui.run_line()
    ui.network()
    with ui.details(ATTENTION, "attention-details"):
        ui.trace_controls()
        ui.plot_output("attention")
        ui.attention_footer(ui.screen.attention_files)
    with ui.section("Leave-one-out word importance", "leave-one-out"):
        ui.radio("importance_unit", info=True)
        ui.markup_output("occlusion")
        ui.save_menu("Save word importance", ui.screen.occlusion_files, name="occlusion")
    ui.faithfulness()
    with ui.details("Classify a table of texts", "table"):
        ui.note("table")
        _table(PageUi(TableScreen(ui.screen.backend), ui.app, ui.store), ui.made["weights"])
    ui.how_it_works()
    _bind(ui)


def _inputs(ui: PageUi[SentimentScreen]) -> None:
    ui.text("text", lines=2, max_lines=12)
    ui.button("classify", "Classify", variant="primary")
    ui.notice()
    with ui.settings(), gr.Row():
        ui.weights()
        ui.checkbox("occlude", info="One more forward pass per word; slow with the original model on a CPU.")


def _bind(ui: PageUi[SentimentScreen]) -> None:
    screen, parts, made = ui.screen, ui.parts, ui.made
    binding, running = ui.bind(), busy(parts["labels"])
    begun = binding.on([parts["classify"].click, made["text"].submit], screen.begin, **AT_ONCE)
    chosen = binding.on(parts["examples"].click, screen.choose_example, more={"index": parts["examples"]}, **AT_ONCE)
    results = [
        binding.submit(begun.then, screen.submit, **running),
        binding.submit(chosen.then, screen.submit, **running),
        ui.open(binding, **GPU),
        binding.trace(),
    ]
    for event in results:
        binding.on(event.then, screen.leave_out_words, **GPU)
    ui.intervene(binding)
    ui.measure(binding)
    binding.redraw()


def _table(ui: PageUi[TableScreen], weights: gr.Radio) -> None:
    """weights: the choice of the page around it."""
    ui.add("weights", weights)
    with gr.Column(elem_id=ui.id("page"), elem_classes="section"):
        with gr.Row():
            file = ui.file_upload("file", "Table of texts (CSV, Excel)", CSV_FILES)
            ui.dropdown("column", choices=[], value=None, interactive=False, allow_custom_value=True)
        with gr.Row():
            submit = ui.button("submit", "Classify all", interactive=False, scale=3, variant="primary")
            stop = ui.stop_button()
        ui.notice()
        ui.markup_output("table")
        ui.save_menu("Save table", ui.screen.table_files, ("csv",))
    binding = ui.bind()
    binding.submit([file.upload, file.clear], ui.screen.choose_file, **LAST)
    binding.submit(submit.click, ui.screen.submit)
    binding.on(stop.click, ui.screen.stop, **AT_ONCE)
    ui.open(binding)


PAGE = Page(SentimentScreen, build)
