"""From a probe to an attention map of a Perceiver AR: the inputs of a generated token."""

import torch
from torch import Tensor

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_provenance import Activations, cross_rows, rollout, self_rows
from models.schema import AttentionMap, Probe
from models.tasks.tracing import attention_map, head_in_words


def trace_token(model: PerceiverAr, followed: Activations, latent: int, probe: Probe, output: str) -> AttentionMap:
    """The map of the token that this latent predicts, over what that latent can read.

    output: name of the token, for the title.
    """
    wanted = torch.tensor([latent], device=followed.asking.device)
    latent_share = query_share = 0.0
    match probe.method:
        case "rollout":
            found = rollout(model, followed, wanted)
            values, title = found.inputs[0], "Attention rollout, mean over heads"
            latent_share, query_share = found.latent_share[0].item(), found.query_share[0].item()
        case "decoder":
            values = _of_head(self_rows(model, followed, len(model.layers) - 1, wanted), probe)
            title = f"Last self-attention layer over the latents, {head_in_words(probe)}"
        case "encoder":
            values = _of_head(cross_rows(model, followed, wanted), probe)
            title = f"Cross-attention over prefix and latents, {head_in_words(probe)}"
    read = len(values) - (followed.latents - 1 - latent)
    return attention_map(values[:read], probe, f"{title}: {output}", latent_share, query_share)


def _of_head(rows: Tensor, probe: Probe) -> Tensor:
    """[1, H, K] -> [K]."""
    return rows[0].mean(dim=0) if probe.head is None else rows[0, probe.head]
