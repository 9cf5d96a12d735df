"""The page of masked language modeling in Gradio."""

import gradio as gr

from components.html.text.mask_strip import follow_text, strip_value
from components.js import script
from components.render.architecture import masked_bytes_architecture
from pages.gradio_ui.api import api_function
from pages.gradio_ui.bind import EACH, GPU, LAST, QUIET, Binding, Options, Parts
from pages.gradio_ui.saving import save
from pages.gradio_ui.shell import Page, PageContext
from pages.gradio_ui.trace import trace_section
from pages.gradio_ui.widgets import Widgets, notice, run_line, text_output, title_chips
from pages.masked_bytes.screen import EXAMPLES, NAME, MaskedBytesScreen, mask_spans
from pages.tracing import CAVEAT

LEAD = "Mask part of a text. A byte-level Perceiver fills it in and shows which bytes each prediction attended to."
API = "Fill masked bytes of a text with a Perceiver, and return the attention behind one of them."
WEIGHTS = {"embedded": "Demo model (4.9 M, built in)", "published": "Original model (201 M, downloaded)"}
HOW = """The text becomes UTF-8 bytes, one vector each with a learned position embedding. Masked bytes become the token
[MASK]. The **encoder cross-attention** reads all bytes into a fixed number of **latents**. The latents go through
self-attention layers, whose cost does not depend on the length of the text. For each masked byte the **decoder** sends
a **query**, which is only the embedding of its position, and reads a probability for each of the 256 bytes from the
latents."""


def build(context: PageContext) -> None:
    screen = MaskedBytesScreen(context.backend)
    widgets, shape = Widgets(screen), screen.shape(screen.initial.weights)
    gr.Markdown(LEAD, elem_classes="lead")
    chips = title_chips("Examples", [example.title for example in EXAMPLES], f"{NAME}-examples")
    parts: Parts = {}
    with gr.Row():
        with gr.Column(min_width=320):
            fill = _inputs(widgets, shape.longest_text, parts)
        with gr.Column(min_width=320):
            parts["filled"] = text_output(f"{NAME}-filled", "Filled text: click a byte to see its attention")
            parts["candidates"] = text_output(f"{NAME}-candidates", "Most probable bytes for each masked position")
            parts["run_line"] = run_line(NAME)
    section = trace_section(NAME, widgets, shape, CAVEAT)
    with gr.Accordion("How it works", open=False, elem_id=f"{NAME}-how"):
        gr.Markdown(HOW)
        parts["architecture"] = gr.HTML(masked_bytes_architecture(shape), elem_classes="drawing")
    parts["attention"] = section.plot
    binding = Binding(screen, context.store, widgets.made, parts, values={"mask": mask_spans})
    _bind(binding, screen, context, fill, chips)
    save(binding, section.saving, screen.attention_files)
    gr.api(api_function(screen, API), api_name=NAME, **GPU)


def _inputs(widgets: Widgets, longest: int, parts: Parts) -> gr.Button:
    text = widgets.text("text", lines=2, max_lines=8)
    strip = gr.HTML(
        value=strip_value(EXAMPLES[0].text, EXAMPLES[0].spans, longest),
        html_template=script("mask_strip.html"),
        js_on_load=script("mask_strip.js"),
        elem_id="mask-strip",
        apply_default_css=False,
    )
    widgets.add("mask", strip)
    fill = gr.Button("Fill masks", variant="primary", elem_id=f"{NAME}-fill")
    parts["notice"] = notice(NAME)
    with gr.Row():
        widgets.radio("decoding", min_width=200)
        widgets.radio("weights", choices=[(label, value) for value, label in WEIGHTS.items()], min_width=200)
        widgets.slider("top_k", min_width=160)
    gr.on([text.change, strip.edit], follow_text, [strip, text], strip, **LAST, **QUIET)  # pyright: ignore
    return fill


def _bind(
    binding: Binding, screen: MaskedBytesScreen, context: PageContext, fill: gr.Button, chips: gr.Dataset
) -> None:
    made, parts = binding.widgets, binding.parts
    busy: Options = {"show_progress": "full", "show_progress_on": parts["filled"], **GPU}
    binding.submit([fill.click, made["text"].submit], screen.submit, **busy)
    chosen = binding.on(chips.click, screen.choose_example, more={"index": chips})
    binding.submit(chosen.then, screen.submit_example, **busy)
    context.opens(binding, **GPU)
    clicks = [parts["filled"].select, parts["candidates"].select]
    binding.on(clicks, screen.select_byte, data=("position",), **EACH, **GPU)
    binding.on([made[name].input for name in ("method", "head", "latent")], screen.trace, **EACH, **GPU)
    binding.on(made["scale"].input, screen.rescale, **EACH)
    binding.on(made["weights"].input, screen.choose_weights)
    gr.on([made["text"].input, made["mask"].input], None, None, parts["notice"], js="() => ['']", **QUIET)


PAGE = Page(NAME, "Masked language modeling", build)
