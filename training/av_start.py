"""An initialization from which the small multimodal Perceiver learns to reconstruct clips within minutes.

Each latent starts with the Fourier features of a position in the video or the audio, and each head of the encoder
cross-attention reads one moment of its part of the clip. A query starts by reading the latent whose part contains it.
All weights start with std fan_in^-0.5, and the first outputs are close to gray and silence.
"""

import math

import torch
from torch import Tensor, nn
from transformers import PerceiverConfig
from transformers.models.perceiver.modeling_perceiver import PerceiverSelfAttention

from models.perceiver.engine import basic_decoder
from models.perceiver.multimodal_inputs import KIND, SPECTRUM
from models.perceiver.multimodal_places import BANDS, FREQUENCIES, PLACE, START, middles, place_features
from models.perceiver.patch_multimodal import PerceiverForPatchMultimodal

EMPHASIS = {1: 2.0, 2: 1.5}
"""Factors of the lowest frequencies: all others repeat within half a clip."""
KINDS = {"audio": (1, 1, 0, 0, 0, 0), "image": (0, 0, 1, 1, 0, 0), "label": (0, 0, 0, 0, 1, 1)}
"""Encodes the modality of an input, a latent or a query, times LOUD."""
LOUD = 2.0
SHARP = 1.6
"""Scale of the initial scores for each frequency: a head reads little more than one frame or patch."""
CONTENT = 0.35
"""Scale of the content of an input: at 1, the layer norm would amplify the positions of plain inputs."""
INPUT_DEVIATION = 0.34
"""Approximate deviation of the channels of an input, before the layer norm."""
READ, ADDED = 0.4, 0.15
"""Initial scale of what the encoder and each layer add to a latent, for the same reason."""
PLAIN = 0.35
"""Scale of the mean color of an input relative to its other patterns."""
LATENT_DEVIATION = 0.7
"""Approximate deviation of the channels of a latent after the encoder."""


