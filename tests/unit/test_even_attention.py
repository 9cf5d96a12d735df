"""An even map has the level that every picture marks as uniform, whatever the method and what residuals keep."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from components.scale.attention import AttentionScale, Scale, levels_of
from models.backend.local import LocalBackend
from models.schema import (
    AttentionMap,
    AvAutoencodingRequest,
    ImageClassificationRequest,
    MaskedBytesRequest,
    OpticalFlowRequest,
    Probe,
    SentimentRequest,
    TextGenerationRequest,
)
from tests.noisy_frames import frame
from tests.noisy_picture import PICTURE

CLIP = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
REQUESTS: dict[str, Any] = {
    "masked_bytes": MaskedBytesRequest("a short text", ((2, 7),)),
    "sentiment": SentimentRequest("a text of several words"),
    "long sentiment": SentimentRequest("so many words " * 60),
    "text_generation": TextGenerationRequest("a prompt", num_latents=3, max_new_tokens=2),
    "learned": ImageClassificationRequest(PICTURE, "learned"),
    "conv": ImageClassificationRequest(PICTURE, "conv"),
    "optical_flow": OpticalFlowRequest(frame(0, 30, 40), frame(1, 30, 40)),
    "av_autoencoding": AvAutoencodingRequest(CLIP, 10.0, np.zeros(2000, np.float32), 4000),
}
METHODS = ("encoder", "decoder", "rollout")
SCALES: tuple[Scale, ...] = ("share", "relative", "log")


def even(attention: AttentionMap) -> AttentionMap:
    """The same total, spread evenly over all values."""
    shares = np.full(attention.values.shape, attention.values.sum(dtype=np.float64) / attention.values.size)
    return replace(attention, values=shares.astype(np.float32))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task", REQUESTS)
def test_an_even_map_reads_one_times_uniform(service: LocalBackend, task: str, method: Any):
    attention = service.run(replace(REQUESTS[task], probe=Probe(method=method))).attention
    spread = even(attention)
    if method == "rollout":
        assert spread.uniform * spread.values.size < 0.95  # residuals keep a part
    np.testing.assert_allclose(levels_of(spread, "relative"), 1, rtol=1e-6)
    np.testing.assert_allclose(levels_of(spread, "log"), 0, atol=1e-6)
    for scale in SCALES:
        colors = AttentionScale.of([attention], scale)
        expected = colors.fills(np.full(spread.values.shape, colors.uniform))
        found = colors.fills(levels_of(spread, scale)).astype(int)
        np.testing.assert_allclose(found, expected, atol=2)  # a step of the color map
