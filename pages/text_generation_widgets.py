"""The widgets of the page on writing: what a visitor sets, and how the section on attention asks."""

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from components.plots.architecture import Stage, draw_architecture
from models.schema import ModelShape, Weights
from pages.examples import title_chips
from pages.page import hint
from pages.pictures import answer_picture
from pages.text_generation_view import (
    EXAMPLES,
    FIRST_VIEW,
    LITTLE,
    MOST_AT_ONCE,
    MOST_LITTLE,
    NAME,
    TEMPERATURES,
    TOP_P,
)
from pages.trace import Wording

WEIGHTS = [("embedded: small, always here", "embedded"), ("published: 454 M parameters", "published")]
DRAWS = [("draw by chance", True), ("always the likeliest", False)]
WORDING = Wording(
    methods=(
        ("rollout: all layers", "rollout"),
        ("cross-attention: context → latent", "encoder"),
        ("last layer: latents → latent", "decoder"),
    ),
    info="Each token is predicted by the latent of the place before it. Cross-attention: what that latent read of "
    "prefix and latents. Last layer: what it then read of the latents. Rollout: all layers composed.",
    caveat="Attention shows what was read; it is not by itself an explanation. A single map leaves out the other "
    "layers. Rollout follows them all, counts each residual as half, and counts apart what stayed at a token's own "
    "place.",
    latents=False,
)


@dataclass(frozen=True, slots=True)
class Question:
    """What a visitor sets, in the order of `GenerationView`'s first fields."""

    prompt: gr.Textbox
    num_latents: gr.Slider
    max_new_tokens: gr.Slider
    do_sample: gr.Radio
    temperature: gr.Slider
    top_k: gr.Number
    top_p: gr.Slider
    seed: gr.Number
    stop: gr.Textbox
    cut: gr.Checkbox
    weights: gr.Radio
    compared: gr.Checkbox
    little: gr.Slider

    @property
    def asked(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True, slots=True)
class Buttons:
    write: gr.Button
    more: gr.Button
    stop: gr.Button


def examples() -> tuple[gr.Dataset, gr.HTML]:
    """What to choose from, and what there is to notice about the chosen one."""
    chips = title_chips("Start with an example, or write the beginning of a text below", EXAMPLES, f"{NAME}-examples")
    return chips, gr.HTML(hint(EXAMPLES[0].notice), elem_id=f"{NAME}-example")


def text_question(shape: ModelShape, weights: Weights) -> tuple[Question, Buttons, gr.HTML, gr.HTML]:
    """The question, its buttons, the notice below them, and the picture of prefix and latents."""
    first = FIRST_VIEW
    prompt = gr.Textbox(first.prompt, label="The text begins", lines=5, max_lines=10, elem_id=f"{NAME}-prompt")
    with gr.Row():
        write = gr.Button("Write", variant="primary", scale=3, elem_id=f"{NAME}-write")
        more = gr.Button("Write on", interactive=False, scale=2, min_width=90, elem_id=f"{NAME}-more")
        stop = gr.Button("Stop", interactive=False, scale=1, min_width=70, elem_id=f"{NAME}-stop")
    notice = gr.HTML(elem_id=f"{NAME}-notice")
    num_latents = gr.Slider(
        1,
        shape.latents,
        value=first.num_latents,
        step=1,
        label="Border: how much of the beginning are latents",
        info="The last so many tokens think in all layers; those before, the prefix, are read in one layer alone.",
        elem_id=f"{NAME}-latents",
    )
    border = answer_picture(f"{NAME}-border")
    chance = _chance(weights)
    return Question(prompt, num_latents, *chance), Buttons(write, more, stop), notice, border


def _chance(weights: Weights) -> tuple[Any, ...]:
    """All that is set less often."""
    first = FIRST_VIEW
    with gr.Accordion("How it writes", open=False, elem_id=f"{NAME}-settings"):
        with gr.Row():
            longest = gr.Slider(
                1, MOST_AT_ONCE, value=first.max_new_tokens, step=1, label="Tokens to write", min_width=160,
                elem_id=f"{NAME}-tokens",
            )  # fmt: skip
            do_sample = gr.Radio(DRAWS, value=first.do_sample, label="Each token", min_width=160)
            weighed = gr.Radio(WEIGHTS, value=weights, label="Model", min_width=200, elem_id=f"{NAME}-weights")
        with gr.Row():
            temperature = gr.Slider(
                *TEMPERATURES, value=first.temperature, step=0.05, label="Temperature", min_width=160,
                info="Low: sure and repetitive. High: daring.",
            )  # fmt: skip
            top_p = gr.Slider(
                *TOP_P, value=first.top_p, step=0.05, label="Top p", min_width=160,
                info="Only the likeliest that make up so much.",
            )  # fmt: skip
            top_k = gr.Number(
                first.top_k, label="Top k", precision=0, minimum=0, min_width=100, info="Only so many; 0: all."
            )
            seed = gr.Number(
                first.seed, label="Seed", precision=0, minimum=0, min_width=100, info="The same again.",
                elem_id=f"{NAME}-seed",
            )  # fmt: skip
        with gr.Row():
            stop = gr.Textbox(
                first.stop, label="Stop after any of these", info="One a line.", lines=1, max_lines=3, min_width=160,
                elem_id=f"{NAME}-stop-strings",
            )  # fmt: skip
            cut = gr.Checkbox(
                first.cut, label="Cut on the left what the prefix has no room for", min_width=160,
                info="Else more of it are latents, and what is longer than the context is refused.",
                elem_id=f"{NAME}-cut",
            )  # fmt: skip
    with gr.Row():
        compared = gr.Checkbox(
            False, label="Also write it with little prefix", info="Same seed, same latents: what does memory do?",
            min_width=200, elem_id=f"{NAME}-compare",
        )  # fmt: skip
        little = gr.Slider(0, MOST_LITTLE, value=LITTLE, step=16, label="Little prefix, in tokens", min_width=160)
    return longest, do_sample, temperature, top_k, top_p, seed, stop, cut, weighed, compared, little


def architecture(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=Stage("tokens", f"M × {shape.input_channels}", f"M up to {shape.longest_text:,}"),
        latents=Stage("latents", f"N × {shape.latent_channels}", f"the last N tokens, up to {shape.latents}"),
        layers=f"{shape.layers} causal self-attention layers, {shape.self_heads} heads",
        queries=Stage("last latent", f"1 × {shape.latent_channels}", "at the text's end"),
        outputs=Stage("next token", "probabilities", "one is written and read in turn"),
        asked=("the last", "of them"),
    )