@torch.no_grad()
def multimodal_start(model: PerceiverForPatchMultimodal) -> None:
    """Initializes the model in place."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            module.weight.normal_(std=module.in_features**-0.5)
            module.bias.zero_()
    perceiver, config = model.perceiver, model.config
    latents = perceiver.embeddings.latents
    _settle(latents, config.video_latents, config.sound_latents)
    for holder in (perceiver.input_preprocessor, perceiver.decoder):
        for name, padding in holder.padding.items():
            padding.normal_(std=0.1)
            padding[:, -KIND:] = _kind(name)
    _begin_reading(model, latents.std(dim=1).mean().item())
    queries = perceiver.decoder.decoder_query(torch.zeros(1, 3, 1), dict.fromkeys(KINDS, 1))
    coarse = _weights({"audio": [config.sound_latents], "image": config.video_latents})
    asking = basic_decoder(model).decoding_cross_attention.attention.self
    _ask(asking, coarse, SHARP, queries.std(dim=-1).mean().item() * LATENT_DEVIATION)
    for layer in perceiver.encoder.self_attends:
        layer.attention.self.query.weight.mul_(0.3)
        layer.attention.self.key.weight.mul_(0.3)
    for layer in (perceiver.encoder.cross_attention, *perceiver.encoder.self_attends):
        for writing in (layer.attention.output.dense, layer.mlp.dense2):
            writing.weight.mul_(ADDED)
            writing.weight[: PLACE + KIND].mul_(0.2)  # a latent keeps its position
    perceiver.encoder.cross_attention.attention.output.dense.weight.mul_(READ / ADDED)
    for name in ("image", "audio"):
        gates = perceiver.output_postprocessor.modalities[name].gated.bias
        gates[len(gates) // 2 :] = 1.0  # open: otherwise outputs would be products of contents, without a sign
    answering = perceiver.output_postprocessor.modalities
    answering["image"].final_layer.weight.mul_(0.1)
    answering["image"].final_layer.bias.fill_(0.5)
    answering["audio"].final_layer.weight.mul_(0.1)
    answering["label"].classifier.weight.mul_(0.1)


def _begin_reading(model: PerceiverForPatchMultimodal, deviation: float) -> None:
    """The encoder cross-attention and its inputs.

    deviation: of the channels of a latent.
    """
    perceiver, config = model.perceiver, model.config
    attention = perceiver.encoder.cross_attention.attention.self
    offsets = _offsets(attention.num_heads, config.video_latents[0], config.sound_latents)
    _look(attention, offsets, SHARP, deviation * INPUT_DEVIATION)
    size = attention.v_channels_per_head
    attention.value.weight.mul_(0.1)
    for head in range(attention.num_heads):
        attention.value.weight[head * size : (head + 1) * size, :size] += torch.eye(size)
    reading = perceiver.input_preprocessor.modalities
    reading["audio"].features.weight.mul_(0.5)
    reading["audio"].features.weight[:size] = _slow_waves(config, size)
    reading["image"].features.weight.mul_(0.5)
    reading["image"].features.weight[:size] = _smooth_patterns(config, size)
    for name in ("audio", "image"):
        reading[name].features.weight.mul_(CONTENT)


def _slow_waves(config: PerceiverConfig, count: int) -> Tensor:
    """[count, samples + SPECTRUM]: the slowest cosines over the samples of an input."""
    waves = _cosines(config.input_samples)[:count]
    return torch.cat([waves, torch.zeros(len(waves), SPECTRUM)], dim=1)


def _smooth_patterns(config: PerceiverConfig, count: int) -> Tensor:
    """[count, frames * 3 * patch²]: the smoothest patterns of each color over a patch, the same in all its frames."""
    waves, frames = _cosines(config.patch_size), config.input_frames
    order = torch.arange(len(waves))
    rows, columns = torch.cartesian_prod(order, order)[torch.argsort((order[:, None] + order).flatten(), stable=True)].T
    patterns = torch.einsum("ki,kj->kij", waves[rows], waves[columns])[: count // 3].flatten(1)
    patterns[0] *= PLAIN  # the mean color dominates, so it is scaled down
    of_colors = torch.einsum("kp,cd->kcdp", patterns, torch.eye(3)).flatten(0, 1)
    return of_colors[:, None].expand(-1, frames, -1, -1).flatten(1) * frames**-0.5


def _cosines(length: int) -> Tensor:
    """[length, length]: orthonormal rows, from slow to fast (DCT-II)."""
    waves = torch.cos(math.pi * torch.arange(length)[:, None] * (torch.arange(length) + 0.5) / length)
    return waves / waves.norm(dim=1, keepdim=True)


def _kind(modality: str) -> Tensor:
    return LOUD * torch.tensor(KINDS[modality], dtype=torch.float32)


def _settle(latents: Tensor, video: tuple[int, ...], sound: int) -> None:
    """The latents of the video, then those of the audio, then those without a position."""
    latents.normal_(std=0.3)
    homes = [("image", middles(*video)), ("audio", middles(sound))]
    first = 0
    for modality, places in homes:
        there = latents[first : first + len(places)]
        there[:, :PLACE] = place_features(places, modality)
        there[:, PLACE : PLACE + KIND] = _kind(modality)
        first += len(places)
    latents[first:, : PLACE + KIND] *= 0.1
    latents[first : first + 1, PLACE : PLACE + KIND] = _kind("label")


def _offsets(heads: int, times: int, sound: int) -> list[dict[str, Tensor]]:
    """Offset of each head from the center of the part of its latent: equal steps of time."""
    shares = (torch.arange(heads) + 0.5) / heads - 0.5
    return [{"image": torch.tensor([share / times, 0, 0]), "audio": torch.tensor([share / sound])} for share in shares]


def _look(attention: PerceiverSelfAttention, offsets: list[dict[str, Tensor]], sharp: float, factor: float) -> None:
    """Head h starts by matching the positions of the latents, shifted by offsets[h], with those of the inputs."""
    size = attention.qk_channels_per_head
    strength = math.sqrt(sharp * math.sqrt(size) * factor)
    attention.query.weight *= 0.1
    attention.key.weight *= 0.1
    weights = torch.cat([_weights(), torch.ones(KIND)])
    for head, offset in enumerate(offsets):
        rows = slice(head * size, head * size + PLACE + KIND)
        attention.query.weight[rows, : PLACE + KIND] += strength * weights[:, None] * _turn(offset)
        attention.key.weight[rows, -PLACE - KIND :] += strength * torch.eye(PLACE + KIND)


def _ask(attention: PerceiverSelfAttention, weights: Tensor, sharp: float, factor: float) -> None:
    """Every head starts by matching the positions of queries with those of latents, with weighted frequencies."""
    size = attention.qk_channels_per_head
    strength = math.sqrt(sharp * math.sqrt(size) * factor)
    attention.query.weight *= 0.1
    attention.key.weight *= 0.1
    for head in range(attention.num_heads):
        rows = torch.arange(head * size, head * size + PLACE + KIND)
        attention.query.weight[rows[:PLACE], torch.arange(PLACE)] += strength * weights
        attention.query.weight[rows[PLACE:], torch.arange(-KIND, 0)] += strength
        attention.key.weight[rows, torch.arange(PLACE + KIND)] += strength


def _weights(counts: dict[str, list[int]] | None = None) -> Tensor:
    """[PLACE]: weight of each frequency; 0 for those that are not needed to distinguish `counts` parts of an axis."""
    weights = torch.zeros(PLACE)
    for modality, axes in FREQUENCIES.items():
        enough = counts[modality] if counts else [math.inf] * len(axes)
        kept = [EMPHASIS.get(f, 1.0) * (f <= 2 * count) for axis, count in zip(axes, enough, strict=True) for f in axis]
        weights[START[modality] : START[modality] + 2 * BANDS[modality]] = torch.tensor(kept * 2)
    return weights


def _turn(offset: dict[str, Tensor]) -> Tensor:
    """The matrix [PLACE + KIND, same] that maps the features of a position to those of the shifted position."""
    turn = torch.eye(PLACE + KIND)
    for modality, start in START.items():
        axes = zip(FREQUENCIES[modality], offset[modality], strict=True)
        angle = torch.cat([math.pi * moved * torch.tensor(frequencies) for frequencies, moved in axes])
        cos, sin = torch.diag(angle.cos()), torch.diag(angle.sin())
        part = slice(start, start + 2 * BANDS[modality])
        turn[part, part] = torch.cat([torch.cat([cos, sin], dim=1), torch.cat([-sin, cos], dim=1)])
    return turn
