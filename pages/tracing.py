"""What screens share about attention: from the controls of a page to a probe, and the choices of these controls."""

from typing import Any

from models.schema import Method, ModelShape, Probe
from pages.screen import Control, Update

CAVEAT = (
    "Attention is not by itself an explanation. A map of the encoder leaves out the self-attention layers. Rollout "
    "composes all layers, counts each residual connection as half, and reports separately what stayed on the learned "
    "latent array and on the output query."
)
MEAN_OF_HEADS = "mean of heads"
ALL_LATENTS = "all, weighted by decoder attention"


def probe(target: Any, method: Method, head: int | None = None, latent: int | None = None) -> Probe:
    """The question that the controls ask about one output; what a method does not take is left out."""
    return Probe(target, method, None if method == "rollout" else head, latent if method == "encoder" else None)


def head_choices(shape: ModelShape) -> list[tuple[str, object]]:
    return [(MEAN_OF_HEADS, ""), *((str(head), head) for head in range(shape.cross_heads))]


def latent_choices(shape: ModelShape) -> list[tuple[str, object]]:
    return [(ALL_LATENTS, ""), *((str(latent), latent) for latent in range(shape.latents))]


def fit_to_model(shape: ModelShape, head: int | None = None, latent: int | None = None) -> Update:
    """Head and latent for a model, which may have more or fewer of them."""
    return {
        "head": Control.of(choices=head_choices(shape), value="" if head is None else head),
        "latent": Control.of(choices=latent_choices(shape), value="" if latent is None else latent),
    }


def within_model(shape: ModelShape, head: int | None, latent: int | None) -> dict[str, int | None]:
    """Head and latent of a link, or None where the model does not have them."""
    return {
        "head": head if head is not None and head < shape.cross_heads else None,
        "latent": latent if latent is not None and latent < shape.latents else None,
    }
