"""Text generation with a Perceiver AR, token by token."""

from dataclasses import dataclass
from typing import Literal

from models.schema.common import AttentionMap, Probe, RunInfo, StreamRequest, Weights

FinishReason = Literal["", "length", "stop", "end", "time"]
MAX_NEW_TOKENS = 2_000
BYTE_VOCABULARY = 262
"""Vocabulary size of a byte-level model: 256 bytes and 6 special tokens."""


@dataclass(frozen=True, slots=True)
class TextGenerationRequest(StreamRequest["TextGenerationStep", "TextGenerationStep"]):
    """Continue a prompt. Streams one `TextGenerationStep` per token.

    num_latents: how many of the last tokens of the prompt are latents, at least 1, adjusted to what the prompt and the
        model allow; the rest is the prefix. None for as many as possible. Each generated token becomes one more latent
        until the model has no more.
    prefix: most tokens of the prompt to read before its latents; None for all.
    cut: if the prefix is longer than the model allows, cut the prompt from the left. Without `cut` and `prefix`, more
        of its tokens become latents, and a prompt longer than the context is an error.
    do_sample: sample each token; otherwise take the most likely one.
    temperature: divides the logits, above 0.
    top_k: sample from the k most likely tokens; 0 for all.
    top_p: sample from the smallest set of tokens whose probabilities sum to p, above 0 and at most 1.
    seed: token i of a text always has the same random number, so that a text that is continued equals one that is
        generated at once.
    max_new_tokens: 0 to 2,000.
    stop: strings that end the text.
    matching: False for the model without its matching heads, if it has any (`models/perceiver/ar_matching.py`).
    written: ids of the tokens that earlier requests generated after the prompt.
    probe.target: TokenAt; None for the first new token, or the first token of `written` if there is no new one. With a
        probe and no new tokens, a token of `written` is traced.
    probe.method: "encoder" (cross-attention of the token's latent to prefix and latents), "decoder" (its attention to
        the latents in the last self-attention layer) or "rollout". `probe.latent` is not allowed.
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
    matching: bool = True


@dataclass(frozen=True, slots=True)
class GeneratedToken:
    """A generated token.

    content: bytes of the text that it stands for; empty for the token that ends a text.
    probability: of the model, 0 to 1, before temperature, top-k and top-p.
    alternatives: content and probability of the most likely tokens, best first.
    dropped, prefix, latents: how the text was divided when the token was predicted: tokens that are no longer read,
        then prefix, then latents up to the preceding token.
    full_pass: whether the whole text was read for this token, rather than one more position.
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
    """The text so far.

    text: what follows the prompt, including `written` of the request, with U+FFFD for bytes that are not UTF-8. An
        incomplete character at the end is left out until the last step.
    tokens: new tokens of this request.
    prompt_tokens: content of each token of the prompt.
    written_tokens: content of each token of `written`.
    dropped, prefix_length, latents: how the text was divided when the last token was predicted (with attention: the
        traced token), counted from the first token of the prompt. Before the first token: how it will be divided.
    cut: tokens at the left of the prompt that are not read, because of the context length or `prefix`.
    tokens_per_second: since the first token; 0 before the second one.
    first_seconds: time to the first token; 0 before it.
    full_passes: how often the whole text was read, including the prompt.
    cache_bytes: size of the key-value cache.
    finish_reason: "length" (max_new_tokens), "stop" (a stop string), "end" (the end token) or "time" (the time limit);
        "" while the text continues.
    attention: only in the last step, with a probe. values: float32 over prefix and latents, starting with token
        `dropped`; for method "decoder" over the latents, starting with token `dropped` + `prefix_length`.
    traced: index of the traced token, counting `written`; None without attention.
    first_output: index of the first of the tokens that are the outputs of `Stages`, if the probe asked for them. They
        follow each other, the traced one among them, and were predicted with the same prefix. The inputs start with
        token `dropped`, and the first latent is token `dropped` + `prefix_length`.
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
    first_output: int | None = None
