"""What the screens about text share on attention: from the controls of a page to a probe, and their choices."""

from dataclasses import replace
from typing import TypeVar

from models.schema import (
    AvAutoencodingRequest,
    ImageClassificationRequest,
    Intervention,
    MaskedBytesRequest,
    ModelShape,
    OpticalFlowRequest,
    Probe,
    SentimentRequest,
    Target,
    TextGenerationRequest,
)
from pages.screen import Control, Update
from pages.state import TraceState

T = TypeVar("T", bound=TraceState)
Traceable = TypeVar(
    "Traceable",
    MaskedBytesRequest,
    SentimentRequest,
    ImageClassificationRequest,
    OpticalFlowRequest,
    AvAutoencodingRequest,
    TextGenerationRequest,
)
MEAN_OF_HEADS = "mean over heads"
ALL_LATENTS = "all, weighted by decoder attention"


def probe_of(state: TraceState, target: Target | None = None) -> Probe:
    """The question that the controls ask about one output; what a method does not take is left out."""
    head = None if state.method == "rollout" else state.head
    return Probe(target, state.method, head, state.latent if state.method == "encoder" else None)


def with_stages(request: Traceable, *without: Intervention) -> Traceable:
    """The same question, also for the attention of all stages, which a page draws, and for effects of interventions."""
    return replace(request, probe=request.probe and replace(request.probe, stages=True, without=without))


def trace_choices(shape: ModelShape, state: TraceState) -> Update:
    """Heads and latents of a model, and those that a state selects."""
    heads = [(_head_name(shape, head), head) for head in range(shape.cross_heads)]
    latents = range(shape.latents)
    return {
        "head": Control.choice([(MEAN_OF_HEADS, ""), *heads], state.head),
        "latent": Control.choice([(ALL_LATENTS, ""), *((str(latent), latent) for latent in latents)], state.latent),
    }


def within_model(shape: ModelShape, state: T) -> T:
    """The state without a head or latent that the model does not have."""
    head = state.head if state.head is not None and state.head < shape.cross_heads else None
    latent = state.latent if state.latent is not None and state.latent < shape.latents else None
    return state.changed(head=head, latent=latent)


def _head_name(shape: ModelShape, head: int) -> str:
    matching = head - shape.cross_heads + len(shape.matching_orders)
    return str(head) if matching < 0 else f"{head}: matches {shape.matching_orders[matching]} tokens"
