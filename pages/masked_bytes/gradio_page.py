"""The page of masked language modeling in Gradio."""

import gradio as gr

from components.html.text.mask_strip import follow_text
from components.js import script
from pages.gradio_ui.bind import EACH, GPU, LAST, QUIET, busy, for_callers, from_widgets
from pages.gradio_ui.page import PageUi
from pages.gradio_ui.shell import Page
from pages.masked_bytes.screen import MaskedBytesScreen, mask_spans


def build(ui: PageUi[MaskedBytesScreen]) -> None:
    ui.examples()
    with gr.Row():
        with ui.inputs():
            _inputs(ui)
        with ui.results():
            ui.text_output("filled", "Filled text: click a byte to see its attention")
            ui.text_output("candidates", "Most probable bytes for each masked position")
            ui.run_line()
    ui.network()
    with ui.section("Attention"):
        ui.trace_controls()
        ui.plot_output("attention")
        ui.attention_footer(ui.screen.attention_files)
    ui.faithfulness()
    ui.how_it_works()
    _bind(ui)


def _inputs(ui: PageUi[MaskedBytesScreen]) -> None:
    text = ui.text("text", lines=2, max_lines=8)
    strip = gr.HTML(
        value=ui.model["mask"],
        html_template=script("mask_strip.html"),
        js_on_load=script("mask_strip.js"),
        elem_id="mask-strip",
        apply_default_css=False,
    )
    ui.add("mask", strip)
    ui.button("fill", "Fill masks", variant="primary")
    ui.notice()
    with ui.settings(), gr.Row():
        ui.radio("decoding", min_width=200)
        ui.weights()
        ui.slider("top_k", min_width=160)
    follow = for_callers(from_widgets(follow_text))
    gr.on([text.change, strip.edit], follow, [strip, text], strip, **LAST, **QUIET)  # pyright: ignore


def _bind(ui: PageUi[MaskedBytesScreen]) -> None:
    screen, parts, made = ui.screen, ui.parts, ui.made
    binding, running = ui.bind(values={"mask": mask_spans}), busy(parts["filled"])
    binding.submit([parts["fill"].click, made["text"].submit], screen.submit, **running)
    chosen = binding.on(parts["examples"].click, screen.choose_example, more={"index": parts["examples"]})
    binding.submit(chosen.then, screen.submit, **running)
    ui.open(binding, **GPU)
    clicks = [parts["filled"].select, parts["candidates"].select]
    binding.on(clicks, screen.select_byte, data=("position",), **EACH, **GPU)
    binding.trace()
    ui.intervene(binding)
    ui.measure(binding)
    binding.redraw()
    ui.clear_alert([made["text"].input, made["mask"].input])


PAGE = Page(MaskedBytesScreen, build)
