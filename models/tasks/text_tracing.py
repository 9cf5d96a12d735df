"""From a probe to a map of attention for a Perceiver AR: what a written token was read from."""

import torch
from torch import Tensor

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_provenance import cross_rows, follow, rollout, self_rows
from models.schema import AttentionMap, Probe


def trace_token(model: PerceiverAr, before: Tensor, prefix: int, probe: Probe, output: str) -> AttentionMap:
    """before: what was read when the token was predicted, int64 [1, prefix + latents]; its last latent predicted it.

    output: the token's name, for the title.
    """
    followed = follow(model, before, prefix)
    latent = torch.tensor([followed.latents - 1], device=before.device)
    latent_share = query_share = 0.0
    match probe.method:
        case "rollout":
            found = rollout(model, followed, latent)
            values, title = found.inputs[0], "Attention roll-out, mean of heads, all layers"
            latent_share, query_share = found.latent_share[0].item(), found.query_share[0].item()
        case "decoder":
            values = _of_head(self_rows(model, followed, len(model.layers) - 1, latent), probe)
            title = f"Last self-attention layer over the latents, {_head(probe)}"
        case "encoder":
            values = _of_head(cross_rows(model, followed, latent), probe)
            title = f"Cross-attention over prefix and latents, {_head(probe)}"
    return AttentionMap(
        values=values.float().cpu().numpy().copy(),
        latent_share=latent_share,
        query_share=query_share,
        uniform=1 / len(values),
        method=probe.method,
        title=f"{title}: {output}",
    )


def _of_head(rows: Tensor, probe: Probe) -> Tensor:
    """[1, H, K] -> [K]."""
    return rows[0].mean(dim=0) if probe.head is None else rows[0, probe.head]


def _head(probe: Probe) -> str:
    return "mean of heads" if probe.head is None else f"head {probe.head}"
