"""What the page on writing shows, as one value: from what a visitor sets, and as a question to the service."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import gradio as gr

from components import render
from components.analysis.generation_costs import WriterShape
from components.analysis.text_units import UNITS, Unit
from models.schema import ModelShape, TextGenerationRequest, TextGenerationStep, Weights
from models.tasks.text_prompt import MOST_NEW_TOKENS, fitting_latents
from models.tasks.text_tokens import ByteTokens
from pages.examples import text_examples
from pages.page import hint
from pages.text_link import GenerationView, generation_from_query
from pages.trace import ALL, AT_FIRST, MEAN, heads, understood

T = TypeVar("T", bound=float)

NAME = "text_generation"
EXAMPLES = text_examples(NAME)
LITTLE, MOST_LITTLE = 32, 256
"""Tokens of prefix that the text it is compared with has, at first and at most."""
MOST_AT_ONCE = 500
TEMPERATURES, TOP_P = (0.1, 2.0), (0.05, 1.0)
"""What the controls can have."""
FIRST_VIEW = GenerationView(
    prompt=EXAMPLES[0].text,
    num_latents=64,
    max_new_tokens=150,
    do_sample=True,
    temperature=0.6,
    top_k=0,
    top_p=0.95,
    seed=0,
    stop="",
    cut=False,
    weights="embedded",
    little=None,
    traced=None,
    unit="words",
    looked=AT_FIRST,
)


def view_of(
    prompt: str,
    latents: float,
    tokens: float,
    draw: bool,
    temperature: float,
    top_k: float | None,
    top_p: float,
    seed: float | None,
    stop: str,
    cut: bool,
    weights: Weights,
    compared: bool,
    little: float,
    unit: Unit,
    *looked: str,
) -> GenerationView:
    """What the visitor set: a `Question`'s values, unit, then those of the trace controls."""
    return GenerationView(
        prompt=prompt,
        num_latents=int(latents),
        max_new_tokens=int(tokens),
        do_sample=draw,
        temperature=temperature,
        top_k=int(top_k or 0),
        top_p=top_p,
        seed=int(seed or 0),
        stop=stop,
        cut=cut,
        weights=weights,
        little=int(little) if compared else None,
        traced=None,
        unit=unit,
        looked=looked,
    )


def settings_of(view: GenerationView, shape: ModelShape) -> tuple[Any, ...]:
    """The values of a `Question`, within what its controls can have."""
    latents = gr.update(maximum=shape.latents, value=min(view.num_latents, shape.latents))
    compared = view.little is not None, LITTLE if view.little is None else view.little
    how = view.do_sample, view.temperature, view.top_k, view.top_p, view.seed, view.stop, view.cut, view.weights
    return view.prompt, latents, min(view.max_new_tokens, MOST_AT_ONCE), *how, *compared


def view_in_address(
    params: Mapping[str, str], otherwise: GenerationView, shape_of: Callable[[Weights], ModelShape]
) -> GenerationView | None:
    """What the address asks of this page, or None; numbers are brought within what the controls can have."""
    view = generation_from_query(NAME, params, otherwise, UNITS, understood)
    if view is None:
        return None
    shape = shape_of(view.weights)
    look, head, _, scale = view.looked
    known_head = head if head in heads(shape) else MEAN
    return replace(
        view,
        num_latents=_within(view.num_latents, 1, shape.latents),
        max_new_tokens=_within(view.max_new_tokens, 1, MOST_NEW_TOKENS),
        temperature=_within(view.temperature, *TEMPERATURES),
        top_p=_within(view.top_p, *TOP_P),
        little=None if view.little is None else _within(view.little, 0, MOST_LITTLE),
        looked=(look, known_head, ALL, scale),  # a token has one latent of its own
    )


def _within(value: T, least: T, most: T) -> T:
    return min(max(value, least), most)  # pyright: ignore[reportArgumentType]  (numbers)


def request_of(view: GenerationView) -> TextGenerationRequest:
    """The question that a view asks of the service, without a probe."""
    return TextGenerationRequest(
        prompt=view.prompt,
        num_latents=view.num_latents,
        max_new_tokens=view.max_new_tokens,
        do_sample=view.do_sample,
        top_k=view.top_k,
        temperature=view.temperature,
        seed=view.seed,
        weights=view.weights,
        top_p=view.top_p,
        cut=view.cut,
        stop=tuple(line for line in view.stop.splitlines() if line),
    )


def border(view: GenerationView, shape: ModelShape, number_bytes: int) -> str:
    """How the prompt lies, and what that costs, as far as it can be known without the model.

    number_bytes: of each number that is kept.
    """
    if shape.vocabulary != len(ByteTokens.contents):
        return hint("This model reads pieces of words: how many the text has is known once it is read.")
    length = len(view.prompt.encode("utf-8", errors="replace"))
    if not length:
        return hint("Write how the text begins: here you will see what of it is prefix and what are latents.")
    if length > shape.longest_text and not view.cut:
        return hint(f"{length:,} bytes: the model reads at most {shape.longest_text:,} at once.")
    latents = fitting_latents(length, view.num_latents, shape.longest_text, shape.latents, view.cut)
    prefix = min(length - latents, shape.longest_text - shape.latents)
    lies = prefix, latents, length - prefix - latents
    return render.text_generation_border(_writer(shape, number_bytes), *lies)


def border_of(step: TextGenerationStep, shape: ModelShape, number_bytes: int) -> str | None:
    """The same of a text that begins to be written, where it could not be known before; else None."""
    if shape.vocabulary == len(ByteTokens.contents) or step.written_tokens:
        return None
    lies = step.prefix_length, step.latents, step.cut
    return render.text_generation_border(_writer(shape, number_bytes), *lies, each="token")


def _writer(shape: ModelShape, number_bytes: int) -> WriterShape:
    return WriterShape(
        shape.longest_text,
        shape.latents,
        shape.latent_channels,
        shape.layers,
        shape.vocabulary,
        number_bytes=number_bytes,
    )
