"""How a prompt is divided into cut tokens, prefix and latents, and checks of a generation request."""

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
"""Characters of the longest prompt, before it is cut."""
MAX_WRITTEN = 20_000
"""Most tokens of a text to continue."""
MAX_STOPS = 16


def check(request: TextGenerationRequest) -> None:
    """Raises InputError for what is wrong regardless of the model."""
    if not request.prompt:
        raise InputError("The prompt is empty. Write the beginning of a text.")
    for name, value, (least, most) in (
        ("number of characters of a prompt", len(request.prompt), (1, LONGEST_PROMPT)),
        ("number of new tokens", request.max_new_tokens, (0, MAX_NEW_TOKENS)),
        ("number of tokens in `written`", len(request.written), (0, MAX_WRITTEN)),
        ("number of stop strings", len(request.stop), (0, MAX_STOPS)),
        ("top-k", request.top_k, (0, math.inf)),
        ("seed", request.seed, (0, 2**63 - 1)),
    ):
        if not least <= value <= most:
            raise InputError(
                f"The {name} must be {least:,} {'or more' if most == math.inf else f'to {most:,}'}, not {value:,}."
            )
    if not 0 < request.temperature < math.inf:
        raise InputError(f"The temperature must be above 0, not {request.temperature}.")
    if not 0 < request.top_p <= 1:
        raise InputError(f"Top-p must be above 0 and at most 1, not {request.top_p}.")
    if not all(request.stop):
        raise InputError("A stop string is empty. Remove it.")
    utf8("".join(request.stop))


def check_probe(request: TextGenerationRequest, config: PerceiverArConfig) -> None:
    """Raises InputError for a probe that cannot be answered, before any token is generated."""
    probe = request.probe
    if probe is None:
        return
    if probe.method not in ("encoder", "decoder", "rollout"):
        raise InputError(f"The method must be encoder, decoder or rollout, not {probe.method!r}.")
    if probe.latent is not None:
        raise InputError("A token determines its latent. Do not set a latent.")
    if probe.method == "rollout" and probe.head is not None:
        raise InputError("Rollout uses the mean over heads. Do not set a head, or choose another method.")
    matching = len(config.matching_orders) if request.matching and probe.method == "encoder" else 0
    heads = config.num_heads + matching
    if probe.head is not None and not 0 <= probe.head < heads:
        raise InputError(f"There is no head {probe.head}. This attention has heads 0 to {heads - 1}.")
    most = len(request.written) + request.max_new_tokens
    if not most:
        raise InputError("There is no token to trace. Generate some text first.")
    target = target_of(probe, TokenAt)
    if target is not None:
        check_index("token", target.index, most, "the generated text")


def place(
    request: TextGenerationRequest, tokens: TextTokens, length: int, config: PerceiverArConfig
) -> tuple[int, Window]:
    """Divides a prompt of `length` tokens: the number cut from the left, and the rest as a window.

    Raises InputError if the requested division is not possible.
    """
    if not length:
        raise InputError("The tokenizer finds no tokens in the prompt. Write the beginning of a text.")
    if request.num_latents is not None and request.num_latents < 1:
        raise InputError(f"The number of latents must be at least 1, not {request.num_latents:,}.")
    if request.prefix is not None and not 0 <= request.prefix <= config.max_prefix:
        raise InputError(f"The prefix must be 0 to {config.max_prefix:,} {tokens.unit}, not {request.prefix:,}.")
    if length > config.max_seq_len and request.prefix is None and not request.cut:
        raise InputError(
            f"The prompt has {length:,} {tokens.unit}. The limit of the model is {config.max_seq_len:,}. "
            "Shorten the prompt, or have it cut from the left."
        )
    most, may_cut = config.max_latents, request.cut or request.prefix is not None
    latents = fitting_latents(length, request.num_latents or most, config.max_seq_len, most, may_cut)
    cut = max(0, length - latents - (config.max_prefix if request.prefix is None else request.prefix))
    return cut, first_window(config, length - cut, latents)


def windows(config: PerceiverArConfig, first: Window, tokens: int) -> Window:
    """How a text is divided after `tokens` more tokens, starting from `first`."""
    window = first
    for _ in range(tokens):
        window = next_window(config, window, REFILL)
    return window
