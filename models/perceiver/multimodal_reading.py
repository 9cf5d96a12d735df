"""Several modalities as one array of inputs, as transformers reads them, without multiplying all of it by masks.

`PerceiverMultimodalPreprocessor` multiplies every input by how far it is masked, also where nothing is or everything,
and does so in float32, so that a model of less precision fails. At the size of the published autoencoder, where only
the label is masked, that is half of the memory that reading takes.
"""

import copy
from collections.abc import Mapping

from torch import Tensor
from transformers.models.perceiver.modeling_perceiver import PerceiverMultimodalPreprocessor, restructure

Read = tuple[Tensor, Mapping[str, int], Mapping[str, Tensor]]


def read_modalities(preprocessor: PerceiverMultimodalPreprocessor, inputs: Mapping[str, Tensor]) -> Read:
    """The preprocessor's own answer: inputs [B, M, C], how many are of each modality, and those without positions."""
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
