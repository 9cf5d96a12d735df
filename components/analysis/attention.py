"""What a map of attention says, in words."""

from collections.abc import Sequence

import numpy as np

from components.analysis.grid import place_in_words, region
from components.scale.attention import Scale
from components.scale.shared import relative
from components.words.numbers import multiple, precise_percent
from models.schema import AttentionMap


def describe(attention: AttentionMap, labels: Sequence[str], scale: Scale = "linear") -> str:
    """Alt text. labels: a name for each value, in flat order."""
    values = attention.values.ravel()
    if len(labels) != values.size:
        raise ValueError(f"{len(labels)} labels for {values.size} values")
    noun = "latent" if attention.method == "decoder" else "input"
    first = np.argsort(-values, kind="stable")[:3]
    most = ", ".join(f"{labels[i]} ({precise_percent(values[i])})" for i in first)
    said = [
        attention.title if attention.title.endswith((".", "?", "!")) else f"{attention.title}.",
        f"Most attention of {values.size:,} {noun}s: {most}.",
        f"Uniform would be {precise_percent(attention.uniform)} each.",
    ]
    if attention.latent_share or attention.query_share:
        stayed = f"{precise_percent(attention.latent_share)} stayed on the learned latent array"
        said.append(f"{stayed}, {precise_percent(attention.query_share)} on the output query.")
    if scale == "log":
        said.append("Colors show log10 of share times number, 0 being uniform.")
    return " ".join(said)


def most_attended(attention: AttentionMap) -> str:
    """Where the largest share is, and how much more than uniform: over a grid of inputs, or over latents."""
    highest = int(np.argmax(attention.values))
    times = f"{multiple(relative(attention, 'linear').flat[highest])} times uniform"
    if attention.values.ndim == 1:
        return f"most attention on latent {highest} of {attention.values.size:,}: {times}"
    rows, columns = attention.values.shape
    where = place_in_words(highest, (rows, columns)).rpartition(", ")[0]
    return f"most attention in the {region(highest, (rows, columns))} ({where}): {times}"


def shares_in_words(attention: AttentionMap) -> str:
    """How much went to the inputs and how much stayed behind in residuals; nothing where all went to the inputs."""
    if not (attention.latent_share or attention.query_share):
        return ""
    parts = {
        "inputs": float(attention.values.sum(dtype=np.float64)),
        "learned latent array": attention.latent_share,
        "output query": attention.query_share,
    }
    return " · ".join(f"{name} {precise_percent(share)}" for name, share in parts.items() if share)
