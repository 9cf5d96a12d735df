"""From a probe to an attention map of a Perceiver AR: the inputs of a generated token."""

import torch
from torch import Tensor

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_provenance import cross_rows, follow, rollout, self_rows, stages
from models.schema import AttentionMap, Probe, Stages
from models.tasks.tracing import attention_map, head_in_words


def trace_token(model: PerceiverAr, before: Tensor, prefix: int, probe: Probe, output: str) -> AttentionMap:
    """before: input when the token was predicted, int64 [1, prefix + latents]; the last latent predicts it.

    output: name of the token, for the title.
    """
    followed = follow(model, before, prefix)
    latent = torch.tensor([followed.latents - 1], device=before.device)
    latent_share = query_share = 0.0
    match probe.method:
        case "rollout":
            found = rollout(model, followed, latent)
            values, title = found.inputs[0], "Attention rollout, mean over heads"
            latent_share, query_share = found.latent_share[0].item(), found.query_share[0].item()
        case "decoder":
            values = _of_head(self_rows(model, followed, len(model.layers) - 1, latent), probe)
            title = f"Last self-attention layer over the latents, {head_in_words(probe)}"
        case "encoder":
            values = _of_head(cross_rows(model, followed, latent), probe)
            title = f"Cross-attention over prefix and latents, {head_in_words(probe)}"
    return attention_map(values, probe, f"{title}: {output}", latent_share, query_share)


def stages_of_tokens(model: PerceiverAr, before: Tensor, prefix: int, outputs: int) -> Stages:
    """The stages of this many tokens in a row. before: input when the last of them was predicted."""
    followed = follow(model, before, prefix)
    latents = torch.arange(followed.latents - outputs, followed.latents, device=before.device)
    return stages(model, followed, latents)


def _of_head(rows: Tensor, probe: Probe) -> Tensor:
    """[1, H, K] -> [K]."""
    return rows[0].mean(dim=0) if probe.head is None else rows[0, probe.head]
