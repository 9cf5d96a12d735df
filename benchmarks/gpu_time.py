"""The cost of requests to the original models, as ZeroGPU learns it beforehand, next to what they take on this machine.

python -m benchmarks.gpu_time

Random weights of the published sizes, one run each. On a CPU the estimate is that of `Cost.seconds`, on a GPU that of
`ZeroGpu.seconds` without the start of the process. Prints a table and, as its last line, the same as JSON.
"""

import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.start import print_machine, random_model
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.backend.zero_gpu import MARGIN, PASS_SECONDS, SPEEDUP
from models.perceiver.ar_config import PerceiverArConfig
from models.perceiver.checkpoints import Checkpoint, config_of
from models.schema import (
    AvAutoencodingRequest,
    FineTuneRequest,
    ImageClassificationRequest,
    MaskedBytesRequest,
    OpticalFlowRequest,
    SentimentRequest,
    TextGenerationRequest,
)
from models.schema.text_generation import BYTE_VOCABULARY
from models.tasks import TASKS

FACTOR = 2.0
"""Target: estimates are within this factor of the time that was taken."""
SENTENCE = "This is an incomplete sentence where some words are missing."
NOISE = np.random.default_rng(0)


def noise(height: int, width: int) -> Image.Image:
    return Image.fromarray(NOISE.integers(0, 256, (height, width, 3), np.uint8))


def clip(frames: int) -> tuple[Any, ...]:
    return NOISE.integers(0, 256, (frames, 224, 224, 3), np.uint8), 25.0, np.zeros(0, np.float32), 48_000


ROWS = tuple((f"{SENTENCE} {number}", "ab"[number % 2]) for number in range(8))
REQUESTS: dict[str, Any] = {
    "masked bytes, 60 bytes": MaskedBytesRequest(SENTENCE, ((51, 60),)),
    "masked bytes, 2,040 bytes": MaskedBytesRequest(SENTENCE * 34, ((51, 60),)),
    "masked bytes, iterative": MaskedBytesRequest(SENTENCE, ((51, 60),), decoding="iterative"),
    "sentiment": SentimentRequest(SENTENCE),
    "sentiment, leave-one-out": SentimentRequest(SENTENCE, occlude=True),
    "fine-tuning, 8 rows": FineTuneRequest(ROWS, epochs=2, frozen=True),
    "text generation, 20 tokens": TextGenerationRequest(SENTENCE, max_new_tokens=20, do_sample=False),
    "text generation, 200 tokens": TextGenerationRequest(SENTENCE, max_new_tokens=200, do_sample=False),
    **{
        f"image, {variant}": ImageClassificationRequest(noise(224, 224), variant)
        for variant in ("learned", "fourier", "conv")
    },
    "optical flow, one tile": OpticalFlowRequest(noise(368, 496), noise(368, 496)),
    "optical flow, 640x480": OpticalFlowRequest(noise(480, 640), noise(480, 640)),
    "audio-video, 16 frames": AvAutoencodingRequest(*clip(16)),
    "audio-video, 48 frames": AvAutoencodingRequest(*clip(48)),
}


def load(checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype, _: Any) -> Any:
    config = config_of(checkpoint)
    if isinstance(config, PerceiverArConfig):
        config = replace(config, vocab_size=BYTE_VOCABULARY)  # so that it needs no tokenizer from the hub
    return random_model(checkpoint.model, config).to(device, dtype)


def estimate(backend: LocalBackend, request: Any) -> float:
    cost = next(task for task in TASKS if isinstance(request, task.request)).cost(request)
    if backend.device.type == "cpu":
        return cost.seconds
    return MARGIN * max(cost.seconds / SPEEDUP, cost.passes * PASS_SECONDS)


def measured(backend: LocalBackend) -> dict[str, dict[str, float]]:
    found = {}
    for name, request in REQUESTS.items():
        published = replace(request, weights="published")
        task = next(task for task in TASKS if isinstance(request, task.request))
        with backend.load(task.checkpoint("published", getattr(request, "variant", ""))):
            began = time.perf_counter()
            backend.run(published)
            taken = time.perf_counter() - began
        found[name] = {"estimate": estimate(backend, published), "taken": taken}
        print(
            f"| {name} | {found[name]['estimate']:.2f} | {taken:.2f} | {found[name]['estimate'] / taken:.2f} |",
            flush=True,
        )
    return found


def main() -> None:
    print_machine()
    print("| request | estimate, s | taken, s | estimate / taken |\n| --- | ---: | ---: | ---: |")
    found = measured(LocalBackend(Settings(latent_cache_mib=0, model_cache_mib=0), load))
    ratios = [each["estimate"] / each["taken"] for each in found.values()]
    met = all(1 / FACTOR <= ratio <= FACTOR for ratio in ratios)
    print(f"\ntarget, a factor of {FACTOR:g}: {'met' if met else 'missed'}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
