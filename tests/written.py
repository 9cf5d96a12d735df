"""Texts that were written, made up."""

import numpy as np

from models.schema import AttentionMap, GeneratedToken, RunInfo, TextGenerationStep
from models.schema.common import Method

RUN = RunInfo("text_small", "embedded", "cpu", "float32", 0.1, False, 0)
TITLE = "Cross-attention, <b>mean</b> of heads"


def written(content: bytes, probability: float = 0.5, alternatives=(), prefix: int = 0) -> GeneratedToken:
    return GeneratedToken(content[0] if content else 256, content, probability, alternatives, 0, prefix, 1, False)


def letters(text: str, prefix: int = 0) -> tuple[GeneratedToken, ...]:
    """A token a byte, each of probability 1/2."""
    return tuple(written(bytes([byte]), prefix=prefix) for byte in text.encode())


def attention(count: int, values=None, method: Method = "encoder", latent_share: float = 0.0) -> AttentionMap:
    shares = np.full(count, 1 / count) if values is None else np.array(values)
    return AttentionMap(shares.astype(np.float32), latent_share, 0.0, method, TITLE)


def step(
    prompt: str = "", tokens: tuple[GeneratedToken, ...] = (), *, written_tokens: tuple[bytes, ...] = (),
    latents: int = 1, dropped: int = 0, prefix: int | None = None, probe: AttentionMap | None = None,
) -> TextGenerationStep:  # fmt: skip
    """Finished, with one of the model's tokens a byte; where there is a probe, the first written token is traced."""
    contents = tuple(bytes([byte]) for byte in prompt.encode())
    lies = len(contents) + len(written_tokens) - dropped - latents if prefix is None else prefix
    text = b"".join([*written_tokens, *(token.content for token in tokens)]).decode("utf-8", "replace")
    return TextGenerationStep(
        text=text, tokens=tokens, prompt_tokens=contents, written_tokens=written_tokens, dropped=dropped,
        prefix_length=lies, latents=latents, cut=0, tokens_per_second=50.0, first_seconds=0.1, full_passes=1,
        cache_bytes=1000, finish_reason="length", attention=probe,
        traced=len(written_tokens) if probe else None, run=RUN,
    )  # fmt: skip
