"""The widgets of the page on optical flow: what a visitor sets, and what shows where a motion was read from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.plots.architecture import Stage, draw_architecture
from components.render import FLOW_METHODS
from models.schema import ModelShape, Weights
from pages.examples import example_chips, flow_examples
from pages.pictures import answer_picture, image_file, map_controls
from pages.saving import SaveButtons, save_buttons
from pages.trace import CAVEAT

NAME = "optical_flow"
OF_FRAMES = f"{NAME}-frames"
"""The tab of two frames."""
EXAMPLES = flow_examples(NAME)
WEIGHTS = [("embedded: small, always here", "embedded"), ("published: 41 M parameters, best with a GPU", "published")]
METHODS = [
    ("none", ""),
    *((title, method) for method, title in FLOW_METHODS.items() if method not in ("perceiver", "tvl1")),
    (f"{FLOW_METHODS['tvl1']}, slow", "tvl1"),
]
LOOKS = [("encoder: what the latents that it reads have read", "encoder"), ("rollout: all layers", "rollout")]
SCALES = [("times uniform", "linear"), ("log10(p·M), 0 is uniform", "log")]
MOST_FOUND = "where most was found"
POINTING = """**Click a pixel** in one of the first pictures: where does it move, and what was that read from?

A **latent** is one of the few vectors that both frames are read into. The **encoder**'s map is what those latents read
that this pixel's answer reads most; **rollout** follows the answer back through all layers."""


@dataclass(frozen=True, slots=True)
class Question:
    """The components of the left column."""

    source: gr.Tabs
    first: gr.Image
    second: gr.Image
    ask: gr.Button
    notice: gr.HTML
    chips: gr.Dataset
    clip: gr.File
    drawn: gr.Button
    told: gr.HTML
    pair: gr.Slider
    apart: gr.Slider
    film: gr.Button
    stop: gr.Button
    method: gr.Dropdown
    weights: gr.Radio
    truth: gr.File


@dataclass(frozen=True, slots=True)
class Trace:
    """The components of the section on attention."""

    look: gr.Radio
    step: gr.Dropdown
    scale: gr.Radio
    opacity: gr.Slider
    attention: gr.HTML
    saving: SaveButtons


def flow_question(weights: Weights) -> Question:
    """weights: chosen at first."""
    example = EXAMPLES[0]
    with gr.Tabs() as source:
        with gr.Tab("Two frames", id=OF_FRAMES):
            with gr.Row():
                first = image_file(example.first, "First", f"{NAME}-first", 170)
                second = image_file(example.second, "Second", f"{NAME}-second", 170)
            ask = gr.Button("Where does it move?", variant="primary", elem_id=f"{NAME}-ask")
        with gr.Tab("A clip", id=f"{NAME}-clip"):
            clip = _file("A clip: MP4, WebM, MOV, GIF, …", f"{NAME}-clip-file", ["video", ".gif", ".webp"])
            drawn = gr.Button("Or take the harbor: 25 frames, drawn for this page", size="sm", elem_id=f"{NAME}-drawn")
            told = gr.HTML(elem_id=f"{NAME}-clip-told")
            pair = gr.Slider(1, 2, 1, step=1, label="First frame", interactive=False, elem_id=f"{NAME}-pair")
            apart = gr.Slider(1, 2, 1, step=1, label="Frames apart", interactive=False, elem_id=f"{NAME}-apart")
            with gr.Row():
                film = gr.Button(
                    "Flow of the whole clip", size="sm", interactive=False, elem_id=f"{NAME}-film-ask", min_width=120
                )
                stop = gr.Button("Stop", size="sm", interactive=False, elem_id=f"{NAME}-film-stop", min_width=80)
    notice = gr.HTML(elem_id=f"{NAME}-notice")
    pictures = [each.first for each in EXAMPLES]
    chips = example_chips("Examples, drawn for this page, with their true motion", pictures, f"{NAME}-examples")
    method = gr.Dropdown(METHODS, value="farneback", label="Beside it, a classical method", elem_id=f"{NAME}-method")
    chosen = gr.Radio(WEIGHTS, value=weights, label="Model", min_width=200, elem_id=f"{NAME}-weights")
    with gr.Accordion("The true motion, if you have it", open=False, elem_id=f"{NAME}-truth-section"):
        truth = _file(".flo, or PNG as of KITTI", f"{NAME}-truth", [".flo", ".png"], str(example.truth))
    return Question(
        source, first, second, ask, notice, chips, clip, drawn, told, pair, apart, film, stop, method, chosen, truth
    )


def _file(label: str, elem_id: str, kinds: list[str], value: str | None = None) -> gr.File:
    return gr.File(value, label=label, file_types=kinds, height=130, elem_id=elem_id)


def flow_trace() -> Trace:
    gr.Markdown("### Where did this come from?")
    gr.Markdown(POINTING, elem_classes="note")
    with gr.Row():
        look = gr.Radio(LOOKS, value=LOOKS[0][1], label="Show", scale=3, min_width=260, elem_id=f"{NAME}-look")
        step = gr.Dropdown(label="Frames read at", scale=2, min_width=160, elem_id=f"{NAME}-step", **sizes_read(()))
        scale, opacity = map_controls(NAME, SCALES)
    attention = answer_picture(f"{NAME}-attention")
    saving = save_buttons(f"{NAME}-attention")
    gr.Markdown(CAVEAT, elem_classes="note")
    return Trace(look, step, scale, opacity, attention, saving)


def sizes_read(sizes: Sequence[tuple[int, int]], step: int | None = None) -> dict[str, Any]:
    """The dropdown's value and choices: the sizes, width and height, that frames are read at; -1 stands for None."""
    named = [(f"{width} x {height}", index) for index, (width, height) in enumerate(sizes)]
    chosen = -1 if step is None else step
    return {"choices": [(MOST_FOUND, -1), *named], "value": chosen, "interactive": len(sizes) > 1}


def architecture(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=Stage("inputs", "M × C", f"C: {shape.input_channels}; both frames in each"),
        latents=Stage("latents", f"{shape.latents:,} × {shape.latent_channels}", f"N = {shape.latents:,}"),
        layers=f"{shape.blocks} × {shape.layers} self-attention layers, {shape.self_heads} heads",
        queries=Stage("queries", f"M × {shape.input_channels}", "one for each place: its own input"),
        outputs=Stage("outputs", "M × motion", "right and down, in pixels"),
    )
