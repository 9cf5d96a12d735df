"""What trains a small Perceiver, as plain code: the script that a visitor copies contains the source of this file."""

import numpy as np
import torch
from torch.nn import functional as F
from transformers.models.perceiver.modeling_perceiver import (
    PerceiverBasicVideoAutoencodingDecoder,
    PerceiverDecoderOutput,
    PerceiverOneHotPreprocessor,
    PerceiverProjectionDecoder,
)


class OneHotPreprocessor(PerceiverOneHotPreprocessor):
    """`PerceiverModel` passes `interpolate_pos_encoding`, which the class of transformers does not take."""

    def forward(self, inputs, pos=None, network_input_is_1d=True, interpolate_pos_encoding=False):
        return super().forward(inputs, pos, network_input_is_1d)


class ProjectionDecoder(PerceiverProjectionDecoder):
    """`PerceiverModel` passes `output_attentions` and expects a `PerceiverDecoderOutput`. There are no queries."""

    @property
    def num_query_channels(self):
        return 0

    def forward(self, query, z, query_mask=None, output_attentions=False):
        return PerceiverDecoderOutput(logits=super().forward(query, z))


class VideoAutoencodingDecoder(PerceiverBasicVideoAutoencodingDecoder):
    """`PerceiverModel` passes `output_attentions`."""

    def forward(self, query, z, query_mask=None, output_attentions=False):
        found = self.decoder(query, z, output_attentions=output_attentions)
        logits = found.logits.unflatten(1, self.output_shape[1:])
        return PerceiverDecoderOutput(logits=logits, cross_attentions=found.cross_attentions)


@torch.no_grad()
def start_weights(model, std, seed, no_positions=False):
    """Weights with a standard deviation of 1 / sqrt(inputs), zero biases, and `std` for latents, letters and positions.

    no_positions: positions are zero and stay so.
    """
    draws = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            parameter.fill_(0.0 if name.endswith("bias") else 1.0)
        elif "embeddings" in name or not name.endswith("weight"):
            parameter.normal_(0, std, generator=draws)
        else:
            parameter.normal_(0, parameter[0].numel() ** -0.5, generator=draws)
        if no_positions and name.startswith("input_preprocessor") and "position_embeddings" in name:
            parameter.zero_().requires_grad_(False)


def batch_rows(step, rows, batch_size, seed):
    """Indices of the examples of a step, counted from 1: each epoch has an order of its own."""
    batch_size = min(batch_size, rows)
    epoch, number = divmod(step - 1, rows // batch_size)
    order = np.random.default_rng([seed, epoch]).permutation(rows)
    return order[number * batch_size : (number + 1) * batch_size]


def by_output(logits, shapes):
    """Logits by name of the output, [B, *shape]; those of patches become an image."""
    if not isinstance(logits, dict):
        return {name: logits.reshape(-1, *shape) for name, shape in shapes.items()}
    found = {}
    for name, shape in shapes.items():
        values = logits[name]
        if name == "image":
            height, width, channels = shape
            side = round((values.shape[2] / channels) ** 0.5)
            values = values.reshape(-1, height // side, width // side, side, side, channels).transpose(2, 3)
        found[name] = values.reshape(-1, *shape)
    return found


def loss_of(outputs, targets):
    """Cross-entropy of classes and letters, and the mean squared error of numbers that are known; their sum."""
    losses = []
    for name, values in outputs.items():
        target = targets[name]
        if name in ("label", "letters"):
            losses.append(F.cross_entropy(values.flatten(0, -2), target.flatten()))
        else:
            known = target.isfinite()
            losses.append(F.mse_loss(values[known], target[known]))
    return torch.stack(losses).sum()
