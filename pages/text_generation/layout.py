"""How the prompt is divided into prefix and latents, and what that costs: known before the model runs."""

from markupsafe import Markup

from components.analysis.generation_costs import WriterShape
from components.render import text_generation as render
from models.data.prompt_layout import divide_prompt
from models.schema import ModelShape, TextGenerationStep
from models.schema.text_generation import BYTE_VOCABULARY
from pages.screen import Notice
from pages.text_generation.state import TextGenerationState


def prompt_layout(state: TextGenerationState, shape: ModelShape, number_bytes: int) -> Markup | Notice:
    """A picture of it, or why there is none. number_bytes: of one number of the key-value cache."""
    if not reads_bytes(shape):
        return Notice("This model reads subword tokens. Prefix and latents are shown once it has read the prompt.")
    length = len(state.prompt.encode("utf-8", errors="replace"))
    if not length:
        return Notice("Enter a prompt to see which part of it is prefix and which part becomes latents.")
    if length > shape.longest_text and not state.truncate:
        return Notice(f"The prompt has {length:,} bytes; the model reads at most {shape.longest_text:,}.")
    parts = divide_prompt(length, state.num_latents, shape.longest_text, shape.latents, state.truncate)
    return render.text_generation_border(WriterShape.of(shape, number_bytes), *parts)


def layout_of_step(step: TextGenerationStep, shape: ModelShape, number_bytes: int) -> Markup:
    """The same from the first step, for models with subword tokens."""
    writer = WriterShape.of(shape, number_bytes)
    return render.text_generation_border(writer, step.prefix_length, step.latents, step.cut, each="token")


def reads_bytes(shape: ModelShape) -> bool:
    return shape.vocabulary == BYTE_VOCABULARY
