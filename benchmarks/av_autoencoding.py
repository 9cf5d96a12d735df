"""The multimodal autoencoder at the published size, random weights: the reference loop against `decode_video`.

python -m benchmarks.av_autoencoding

Prints a table and, as its last line, the same as JSON. The documentation of transformers runs the whole model for each
of 128 chunks of 6,272 pixels and 15 patches of audio. Two of them, the first and the last, are timed, times 64; ours is
timed on the whole clip: encoded once, then all 16 frames, the audio and the label. Before the timing, the run checks
that the results for both chunks agree.
"""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PerceiverForMultimodalAutoencoding

from benchmarks.optical_flow import measured
from benchmarks.start import print_machine, random_model
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.checkpoints import PUBLISHED
from models.perceiver.engine import Encoded, basic_decoder, decode, encode
from models.perceiver.pixel_clips import decode_video
from models.schema import AvAutoencodingRequest

CHUNKS, TIMED = 128, (0, 127)
TOLERANCE = 1e-4
FASTER, PASSES = 8, 1.5
"""Targets: speedup over the loop, and encoder passes of transformers until the first frame."""
LOOP, OURS = "transformers, two chunks", "ours, whole clip"
THEIR_PASS, OUR_PASS, FIRST = "transformers, encoder", "ours, encoder", "ours, encoder and first frame"

Answers = dict[str, Tensor]


@torch.no_grad()
def build() -> PerceiverForMultimodalAutoencoding:
    """Latents that start far apart and queries that are scaled up, so that pixels differ."""
    model = random_model(PerceiverForMultimodalAutoencoding, PUBLISHED["deepmind/multimodal-perceiver"])
    model.perceiver.embeddings.latents.normal_()
    basic_decoder(model).decoding_cross_attention.attention.self.query.weight.mul_(4)
    return model


def clip() -> Answers:
    drawn = torch.Generator().manual_seed(1)
    sound = torch.rand(1, 30720, 1, generator=drawn) * 2 - 1
    return {"image": torch.rand(1, 16, 3, 224, 224, generator=drawn), "audio": sound, "label": torch.zeros(1, 700)}


def part(whole: int, chunk: int) -> slice:
    """The outputs of a chunk, out of `whole`."""
    return slice(whole // CHUNKS * chunk, whole // CHUNKS * (chunk + 1))


@torch.inference_mode()
def reference(model: PerceiverForMultimodalAutoencoding, inputs: Answers, chunk: int) -> Answers:
    """The call of transformers for one chunk."""
    sizes = {"image": inputs["image"].numel() // 3, "audio": inputs["audio"].numel() // model.config.samples_per_patch}
    points = {name: torch.arange(size)[part(size, chunk)] for name, size in sizes.items()}
    return model(inputs=inputs, subsampled_output_points={**points, "label": None}).logits


@torch.inference_mode()
def their_pass(model: PerceiverForMultimodalAutoencoding, inputs: Answers) -> Tensor:
    """Preprocessor and encoder of transformers."""
    perceiver = model.perceiver
    read, _, _ = perceiver.input_preprocessor(inputs)
    return perceiver.encoder(perceiver.embeddings(batch_size=1), inputs=read).last_hidden_state


@torch.inference_mode()
def ours(model: PerceiverForMultimodalAutoencoding, inputs: Answers) -> Answers:
    encoded = encode(model, inputs, keep_mixing=True)  # as the backend does, for rollout
    video = frames(model, encoded, 16)
    nothing = torch.tensor([], dtype=torch.long)
    return {**decode(model, encoded, {"image": nothing, "audio": None, "label": None}), "image": video}


@torch.inference_mode()
def frames(model: PerceiverForMultimodalAutoencoding, encoded: Encoded, count: int) -> Tensor:
    return decode_video(model, encoded, torch.arange(count), torch.arange(224), torch.arange(224))


@torch.inference_mode()
def first_frame(model: PerceiverForMultimodalAutoencoding, inputs: Answers) -> Tensor:
    return frames(model, encode(model, inputs, keep_mixing=True), 1)


@torch.inference_mode()
def our_pass(model: PerceiverForMultimodalAutoencoding, inputs: Answers) -> Tensor:
    return encode(model, inputs).latents


def differences(model: PerceiverForMultimodalAutoencoding, inputs: Answers) -> dict[str, dict[str, float]]:
    """The largest difference by modality over the timed chunks, and the standard deviation of the reference."""
    found = ours(model, inputs)
    rows = {"image": found["image"].movedim(1, -1).reshape(1, -1, 3), "audio": found["audio"], "label": found["label"]}
    apart = {name: {"apart": 0.0, "spread": 0.0} for name in rows}
    for chunk in TIMED:
        for name, answers in reference(model, inputs, chunk).items():
            same = rows[name] if name == "label" else rows[name][:, part(rows[name].shape[1], chunk)]
            apart[name]["apart"] = max(apart[name]["apart"], (answers - same).abs().max().item())
            apart[name]["spread"] = answers.std(dim=1).mean().item()
    return apart


def main() -> None:
    model, inputs = build(), clip()
    apart = differences(model, inputs)
    if max(modality["apart"] for modality in apart.values()) > TOLERANCE:
        raise SystemExit(f"the results differ: {apart}")
    calls: dict[str, Callable[[], object]] = {
        LOOP: lambda: [reference(model, inputs, chunk) for chunk in TIMED],
        OURS: lambda: ours(model, inputs),
        THEIR_PASS: lambda: their_pass(model, inputs),
        OUR_PASS: lambda: our_pass(model, inputs),
        FIRST: lambda: first_frame(model, inputs),
    }
    costs = {name: measured(call) for name, call in calls.items()}
    report({"costs": costs, "apart": apart, "embedded": embedded()})


def embedded() -> float:
    """Seconds from a request to its result for 16 frames with the embedded model, after one other clip."""
    service, drawn = LocalBackend(Settings(device="cpu")), np.random.default_rng(0)
    clips = drawn.integers(0, 256, (2, 16, 48, 48, 3), np.uint8)
    sound = drawn.uniform(-0.5, 0.5, 8192).astype(np.float32)
    return [service.run(AvAutoencodingRequest(frames, 15.625, sound, 8000)).run.seconds for frames in clips][-1]


def report(found: dict[str, Any]) -> None:
    costs, times = found["costs"], CHUNKS // len(TIMED)
    print_machine()
    for name, modality in found["apart"].items():
        print(f"largest difference, {name}: {modality['apart']:.1e} (standard deviation: {modality['spread']:.1e})")
    loop, one_pass = times * costs[LOOP]["seconds"], costs[THEIR_PASS]["seconds"]
    print("\n| call | seconds | speedup | encoder passes | peak MiB |\n| --- | ---: | ---: | ---: | ---: |")
    for name, cost in costs.items():
        name_and_count, seconds = (f"{name}, times {times}", loop) if name == LOOP else (name, cost["seconds"])
        faster = f"{loop / seconds:.1f}" if name in (LOOP, OURS) else ""
        print(f"| {name_and_count} | {seconds:.1f} | {faster} | {seconds / one_pass:.2f} | {cost['mib']:.0f} |")
    print(f"\nours against the loop: {loop / costs[OURS]['seconds']:.1f} times faster (target: {FASTER})")
    passes, of_ours = (costs[FIRST]["seconds"] / costs[name]["seconds"] for name in (THEIR_PASS, OUR_PASS))
    print(f"first frame: {passes:.2f} of their encoder passes (target: {PASSES}), {of_ours:.2f} of ours")
    print(f"embedded model, 16 frames and their audio: {found['embedded']:.2f} s")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
