"""From a probe to an attention map, the same for all tasks but text generation."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from models.perceiver.engine import Encoded, Wanted, basic_decoder, perceiver_of, to_numpy
from models.perceiver.provenance import decoder_rows, encoder_rows, read_through_encoder, rollout
from models.perceiver.stages import stages
from models.schema import AttentionMap, InputError, Probe
from models.tasks.effects import effects_of
from models.tasks.task import Loaded


def trace(
    loaded: Loaded,
    encoded: Encoded,
    probe: Probe,
    wanted: Wanted,
    output: str,
    outputs: Wanted = None,
    predicted: Sequence[int] = (),
) -> AttentionMap:
    """The attention map of one output.

    wanted: the output, as its first index; see `engine.decoder_queries`.
    output: its name, for the title.
    outputs: whose attention `Stages` has; None for the one output.
    predicted: the class that each of them predicts, for `Effects`.

    Raises InputError for a head or latent that the model does not have.
    """
    _check(loaded, probe)
    if isinstance(wanted, Tensor):
        wanted = wanted.to(encoded.latents.device)
    latent_share = query_share = 0.0
    match probe.method:
        case "rollout":
            found = rollout(loaded.model, encoded, wanted)
            values, title = found.inputs[0], "Attention rollout, mean over heads"
            latent_share, query_share = found.latent_share[0].item(), found.query_share[0].item()
        case "decoder":
            values = decoder_rows(loaded.model, encoded, wanted, probe.head)[0]
            title = f"Decoder cross-attention over the latents, {head_in_words(probe)}"
        case "encoder" if probe.latent is not None:
            values = encoder_rows(loaded.model, encoded, slice(probe.latent, probe.latent + 1), probe.head)[0]
            title = f"Encoder cross-attention of latent {probe.latent}, {head_in_words(probe)}"
        case "encoder" if not probe.weighted:
            latents = perceiver_of(loaded.model).config.num_latents
            weights = torch.full((1, latents), 1 / latents, device=encoded.latents.device)
            values = read_through_encoder(loaded.model, encoded, weights, probe.head)[0]
            title = f"Encoder cross-attention, {head_in_words(probe)}, mean over latents"
        case _:
            weights = decoder_rows(loaded.model, encoded, wanted)
            values = read_through_encoder(loaded.model, encoded, weights, probe.head)[0]
            title = f"Encoder cross-attention, {head_in_words(probe)}, latents weighted by decoder attention"
    title = f"{title}: {output}" if _is_of_the_output(probe) else title
    attention = attention_map(values, probe, title, latent_share, query_share)
    if not probe.stages:
        return attention
    outputs = wanted if outputs is None else outputs
    found = stages(loaded.model, encoded, outputs)
    if predicted:
        found = replace(found, effects=effects_of(probe.without, loaded, encoded, outputs, predicted, found))
    return replace(attention, stages=found)


def attention_map(
    values: Tensor, probe: Probe, title: str, latent_share: float = 0.0, query_share: float = 0.0
) -> AttentionMap:
    """values: [K], shares of attention, on any device."""
    return AttentionMap(
        values=to_numpy(values),
        latent_share=latent_share,
        query_share=query_share,
        method=probe.method,
        title=title,
        head=probe.head,
        latent=probe.latent if probe.method == "encoder" else None,
    )


def _is_of_the_output(probe: Probe) -> bool:
    """Whether the map depends on the output. The encoder maps of single latents and of their mean do not."""
    return probe.method != "encoder" or (probe.latent is None and probe.weighted)


def head_in_words(probe: Probe) -> str:
    return "mean over heads" if probe.head is None else f"head {probe.head}"


def _check(loaded: Loaded, probe: Probe) -> None:
    if probe.method not in ("encoder", "decoder", "rollout"):
        raise InputError(f"The method must be encoder, decoder or rollout, not {probe.method!r}.")
    perceiver = perceiver_of(loaded.model)
    if probe.method == "rollout" and probe.head is not None:
        raise InputError("Rollout uses the mean over heads. Do not set a head, or choose another method.")
    decoder = basic_decoder(loaded.model).decoding_cross_attention
    layer = decoder if probe.method == "decoder" else perceiver.encoder.cross_attention
    heads = layer.attention.self.num_heads
    if probe.head is not None and not 0 <= probe.head < heads:
        raise InputError(f"There is no head {probe.head}. This attention has heads 0 to {heads - 1}.")
    latents = perceiver.config.num_latents
    if probe.latent is not None and not 0 <= probe.latent < latents:
        raise InputError(f"There is no latent {probe.latent}. The model has latents 0 to {latents - 1}.")
