"""The page of text generation in Gradio."""

import gradio as gr

from pages.gradio_ui.bind import AT_ONCE, EACH, GPU, LAST, Binding, Options
from pages.gradio_ui.page import PageUi
from pages.gradio_ui.shell import Page
from pages.prose import ATTENTION
from pages.text_generation.screen import MAX_AT_ONCE, TextGenerationScreen
from pages.text_generation.state import STOP_STRINGS_HELP, stop_strings

WRITING: Options = {"concurrency_id": "generation", "concurrency_limit": 8}
"""Not the lane of the GPU: while some visitors generate, the others still get their results."""


def build(ui: PageUi[TextGenerationScreen]) -> None:
    ui.examples()
    ui.notice("example_notice")
    with gr.Row():
        with ui.inputs():
            _inputs(ui)
        with ui.results():
            ui.text_output("text", "Generated text: click a token to see its attention")
            ui.run_line()
            ui.markup_output("alternatives")
    ui.markup_output("comparison")
    ui.network()
    with ui.settings(), gr.Row():
        _settings(ui)
    with ui.section("Attention"):
        ui.markup_output("attention", "Context, colored by attention")
    with ui.details(ATTENTION, "attention-details"):
        ui.trace_controls(latents=False)
        ui.attention_footer(ui.screen.attention_files)
    ui.how_it_works()
    binding = ui.bind(values={"stop_strings": stop_strings})
    _bind_generation(ui, binding)
    _bind_display(ui, binding)


def _inputs(ui: PageUi[TextGenerationScreen]) -> None:
    ui.text("prompt", info=None, lines=5, max_lines=10)
    with gr.Row():
        ui.button("generate", "Generate", variant="primary", scale=3)
        ui.button("continue", "Continue", interactive=False, scale=2, min_width=90)
        ui.stop_button()
    ui.notice()
    ui.part("progress", gr.HTML(elem_id=ui.id("progress_notice")))


def _settings(ui: PageUi[TextGenerationScreen]) -> None:
    with gr.Column(min_width=300):
        ui.slider("num_latents", info=True)
        ui.html("layout")
    with gr.Column(min_width=300):
        with gr.Row():
            ui.checkbox("compare", info=True, min_width=200)
            ui.slider("short_prefix", min_width=160)
        ui.checkbox("matching", info=True)
        with gr.Accordion("Generation settings", open=False, elem_id=ui.id("settings")):
            _generation_settings(ui)


def _generation_settings(ui: PageUi[TextGenerationScreen]) -> None:
    with gr.Row():
        ui.slider("max_new_tokens", info=True, maximum=MAX_AT_ONCE, min_width=160)
        ui.radio("do_sample", min_width=160)
        ui.weights()
    with gr.Row():
        ui.slider("temperature", info=True, min_width=160)
        ui.slider("top_p", info=True, min_width=160)
        ui.number("top_k", info=True, min_width=120)
        ui.number("seed", info=True, min_width=120)
    with gr.Row():
        ui.text("stop_strings", value="", info=STOP_STRINGS_HELP, lines=1, max_lines=3, min_width=160)
        ui.checkbox("truncate", info=True, min_width=160)


def _bind_generation(ui: PageUi[TextGenerationScreen], binding: Binding) -> None:
    screen, made, parts = ui.screen, ui.made, ui.parts
    begun = binding.on([parts["generate"].click, made["prompt"].submit], screen.begin, **AT_ONCE)
    chosen = binding.on(parts["examples"].click, screen.choose_example, more={"index": parts["examples"]}, **AT_ONCE)
    continued = binding.on(parts["continue"].click, screen.begin, **AT_ONCE)
    opened = ui.open(binding, **GPU)
    texts = [
        binding.submit(begun.then, screen.submit, **EACH, **WRITING),
        binding.submit(chosen.then, screen.submit, **EACH, **WRITING),
        binding.on(continued.then, screen.continue_text, **EACH, **WRITING),
        binding.on(opened.then, screen.submit_link, **WRITING),
    ]
    for text in texts:
        binding.on(text.then, screen.finish, **EACH, **GPU)
    binding.on(parts["stop"].click, screen.stop, **AT_ONCE)


def _bind_display(ui: PageUi[TextGenerationScreen], binding: Binding) -> None:
    screen, made, parts = ui.screen, ui.made, ui.parts
    binding.on(parts["text"].select, screen.select_token, data=("position",), **EACH, **GPU)
    binding.trace()
    binding.redraw()
    divided = [made["prompt"].change, *(made[name].input for name in ("num_latents", "truncate"))]
    binding.on(divided, screen.show_layout, **LAST)


PAGE = Page(TextGenerationScreen, build, WRITING)
