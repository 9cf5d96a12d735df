"""The overview in Gradio."""

import gradio as gr

from pages.gradio_ui.bind import AT_ONCE, GPU, LAST
from pages.gradio_ui.page import PageUi
from pages.gradio_ui.shell import Page
from pages.overview.screen import SLIDERS, WIDTHS, OverviewScreen
from pages.prose import EXPLANATIONS, NETWORK


def build(ui: PageUi[OverviewScreen]) -> None:
    static = ui.screen.static
    ui.html("idea", static["idea"])
    with gr.Column():
        gr.Markdown("## Try it")
        ui.html("doors", static["lessons"] + static["doors"])
    with gr.Column():
        gr.Markdown(f"## {NETWORK}")
        ui.prose("example")
        ui.markup_output("network", behavior="network.js")
    with gr.Column():
        gr.Markdown("## What it costs")
        ui.markup_output("summary")
        ui.examples("Published models")
        with gr.Row():
            with gr.Column(scale=1, min_width=250):
                for name in SLIDERS:
                    ui.log_slider(name)
                with gr.Accordion("Widths", open=False):
                    for name in WIDTHS:
                        ui.log_slider(name)
            ui.chart_output("operations", scale=2)
            ui.chart_output("memory", scale=2)
        with gr.Row():
            with gr.Column(scale=8):
                ui.markup_output("numbers")
            with gr.Column(scale=2, min_width=200):
                ui.notice()
                ui.save_menu("Save chart", ui.screen.cost_files)
    with ui.details(EXPLANATIONS, "explanations-details"):
        ui.prose("explanations")
        ui.html("explanations", static["explanations"])
        ui.note("limits of explanations")
    with ui.details("Formulas", "formulas"):
        ui.prose("formulas")
    _bind(ui)


def _bind(ui: PageUi[OverviewScreen]) -> None:
    screen, parts = ui.screen, ui.parts
    binding = ui.bind()
    binding.on([widget.input for widget in ui.made.values()], screen.submit, **LAST, **AT_ONCE)
    binding.on(parts["examples"].click, screen.choose_example, more={"index": parts["examples"]}, **AT_ONCE)
    binding.on(ui.open(binding).then, screen.show_figure, **GPU)
    ui.intervene(binding)


PAGE = Page(OverviewScreen, build)
