"""The page of text generation in Gradio."""

import gradio as gr

from components.render.architecture import text_generation_architecture
from pages.gradio_ui.api import api_function
from pages.gradio_ui.bind import AT_ONCE, EACH, GPU, LAST, QUIET, Binding, Options, Parts
from pages.gradio_ui.saving import save
from pages.gradio_ui.shell import Page, PageContext
from pages.gradio_ui.trace import trace_section
from pages.gradio_ui.widgets import Widgets, markup_output, notice, run_line, text_output, title_chips, unit_choice
from pages.text_generation.screen import MAX_AT_ONCE, TextGenerationScreen
from pages.text_generation.state import EXAMPLES, NAME, stop_strings

LEAD = (
    "A Perceiver AR with a long context continues your prompt. Each token shows its probability and which earlier "
    "tokens it attended to."
)
API = "Continue a prompt with a Perceiver AR, and return the attention of one of the generated tokens."
WEIGHTS = {"embedded": "Demo model (4.8 M, built in)", "published": "Original model (454 M, downloaded)"}
CAVEAT = (
    "Attention is not by itself an explanation. A map of one layer leaves out the other layers. Rollout composes all "
    "layers, counts each residual connection as half, and reports separately what stayed at the latents' own positions."
)
HOW = """The text is divided in two. The last tokens become **latents**, which pass through every layer. All earlier
tokens are the **prefix**, which the latents read in one layer, the **cross-attention**: even a long prefix costs
little. Attention is **causal**: no position attends to later ones. The latent at the end of the text gives a
probability to each possible next token; one is sampled, becomes another latent, and the model predicts the next. With
the demo model a token is a byte.

- **Keys and values are cached**, so that one more token costs one position in each layer, not the whole text.
- Once there are as many latents as the model has, half of them become prefix and the whole text is **read again**. An
  exact cache cannot avoid that: the prefix goes through another layer norm than the latents.
- **Comparison**: the same prompt is continued with the same seed, but with a short prefix. What changes came from the
  distant context. Do not expect the demo model to recall a name from the prefix: on bytes, a single layer finds which
  letters occurred where, but hardly which word began like this one. With more latents, so that they include the name,
  all layers see it.
- The **demo model** was trained on old novels and a book of facts. It has their style; what it writes is made up."""
WRITING: Options = {"concurrency_id": "generation", "concurrency_limit": 2}
"""Not the lane of the GPU: while some visitors generate, the others still get their results."""


def build(context: PageContext) -> None:
    screen = TextGenerationScreen(context.backend)
    widgets, shape = Widgets(screen), screen.shape(screen.initial.weights)
    parts: Parts = {}
    gr.Markdown(LEAD, elem_classes="lead")
    chips = title_chips("Examples", [example.title for example in EXAMPLES], f"{NAME}-examples")
    parts["example_notice"] = notice(NAME, "example-notice")
    with gr.Row():
        with gr.Column(min_width=320):
            _inputs(widgets, shape.latents, parts)
        with gr.Column(min_width=320):
            parts["text"] = text_output(f"{NAME}-text", "Generated text: click a token to see its attention")
            parts["run_line"] = run_line(NAME)
            parts["alternatives"] = markup_output(f"{NAME}-alternatives")
            parts["attended"] = markup_output(f"{NAME}-attended", label="Context, colored by attention")
            unit_choice(widgets)
    parts["comparison"] = markup_output(f"{NAME}-comparison")
    section = trace_section(NAME, widgets, shape, CAVEAT, latents=False)
    with gr.Accordion("How it works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        parts["architecture"] = gr.HTML(text_generation_architecture(shape), elem_classes="drawing")
    parts["attention"] = section.plot
    binding = Binding(screen, context.store, widgets.made, parts, values={"stop_strings": stop_strings})
    _bind_generation(binding, screen, context, chips)
    _bind_display(binding, screen)
    save(binding, section.saving, screen.attention_files)
    gr.api(api_function(screen, API), api_name=NAME, **WRITING)


def _inputs(widgets: Widgets, most_latents: int, parts: Parts) -> None:
    widgets.text("prompt", info=None, lines=5, max_lines=10)
    with gr.Row():
        parts["generate"] = gr.Button("Generate", variant="primary", scale=3, elem_id=f"{NAME}-generate")
        parts["continue"] = gr.Button("Continue", interactive=False, scale=2, min_width=90, elem_id=f"{NAME}-continue")
        parts["stop"] = gr.Button("Stop", interactive=False, scale=1, min_width=70, elem_id=f"{NAME}-stop")
    parts["notice"] = notice(NAME)
    parts["progress"] = notice(NAME, "progress-notice")
    widgets.slider("num_latents", info=True, maximum=most_latents)
    parts["layout"] = gr.HTML(elem_id=f"{NAME}-layout", apply_default_css=False)
    with gr.Accordion("Generation settings", open=False, elem_id=f"{NAME}-settings"):
        _settings(widgets)
    with gr.Row():
        widgets.checkbox("compare", info=True, min_width=200)
        widgets.slider("short_prefix", min_width=160)


def _settings(widgets: Widgets) -> None:
    with gr.Row():
        widgets.slider("max_new_tokens", info=True, maximum=MAX_AT_ONCE, min_width=160)
        widgets.radio("do_sample", min_width=160)
        widgets.radio("weights", choices=[(label, value) for value, label in WEIGHTS.items()], min_width=200)
    with gr.Row():
        widgets.slider("temperature", info=True, min_width=160)
        widgets.slider("top_p", info=True, min_width=160)
        widgets.number("top_k", info=True, min_width=120)
        widgets.number("seed", info=True, min_width=120)
    with gr.Row():
        widgets.text("stop_strings", value="", info="One per line.", lines=1, max_lines=3, min_width=160)
        widgets.checkbox("truncate", info=True, min_width=160)


def _bind_generation(binding: Binding, screen: TextGenerationScreen, context: PageContext, chips: gr.Dataset) -> None:
    made, parts = binding.widgets, binding.parts
    begun = binding.on([parts["generate"].click, made["prompt"].submit], screen.begin, **AT_ONCE)
    chosen = binding.on(chips.click, screen.choose_example, more={"index": chips}, **AT_ONCE)
    continued = binding.on(parts["continue"].click, screen.begin, **AT_ONCE)
    opened = context.opens(binding, **GPU)
    texts = [
        binding.submit(begun.then, screen.submit, **EACH, **WRITING),
        binding.submit(chosen.then, screen.submit, **EACH, **WRITING),
        binding.on(continued.then, screen.continue_text, **EACH, **WRITING),
        binding.on(opened.then, screen.submit_link, **WRITING),
    ]
    for text in texts:
        binding.on(text.then, screen.finish, **EACH, **GPU)
    binding.on(parts["stop"].click, screen.stop, **AT_ONCE)


def _bind_display(binding: Binding, screen: TextGenerationScreen) -> None:
    made, parts = binding.widgets, binding.parts
    binding.on(parts["text"].select, screen.select_token, data=("position",), **EACH, **GPU)
    binding.on([made["method"].input, made["head"].input], screen.trace, **EACH, **GPU)
    binding.on([made["unit"].input, made["scale"].input], screen.redraw, **EACH)
    binding.on(made["weights"].input, screen.choose_weights)
    divided = [made["prompt"].change, *(made[name].input for name in ("num_latents", "truncate"))]
    binding.on(divided, screen.show_layout, **LAST)
    made["prompt"].input(None, None, parts["example_notice"], js="() => ['']", **QUIET)


PAGE = Page(NAME, "Text generation", build)
