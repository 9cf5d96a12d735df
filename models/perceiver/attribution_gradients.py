"""Attribution by gradients of the log-odds of an output. They need no map of attention in memory.

Shapes: M encoder inputs, C channels, N latents, H heads, Q queries, K keys.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers.models.perceiver.modeling_perceiver import PerceiverLayer

from models.perceiver.attention import after_attention, attend, sliced_attention_rows
from models.perceiver.attribution import Explained, Found, from_latents, log_odds
from models.perceiver.engine import (
    basic_decoder,
    decoder_queries,
    perceiver_of,
    read_into_latents,
    self_attention_layers,
    task_outputs,
)
from models.perceiver.linear import linear

STEPS = 20
"""Points on the path of integrated gradients: within 1% of completeness for the demo models."""
SCALE = 2.0**64
"""Factor of what is differentiated. Without it, sharp attention has denormal gradients, with which CPUs take up to 100
times longer."""
GRADIENT_BYTES = 512 * 2**20
"""Most bytes of activations that are kept for gradients, unless one run has more."""
_KEPT = 16
"""Activations that a layer keeps for its gradient, relative to its input."""


@contextmanager
def gradients() -> Iterator[None]:
    """Within inference mode as well. Tensors that were made in it have to be cloned."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


def gradient_x_input(explained: Explained) -> Found:
    """Gradient times the difference of the input from the baseline, summed over channels."""
    from captum.attr import InputXGradient  # here, since captum imports matplotlib

    with gradients():
        inputs, baseline = explained.encoded.inputs, explained.baseline
        by_difference = InputXGradient(lambda difference: SCALE * explained.log_odds(baseline + difference))
        values = by_difference.attribute((inputs - baseline).requires_grad_()) / SCALE
    return Found(explained.in_units(values.detach().sum(dim=-1)[0]))


def integrated_gradients(explained: Explained) -> Found:
    """Gradients along the straight path from the baseline (Sundararajan et al. 2017), at the encoder inputs."""
    return Found(
        explained.in_units(_integrated(explained, explained.log_odds, explained.encoded.inputs, explained.baseline))
    )


def latent_integrated_gradients(explained: Explained) -> Found:
    """The same at the latents before the self-attention layers; encoder attention carries it to the inputs."""
    model = explained.model
    latents, baseline = (
        read_into_latents(model, each, None) for each in (explained.encoded.inputs, explained.baseline)
    )
    return from_latents(explained, _integrated(explained, explained.log_odds_from, latents, baseline))


def attention_x_gradient(explained: Explained) -> Found:
    """Relevance by attention times its gradient (Chefer et al. 2021, the rules for encoder-decoder attention).

    With A' = mean over heads of max(0, gradient of A * A), the relevance of the inputs is that of the decoder's A', led
    back through each self-attention layer by I + A' and through the encoder by A'. A Perceiver has no self-attention
    among inputs or among outputs, so that their own relevance is the identity.
    """
    *layers, decoder = _differentiated(explained)
    encoder, *layers = layers
    relevance = _relevant(decoder, torch.ones(1, 1, device=decoder.hidden.device))
    for layer in reversed(layers):
        relevance = relevance + _relevant(layer, relevance)
    return Found(explained.in_units(_relevant(encoder, relevance)[0]))


BY_GRADIENT: Mapping[str, Callable[[Explained], Found]] = {
    "attention_x_gradient": attention_x_gradient,
    "gradient_x_input": gradient_x_input,
    "integrated_gradients": integrated_gradients,
    "latent_integrated_gradients": latent_integrated_gradients,
}


def _integrated(explained: Explained, function: Callable[[Tensor], Tensor], inputs: Tensor, baseline: Tensor) -> Tensor:
    """Summed over channels: [1, K, C] -> [K]."""
    from captum.attr import IntegratedGradients  # here, since captum imports matplotlib

    layers, latents = len(self_attention_layers(explained.model)), explained.encoded.latents
    at_once = max(1, min(STEPS, GRADIENT_BYTES // (layers * _KEPT * latents.nbytes + _KEPT * inputs.nbytes)))
    with gradients():
        values = IntegratedGradients(lambda each: SCALE * function(each)).attribute(
            inputs.clone(), baseline.clone(), n_steps=STEPS, internal_batch_size=at_once
        )
    return (values.detach() / SCALE).float().sum(dim=-1)[0]


@dataclass(frozen=True, slots=True)
class _Attended:
    """A layer, its queries [1, Q, q_dim], the inputs of a cross-attention, and the gradient of its attention output."""

    layer: PerceiverLayer
    hidden: Tensor
    inputs: Tensor | None
    gradient: Tensor


def _differentiated(explained: Explained) -> list[_Attended]:
    """The encoder cross-attention, each self-attention layer, and the decoder cross-attention."""
    model = explained.model
    perceiver, decoder = perceiver_of(model), basic_decoder(model)
    with gradients():
        inputs = explained.encoded.inputs.clone().requires_grad_()
        seen: list[tuple[PerceiverLayer, Tensor, Tensor | None]] = []
        outputs: list[Tensor] = []

        def run(layer: PerceiverLayer, hidden: Tensor, source: Tensor | None = None) -> Tensor:
            seen.append((layer, hidden, source))
            outputs.append(attend(layer.attention, hidden, source))
            return after_attention(layer, hidden, outputs[-1])

        latents = run(perceiver.encoder.cross_attention, perceiver.embeddings(batch_size=1), inputs)
        for layer in self_attention_layers(model):
            latents = run(layer, latents)
        queries = decoder_queries(model, explained.encoded, explained.output)
        answers = decoder.final_layer(run(decoder.decoding_cross_attention, queries, latents))
        logits = task_outputs(model, explained.encoded, explained.output, answers).float().reshape(1, -1)
        found = torch.autograd.grad(SCALE * log_odds(logits, explained.question.predicted).sum(), outputs)
    return [_Attended(*each, gradient / SCALE) for each, gradient in zip(seen, found, strict=True)]


@torch.no_grad()
def _relevant(attended: _Attended, relevance: Tensor) -> Tensor:
    """Relevance of queries, led to the keys: [1, Q] -> [1, K], in slices of the map."""
    attention, hidden, inputs = attended.layer.attention, attended.hidden, attended.inputs
    inner = attention.self
    source = inner.layernorm1(hidden) if inputs is None else inner.layernorm2(inputs)
    values = _by_heads(linear(inner.value, source), inner.num_heads)
    mapped = _by_heads(attended.gradient @ attention.output.dense.weight, inner.num_heads)
    total = torch.zeros(1, source.shape[1], device=source.device)
    for rows, shares in sliced_attention_rows(inner, hidden, inputs):
        gradient = (mapped[:, :, rows] @ values.transpose(-1, -2)).float()
        total += relevance[:, rows] @ (shares * gradient).clamp(min=0).mean(dim=1)[0]
    return total


def _by_heads(x: Tensor, heads: int) -> Tensor:
    """[1, Q, H * D] -> [1, H, Q, D]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)
