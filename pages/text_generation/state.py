"""The state of the page of text generation, and the request that it stands for."""

import re
from collections.abc import Iterable, Mapping

from models.data.examples import text_examples
from models.schema import Method, TextGenerationRequest
from models.schema.text_generation import MAX_NEW_TOKENS
from pages.state import MAX_SEED, ModelState, TraceState, UnitState, control

NAME = "text_generation"
EXAMPLES = text_examples(NAME)


class TextGenerationState(ModelState, TraceState, UnitState):
    prompt: str = control(EXAMPLES[0].text, "Prompt", "The beginning of the text.")
    num_latents: int = control(
        64,
        "Number of latents",
        "The last N tokens of the prompt become latents and pass through every layer. Earlier tokens (the prefix) are "
        "only read by cross-attention. N is adjusted to what the prompt and the model allow.",
        ge=1,
    )
    # Another number does not put the text on the page out of date, since one text begins with the other.
    max_new_tokens: int = control(
        150,
        "Max new tokens",
        "With the demo model a token is a byte.",
        role="other",
        ge=1,
        le=MAX_NEW_TOKENS,
    )
    do_sample: bool = control(
        True,
        "Decoding",
        "Sample each token, or always take the most probable one (greedy).",
        labels={True: "sample", False: "greedy (most probable token)"},
    )
    temperature: float = control(
        0.6,
        "Temperature",
        "Divides the logits. Low: predictable and repetitive; high: varied.",
        ge=0.1,
        le=2,
        step=0.05,
    )
    top_k: int = control(0, "Top-k", "Sample from the k most likely tokens (0 = off).", ge=0)
    top_p: float = control(
        0.95,
        "Top-p",
        "Sample from the smallest set of tokens whose probabilities sum to p.",
        ge=0.05,
        le=1,
        step=0.05,
    )
    seed: int = control(0, "Seed", "The same seed gives the same text.", ge=0, le=MAX_SEED)
    stop_strings: tuple[str, ...] = control((), "Stop strings", "The text ends after the first of these that appears.")
    truncate: bool = control(
        False,
        "Truncate long prompts",
        "Drop the first tokens of a prompt whose prefix is too long. Without truncation, more of the prompt becomes "
        "latents instead, and a prompt longer than the context is an error.",
    )
    compare: bool = control(
        False,
        "Compare with a short prefix",
        "Generate a second text with the same seed and latents that reads only the last tokens of the prefix.",
    )
    short_prefix: int = control(32, "Short prefix (tokens)", "Length of that prefix.", ge=0, le=256, step=16)
    matching: bool = control(
        True,
        "Matching heads",
        "Heads of the cross-attention that look up what followed the same tokens before. Without them, the model "
        "does not repeat names from the prefix.",
    )
    token: int | None = control(
        None,
        "Token",
        "Generated token whose attention is shown, counting from 0. By default the first one.",
        role="selection",
        ge=0,
    )
    method: Method = control(
        "encoder",
        "Attention",
        "Each token is predicted by the latent at the position before it. Cross-attention: from that latent to prefix "
        "and latents. Last layer: from it to the latents. Rollout: all layers composed.",
        role="trace",
        labels={
            "rollout": "Rollout: all layers",
            "encoder": "Cross-attention: context → latent",
            "decoder": "Last layer: latents → latent",
        },
    )


def request_of(state: TextGenerationState) -> TextGenerationRequest:
    """The request for a text with the full prefix, without a probe."""
    return TextGenerationRequest(
        prompt=state.prompt,
        num_latents=state.num_latents,
        max_new_tokens=state.max_new_tokens,
        do_sample=state.do_sample,
        top_k=state.top_k,
        temperature=state.temperature,
        seed=state.seed,
        weights=state.weights,
        top_p=state.top_p,
        cut=state.truncate,
        stop=state.stop_strings,
        matching=state.matching,
    )


_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_CHARACTERS = {escape: character for character, escape in _ESCAPES.items()}
STOP_STRINGS_HELP = r"One per line. `\n` stands for a line break, `\\` for a backslash."


def stop_strings(values: Mapping[str, object]) -> list[str]:
    """The lines of the text field."""
    lines = str(values["stop_strings"] or "").replace("\r\n", "\n").split("\n")
    return [re.sub(r"\\[\\nrt]", lambda escape: _CHARACTERS[escape[0]], line) for line in lines if line]


def stop_lines(strings: Iterable[str]) -> str:
    """The text field for these strings: the inverse of `stop_strings`."""
    return "\n".join(re.sub(r"[\\\n\r\t]", lambda found: _ESCAPES[found[0]], string) for string in strings)
