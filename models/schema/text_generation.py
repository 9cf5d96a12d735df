"""Text that a Perceiver AR writes on, token by token, and what each of them was read from."""

from dataclasses import dataclass
from typing import Literal

from models.schema.common import AttentionMap, Probe, RunInfo, StreamRequest, Weights

FinishReason = Literal["", "length", "stop", "end", "time"]
MAX_NEW_TOKENS = 2_000
BYTE_VOCABULARY = 262
"""Vocabulary size of a model that reads bytes: 256 bytes and 6 special tokens."""


@dataclass(frozen=True, slots=True)
class TextGenerationRequest(StreamRequest["TextGenerationStep", "TextGenerationStep"]):
    """Write a text on. Answered in a stream of `TextGenerationStep`.

    num_latents: how many of the prompt's last tokens are latents, at least 1, or as near to that as prompt and model
    allow; the rest is prefix. None: as many as may be. Every written token is one more latent, until there are as many
    as the model has.
    prefix: of the prompt at most so many tokens are read before its latents, what lies before is not; None: all.
    cut: a prompt is cut from the left where its prefix would be longer than the model takes; without that, and without
    `prefix`, more of it are latents, and what is longer than the context is refused.
    do_sample: draw each token; else the likeliest. temperature: above 0, divides the logits. top_k: draw among so many
    (0: all). top_p: among the likeliest that make up so much, above 0 to 1. seed: of the draws; token i of a text is
    drawn with a number of its own, so that a text that is written on is the one that would have been written at once.
    max_new_tokens: 0 to 2,000. stop: the text ends with the token that completes any of these.
    written: ids of tokens that follow the prompt and were written before; they are taken as they are.
    probe.target: TokenAt; None: the first of the new tokens, or, if there are none, of `written`. probe.method:
    "encoder" (cross-attention from the token's latent to prefix and latents), "decoder" (its attention to latents in
    the last self-attention layer) or "rollout"; there is no `probe.latent`. With a probe and no new tokens, a token of
    `written` is traced.
    """

    prompt: str
    num_latents: int | None = None
    max_new_tokens: int = 200
    do_sample: bool = True
    top_k: int = 0
    temperature: float = 0.8
    seed: int = 0
    probe: Probe | None = None
    weights: Weights = "embedded"
    top_p: float = 0.95
    prefix: int | None = None
    cut: bool = False
    stop: tuple[str, ...] = ()
    written: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class GeneratedToken:
    """A token that was written.

    content: the bytes of the text that it stands for; none for the token that ends a text. probability: what the model
    gave it, 0 to 1, before temperature and the choice among the likeliest. alternatives: content and probability of the
    likeliest tokens, best first. dropped, prefix, latents: how the text before it lay when it was predicted: tokens out
    of sight at the left, then prefix, then latents, up to the token itself. anew: prefix and latents were all read for
    it, as for the first token of a request, and not one position alone.
    """

    id: int
    content: bytes
    probability: float
    alternatives: tuple[tuple[bytes, float], ...]
    dropped: int
    prefix: int
    latents: int
    full_pass: bool


@dataclass(frozen=True, slots=True)
class TextGenerationStep:
    """A text so far.

    text: what was written after the prompt, `written` of the request included; bytes that are no UTF-8 as U+FFFD. A
    character whose bytes are not all there yet is left out, but for the last step.
    tokens: those that this request has written, so far. prompt_tokens: content of each token of the prompt.
    written_tokens: content of each token of the request's `written`.
    dropped, prefix_length, latents: how the text lay when the last token was predicted, or, with attention, the one
    that is traced; counted from the prompt's first token. Before anything is written: how it will lie.
    cut: tokens at the left of the prompt that are not read, for the context or the prefix asked for is shorter.
    tokens_per_second: since the first token; 0 before the second. first_seconds: until the first token came; 0 before.
    readings: how often the whole text was read, the prompt included. cache_bytes: keys and values that are kept.
    ended: why nothing follows: as many tokens as wanted, a stop string, the model's end token, or no time left; "" if
    something will. attention: in the last step, where asked for; values: float32, of the prefix and the latents, the
    first of them of token `dropped`; for method "decoder" of the latents, from token `dropped` + `prefix_length` on.
    traced: which written token that is, those before counted; None without attention.
    """

    text: str
    tokens: tuple[GeneratedToken, ...]
    prompt_tokens: tuple[bytes, ...]
    written_tokens: tuple[bytes, ...]
    dropped: int
    prefix_length: int
    latents: int
    cut: int
    tokens_per_second: float
    first_seconds: float
    full_passes: int
    cache_bytes: int
    finish_reason: FinishReason
    attention: AttentionMap | None
    traced: int | None
    run: RunInfo
