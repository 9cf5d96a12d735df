"""The widgets of the page on image classification: what a visitor sets, and what shows the attention."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import gradio as gr

from components.plots.architecture import Stage, draw_architecture
from models.schema import ModelShape, Variant, Weights
from pages.examples import example_chips, image_examples
from pages.pictures import image_file, latents_picture, map_controls
from pages.saving import SaveButtons, save_buttons
from pages.trace import CAVEAT

NAME = "image_classification"
VARIANTS: tuple[Variant, ...] = get_args(Variant)
WEIGHTS = [("embedded: small, always here", "embedded"), ("published: ImageNet, 48 to 62 M parameters", "published")]
LOOKS = [
    ("encoder, latents weighed by what the answer reads", "encoder"),
    ("encoder, mean of all latents", "mean"),
    ("rollout: all layers", "rollout"),
]
SIZES: dict[Weights, tuple[int, ...]] = {"embedded": (16, 24, 32, 48, 64), "published": (112, 160, 224, 320, 448)}
SCALES = [("log10(p·M), 0 is uniform", "log"), ("times uniform", "linear")]
"""The logarithm first: single pixels that are read 50 times as much as others would leave the rest in the dark."""
EXAMPLES = image_examples(NAME)
POINTING = """**Click a place in a picture**: which latents read it? **Click a latent** below: what does it read?

A **latent** is one of the few vectors that the whole picture is read into; **rollout** follows the answer back through
all layers to the inputs. The brighter the orange, the more was read there."""


@dataclass(frozen=True, slots=True)
class Question:
    """The components of the left column."""

    picture: gr.Image
    ask: gr.Button
    notice: gr.HTML
    chips: gr.Dataset
    classes: gr.Markdown
    weights: gr.Radio
    sizes: gr.Dropdown


@dataclass(frozen=True, slots=True)
class Trace:
    """The components of the section on attention."""

    look: gr.Radio
    scale: gr.Radio
    opacity: gr.Slider
    latents: tuple[gr.HTML, ...]
    saving: SaveButtons


def image_question(weights: Weights, shape: ModelShape) -> Question:
    """weights: chosen at first. shape: of one of these models."""
    picture = image_file(EXAMPLES[0].file, "Drop, paste or take one", f"{NAME}-picture")
    ask = gr.Button("What is it?", variant="primary", elem_id=f"{NAME}-ask")
    notice = gr.HTML(elem_id=f"{NAME}-notice")
    pictures = [example.file for example in EXAMPLES]
    chips = example_chips("Examples, drawn for this page", pictures, f"{NAME}-examples")
    classes = gr.Markdown(known_classes(shape), elem_classes="note", elem_id=f"{NAME}-classes")
    chosen = gr.Radio(WEIGHTS, value=weights, label="Models", min_width=200, elem_id=f"{NAME}-weights")
    sizes = gr.Dropdown(
        label="Read the picture at", min_width=160, elem_id=f"{NAME}-size", **sizes_to_read_at(weights, shape)
    )
    return Question(picture, ask, notice, chips, classes, chosen, sizes)


def image_trace() -> Trace:
    gr.Markdown("### Where did this come from?")
    gr.Markdown(POINTING, elem_classes="note")
    with gr.Row():
        look = gr.Radio(LOOKS, value=LOOKS[0][1], label="Show", scale=4, min_width=300, elem_id=f"{NAME}-look")
        scale, opacity = map_controls(NAME, SCALES)
    with gr.Row():
        latents = tuple(latents_picture(f"{NAME}-latents-{variant}") for variant in VARIANTS)
    saving = save_buttons(NAME)
    gr.Markdown(CAVEAT, elem_classes="note")
    return Trace(look, scale, opacity, latents, saving)


def sizes_to_read_at(weights: Weights, shape: ModelShape, size: int | None = None) -> dict[str, Any]:
    """Value and choices of the dropdown."""
    named = [(f"{each} x {each}" + ", as trained" * (each == shape.image_size), each) for each in SIZES[weights]]
    return {"choices": named, "value": size or shape.image_size}


def known_classes(shape: ModelShape) -> str:
    """What the models can say, so that nobody wonders why a tea cup is a ship."""
    if len(shape.labels) > 20:
        return f"These models know the {len(shape.labels):,} classes of ImageNet, and nothing else."
    return f"These models know {len(shape.labels)} classes and must choose among them: **{', '.join(shape.labels)}**."


def architecture(shapes: Sequence[ModelShape]) -> str:
    learned, fourier, conv = shapes
    channels = f"C: {learned.input_channels}, {fourier.input_channels}, {conv.input_channels}"
    latents = f"N: {learned.latents}, {fourier.latents}, {conv.latents}"
    return draw_architecture(
        inputs=Stage("inputs", "M × C", channels),
        latents=Stage("latents", f"N × {fourier.latent_channels}", latents),
        layers=f"{fourier.blocks} × {fourier.layers} self-attention layers, {fourier.self_heads} heads",
        queries=Stage("query", f"1 × {fourier.latent_channels}", "one for all classes"),
        outputs=Stage("outputs", f"{len(fourier.labels):,}", "a score for each class"),
    )
