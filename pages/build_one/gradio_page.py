"""The page "Build one" in Gradio."""

import gradio as gr

from pages.build_one.screen import BuildOneScreen
from pages.build_one.state import (
    BATCH_SIZES,
    CHANNEL_SIZES,
    DEVIATIONS,
    FEWEST_STEPS,
    HEAD_COUNTS,
    LEARNING_RATES,
    NAMES,
)
from pages.gradio_ui.bind import AT_ONCE, EACH, LAST, Options
from pages.gradio_ui.page import PageUi
from pages.gradio_ui.shell import Page
from pages.screen import PLOT_FILES

TRAINING: Options = {"concurrency_id": "building", "concurrency_limit": 16}
"""Slices of all visitors alternate in the backend."""
EACH_TRAINING: Options = {**TRAINING, **EACH}
"""`begin` has ended the job that is under way: if its training did not follow, the page would wait forever."""

SCROLL = """element.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault(); // Gradio would load the page again
  document.querySelector(link.hash)?.scrollIntoView({ block: "center" });
});"""
"""Client-side: a link leads to another part of the page."""


def build(ui: PageUi[BuildOneScreen]) -> None:
    ui.radio("data")
    ui.slider("letters")
    ui.add("points", ui.drawing("points", "points", visible=False))
    ui.text("table", lines=4, max_lines=10, placeholder="height,width,kind")
    ui.html("drawing", ui.model["drawing"])
    ui.notice("problems")
    with gr.Row():
        with ui.inputs(scale=4), ui.settings():
            _parts(ui)
        with ui.results(scale=7):
            _training(ui)
    with ui.part("try", ui.section("Try it", "try it", kind="try")):
        _own_input(ui)
    with ui.section("Compare", "compare", kind="compare"):
        _comparison(ui)
    with ui.section("Experiments", "experiments", kind="experiments"):
        _experiments(ui)
    with gr.Accordion("Python code", open=False, elem_id=ui.id("python")):
        ui.code("code", "Builds and trains this model with torch and transformers")
    ui.save_menu("Save model and curves", ui.screen.build_files, (*PLOT_FILES, "zip", "py", "ipynb"))
    ui.note("limits")
    ui.how_it_works()
    _bind(ui)


def _parts(ui: PageUi[BuildOneScreen]) -> None:
    with gr.Accordion("Inputs", elem_id=ui.id("inputs")):
        ui.dropdown("preprocessor")
        for name in ("patch", "samples"):
            ui.slider(name)
        ui.radio("positions")
        ui.slider("bands")
        ui.radio("combine")
        ui.slider("input_channels")
    with gr.Accordion("Latents", elem_id=ui.id("latents-part")):
        for name in ("latents", "layers", "blocks"):
            ui.slider(name)
        with gr.Row():
            ui.dropdown("channels", choices=list(CHANNEL_SIZES), min_width=90)
            ui.dropdown("self_heads", choices=list(HEAD_COUNTS), min_width=90)
    with gr.Accordion("Decoder", open=False, elem_id=ui.id("decoder-part")):
        ui.dropdown("decoder")
        ui.radio("query_positions")
        ui.checkbox("query_residual", info=True)
        ui.dropdown("postprocessor")
    with gr.Accordion("Training and more", open=False, elem_id=ui.id("training-part")):
        ui.slider("steps", minimum=FEWEST_STEPS, step=10)
        with gr.Row():
            rates = [(f"{rate:g}", rate) for rate in LEARNING_RATES]
            ui.dropdown("learning_rate", choices=rates, min_width=90)
            ui.dropdown("batch_size", choices=list(BATCH_SIZES), min_width=90)
            ui.number("seed", min_width=90)
        with gr.Row():
            ui.dropdown("cross_heads", choices=list(HEAD_COUNTS), min_width=90)
            ui.dropdown("initial_std", choices=list(DEVIATIONS), min_width=90, info=True)
        ui.slider("widening", info=True)


def _training(ui: PageUi[BuildOneScreen]) -> None:
    with gr.Row():
        ui.button("submit", "Train", variant="primary", scale=3, min_width=90)
        ui.button("stop", "Pause", interactive=False, min_width=70)
        ui.button("step", "Step", min_width=70)
        ui.button("reset", "Reset", min_width=70)
    ui.notice()
    ui.html("try_link", js_on_load=SCROLL)
    ui.markup_output("curves")
    ui.markup_output("examples", "Validation examples and predictions")
    ui.markup_output("latents_map", "What the first latents attend to in the first example")
    ui.run_line()


def _comparison(ui: PageUi[BuildOneScreen]) -> None:
    with gr.Row():
        ui.button("keep", "Keep this run", min_width=120)
        ui.button("clear", "Clear runs", min_width=70)
        ui.dropdown("sweep", scale=3, min_width=200)
        ui.button("run_sweep", "Sweep", min_width=90)
    ui.notice("comparison_notice")
    ui.html("comparison")


def _own_input(ui: PageUi[BuildOneScreen]) -> None:
    with gr.Row():
        with gr.Column(scale=2, min_width=240):
            ui.part("sketch", ui.drawing("sketch", "sketch"))
            ui.part("typed", gr.Textbox(label="Your input", elem_id=ui.id("typed")))
            ui.button("ask", "Predict")
            ui.notice("ask_notice")
        with gr.Column(scale=5, min_width=300):
            ui.markup_output("answer")
            ui.markup_output("network", behavior="network.js")


def _experiments(ui: PageUi[BuildOneScreen]) -> None:
    with gr.Row():
        with gr.Column(scale=3, min_width=240):
            ui.dropdown("experiment")
            ui.html("question", ui.model["question"])
        with gr.Column(scale=3, min_width=240):
            ui.dropdown("prediction")
            ui.button("run_experiment", "Train all")
    ui.html("explanation")


def _bind(ui: PageUi[BuildOneScreen]) -> None:
    screen, made, parts = ui.screen, ui.made, ui.parts
    binding = ui.bind()
    binding.on(made["data"].input, screen.choose_data, **LAST, **AT_ONCE)
    settings = [made[name].input for name in NAMES if name in made and name != "data"]
    binding.on(settings, screen.redesign, **LAST, **AT_ONCE)
    for button, action in (("submit", screen.submit), ("step", screen.advance)):
        begun = binding.on(parts[button].click, screen.begin, **AT_ONCE)
        binding.submit(begun.then, action, **EACH_TRAINING)
    binding.on(parts["stop"].click, screen.stop, **AT_ONCE)
    binding.submit(parts["reset"].click, screen.reset, **TRAINING)
    binding.on(parts["keep"].click, screen.keep_run, **AT_ONCE)
    binding.on(parts["clear"].click, screen.clear_runs, **AT_ONCE)
    begun = binding.on(parts["run_sweep"].click, screen.begin, **AT_ONCE)
    binding.on(begun.then, screen.run_sweep, **EACH_TRAINING)
    begun = binding.on(parts["run_experiment"].click, screen.begin, **AT_ONCE)
    binding.on(begun.then, screen.run_experiment, **EACH_TRAINING)
    binding.on(made["experiment"].input, screen.choose_experiment, **AT_ONCE)
    own = {name: parts[name] for name in ("sketch", "typed")}
    binding.on([parts["ask"].click, parts["typed"].submit, parts["sketch"].input], screen.ask, more=own, **LAST)
    ui.open(binding, **TRAINING)


PAGE = Page(BuildOneScreen, build, TRAINING)
