"""What of a prompt is read, and how: what is cut, what is prefix, what is latents. And what is wrong with a request."""

import math

from models.data.byte_text import utf8
from models.data.prompt_layout import fitting_latents
from models.perceiver.ar_config import PerceiverArConfig
from models.perceiver.ar_decoding import Refill, Window, first_window, next_window
from models.schema import InputError, TextGenerationRequest, TokenAt
from models.schema.text_generation import MAX_NEW_TOKENS
from models.tasks.targets import check_index, target_of
from models.tasks.text_tokens import TextTokens

REFILL = Refill.HALF
LONGEST_PROMPT = 100_000
"""Characters of a prompt, most of which may be cut."""
MAX_WRITTEN = 20_000
"""Tokens of a text that is written on."""
MAX_STOPS = 16


def check(request: TextGenerationRequest) -> None:
    """Raises InputError, in words for the visitor, for what is wrong whatever the model."""
    if not request.prompt:
        raise InputError("There is no prompt yet: write how the text begins.")
    for name, value, (least, most) in (
        ("number of characters of a prompt", len(request.prompt), (1, LONGEST_PROMPT)),
        ("number of new tokens", request.max_new_tokens, (0, MAX_NEW_TOKENS)),
        ("number of tokens that were written before", len(request.written), (0, MAX_WRITTEN)),
        ("number of stop strings", len(request.stop), (0, MAX_STOPS)),
        ("top-k", request.top_k, (0, math.inf)),
        ("seed", request.seed, (0, 2**63 - 1)),
    ):
        if not least <= value <= most:
            raise InputError(
                f"The {name} is {least:,} {'or more' if most == math.inf else f'to {most:,}'}, not {value:,}."
            )
    if not 0 < request.temperature < math.inf:
        raise InputError(f"The temperature is a number above 0, not {request.temperature}.")
    if not 0 < request.top_p <= 1:
        raise InputError(f"Top-p is above 0 and at most 1, not {request.top_p}.")
    if not all(request.stop):
        raise InputError("A stop string is empty: the text would end before it began. Leave it out.")
    utf8("".join(request.stop))


def check_probe(request: TextGenerationRequest, config: PerceiverArConfig) -> None:
    """Raises InputError for a question that cannot be answered, before anything is written for it."""
    probe = request.probe
    if probe is None:
        return
    if probe.method not in ("encoder", "decoder", "rollout"):
        raise InputError(f"The attention can be shown as encoder, decoder or rollout, not as {probe.method!r}.")
    if probe.latent is not None:
        raise InputError("Each token is predicted by one latent, which follows from the token: name no latent.")
    if probe.method == "rollout" and probe.head is not None:
        raise InputError("Rollout is made of the means over heads: choose no head, or look at one stage alone.")
    if probe.head is not None and not 0 <= probe.head < config.num_heads:
        raise InputError(f"There is no head {probe.head}: this attention has heads 0 to {config.num_heads - 1}.")
    most = len(request.written) + request.max_new_tokens
    if not most:
        raise InputError("Nothing is written yet, so there is no token to trace: let the model write some first.")
    target = target_of(probe, TokenAt)
    if target is not None:
        check_index("token", target.index, most, "the generated text")


def place(
    request: TextGenerationRequest, tokens: TextTokens, length: int, config: PerceiverArConfig
) -> tuple[int, Window]:
    """Of a prompt of `length` tokens: how many are cut from the left, and how the rest lies.

    Raises InputError, with numbers and a way out, where it cannot lie as was asked for.
    """
    if not length:
        raise InputError("There is no prompt yet: of what was written, the tokenizer leaves nothing.")
    if request.num_latents is not None and request.num_latents < 1:
        raise InputError(f"At least one token has to be a latent, not {request.num_latents:,}.")
    if request.prefix is not None and not 0 <= request.prefix <= config.max_prefix:
        raise InputError(f"The prefix is 0 to {config.max_prefix:,} {tokens.unit}, not {request.prefix:,}.")
    if length > config.max_seq_len and request.prefix is None and not request.cut:
        raise InputError(
            f"The prompt has {length:,} {tokens.unit}; the model reads at most {config.max_seq_len:,}. Nothing was "
            "cut: shorten it, or let it be cut from the left."
        )
    most, may_cut = config.max_latents, request.cut or request.prefix is not None
    latents = fitting_latents(length, request.num_latents or most, config.max_seq_len, most, may_cut)
    cut = max(0, length - latents - (config.max_prefix if request.prefix is None else request.prefix))
    return cut, first_window(config, length - cut, latents)


def windows(config: PerceiverArConfig, first: Window, tokens: int) -> Window:
    """How a text lies when so many tokens have followed its prompt, which lay as `first`."""
    window = first
    for _ in range(tokens):
        window = next_window(config, window, REFILL)
    return window
