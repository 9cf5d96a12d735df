"""Attention maps in words."""

from collections.abc import Sequence

import numpy as np

from components.analysis.grid import place_in_words, region
from components.scale.attention import Scale, share_in_words
from components.words.numbers import precise_percent
from models.schema import AttentionMap


def input_name(attention: AttentionMap) -> str:
    """What the values of a map belong to: "input" or "latent"."""
    return "latent" if attention.method == "decoder" else "input"


def describe(attention: AttentionMap, labels: Sequence[str], scale: Scale = "share") -> str:
    """Alt text. labels: a name for each value, in flat order."""
    values = attention.values.ravel()
    if len(labels) != values.size:
        raise ValueError(f"{len(labels)} labels for {values.size} values")
    first = np.argsort(-values, kind="stable")[:3]
    most = "; ".join(f"{labels[i]}: {share_in_words(float(values[i]), attention.uniform, scale)}" for i in first)
    sentences = [
        attention.title if attention.title.endswith((".", "?", "!")) else f"{attention.title}.",
        f"Most attention of {values.size:,} {input_name(attention)}s: {most}.",
    ]
    if attention.latent_share or attention.query_share:
        sentences.append(f"Shares: {shares_in_words(attention)}.")
    return " ".join(sentences)


def most_attended(attention: AttentionMap, scale: Scale) -> str:
    """Where the largest share is, and how large: over a grid of inputs, or over latents."""
    highest = int(np.argmax(attention.values))
    level = share_in_words(float(attention.values.flat[highest]), attention.uniform, scale)
    if attention.values.ndim == 1:
        return f"most attention on latent {highest} of {attention.values.size:,}: {level}"
    rows, columns = attention.values.shape
    where = place_in_words(highest, (rows, columns)).rpartition(", ")[0]
    return f"most attention in the {region(highest, (rows, columns))} ({where}): {level}"


def shares_in_words(attention: AttentionMap) -> str:
    """Shares of the inputs and residual shares, or "" without residual shares."""
    if not (attention.latent_share or attention.query_share):
        return ""
    parts = {
        "inputs": float(attention.values.sum(dtype=np.float64)),
        "learned latent array": attention.latent_share,
        "output query": attention.query_share,
    }
    return " · ".join(f"{name} {precise_percent(share)}" for name, share in parts.items() if share)


def is_on_latents(attention: AttentionMap | None) -> bool:
    """Whether a map has a value for each latent, which cannot be shown over the inputs."""
    return attention is not None and attention.method == "decoder"
