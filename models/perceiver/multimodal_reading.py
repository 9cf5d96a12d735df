"""Concatenates several modalities into one array of inputs, as transformers does, without multiplying it by masks.

`PerceiverMultimodalPreprocessor` multiplies every input by its mask, even if nothing or everything is masked, and in
float32, so that a half-precision model fails. For the published autoencoder, which masks only the label, that is half
of the memory of the encoder.
"""

import copy
from collections.abc import Mapping

from torch import Tensor
from transformers.models.perceiver.modeling_perceiver import PerceiverMultimodalPreprocessor, restructure

Read = tuple[Tensor, Mapping[str, int], Mapping[str, Tensor]]


def read_modalities(preprocessor: PerceiverMultimodalPreprocessor, inputs: Mapping[str, Tensor]) -> Read:
    """The result of the preprocessor: inputs [B, M, C], number of inputs per modality, and inputs without positions."""
    shares = preprocessor.mask_probs
    if any(0 < share < 1 for share in shares.values()):
        return preprocessor(inputs)
    unmasked = copy.copy(preprocessor)
    unmasked.mask_probs = {}
    read, sizes, without_pos = unmasked(inputs)
    for name, part in restructure(sizes, read).items():
        if shares.get(name) == 1:
            part.copy_(preprocessor.mask[name].expand_as(part))
    return read, sizes, without_pos
