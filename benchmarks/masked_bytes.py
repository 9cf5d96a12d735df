"""Masked bytes at the published size, random weights: the call of transformers against `LocalBackend.run`.

python -m benchmarks.masked_bytes

Prints a table and, as its last line, the same as JSON. The reference is the example in the documentation of the model:
the text padded to 2048, the whole model, logits of all positions. Ours answers the same request with the same weights.
"""

import json
from dataclasses import replace
from typing import Any

import torch
from transformers import PerceiverForMaskedLM, PerceiverTokenizer

from benchmarks.start import print_machine, random_model
from benchmarks.timing import medians
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.byte_text import read_text
from models.perceiver.checkpoints import PUBLISHED
from models.perceiver.engine import decode, encode
from models.schema import ByteAt, MaskedBytesRequest, Probe
from models.tasks.byte_tokens import FIRST_BYTE, MASK, token_ids

TEXT = "This is an incomplete sentence where some words are missing."
REQUEST = MaskedBytesRequest(TEXT, ((51, 60),), weights="published")
HIDDEN = slice(52, 61)  # as tokens: shifted by [CLS]
LATENTS_MIB = 256
TOLERANCE = 1e-4


def build() -> PerceiverForMaskedLM:
    return random_model(PerceiverForMaskedLM, PUBLISHED["deepmind/language-perceiver"])


@torch.inference_mode()
def reference(model: PerceiverForMaskedLM) -> torch.Tensor:
    """The call of transformers, padded to 2048: logits [9, 262] at the masked bytes."""
    inputs = PerceiverTokenizer()(TEXT, padding="max_length", return_tensors="pt")
    inputs["input_ids"][0, HIDDEN] = MASK
    return model(**inputs).logits[0, HIDDEN]


@torch.inference_mode()
def ours(model: PerceiverForMaskedLM) -> torch.Tensor:
    encoded = encode(model, token_ids(read_text(TEXT, REQUEST.mask)))
    return decode(model, encoded, torch.arange(HIDDEN.start, HIDDEN.stop))[0]


def service(model: PerceiverForMaskedLM, dtype: str = "float32", latents_mib: int = 0) -> LocalBackend:
    """A backend that holds this model. With latents_mib=0, no request finds cached latents."""
    settings = Settings(device="cpu", dtype=dtype, latent_cache_mib=latents_mib)
    return LocalBackend(settings, lambda *_: model)


def main() -> None:
    model = build()
    expected = reference(model)
    apart = (expected - ours(model)).abs().max().item()
    first, remembers = service(model), service(model, latents_mib=LATENTS_MIB)
    check(expected, apart, first)
    remembers.run(REQUEST)
    another = replace(REQUEST, top_k=10, probe=Probe(ByteAt(55), "decoder"))
    calls: dict[str, Any] = {
        "transformers, padded to 2048": lambda: reference(model),
        "service.run, float32": lambda: first.run(REQUEST),
        "service.run, second request for the same text": lambda: remembers.run(another),
    }
    seconds = medians(calls)
    if bfloat16_is_fast():
        half = service(build().bfloat16(), "bfloat16")
        seconds |= medians({"service.run, bfloat16": lambda: half.run(REQUEST)})
    report(seconds, apart, expected.std().item())


def check(expected: torch.Tensor, apart: float, service: LocalBackend) -> None:
    """Stops the run unless the logits of the engine and the candidates of the backend agree."""
    result = service.run(REQUEST)
    probabilities, candidates = expected.softmax(dim=-1)[:, FIRST_BYTE:].topk(REQUEST.top_k)
    if apart > TOLERANCE or not torch.equal(candidates, torch.from_numpy(result.candidates).long()):
        raise SystemExit(f"the results differ: logits by {apart:.1e}")
    torch.testing.assert_close(torch.from_numpy(result.probabilities), probabilities, atol=TOLERANCE, rtol=0)


def bfloat16_is_fast() -> bool:
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def report(seconds: dict[str, float], apart: float, spread: float) -> None:
    slowest = seconds["transformers, padded to 2048"]
    print_machine()
    print(f"largest difference of the logits at the masked bytes: {apart:.1e} (standard deviation: {spread:.1e})")
    print("\n| call | seconds | speedup |\n| --- | ---: | ---: |")
    for name, time in seconds.items():
        print(f"| {name} | {time:.3f} | {slowest / time:.2f} |")
    print(json.dumps({"seconds": seconds, "largest_difference": apart}))


if __name__ == "__main__":
    main()
