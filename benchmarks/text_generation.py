"""Perceiver AR at clm-base size, random weights: generation with a key-value cache against full passes.

python -m benchmarks.text_generation [--size clm-base|small] [--part writing|contexts] [--plot FILE.svg]

Prints tables and, as its last line, the same as JSON. A prompt of 512 tokens, the last 256 as latents, is continued
greedily by 64 tokens. Every eighth token is computed again from the whole text, as `IncrementalDecoder(cached=False)`
does for each; the run stops if tokens or logits differ. The products that a token consists of are timed separately in
the same runs (`yardsticks`). The other part, how costs grow with the context, is in `context_growth.py`.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.context_growth import draw, growth, tabulate
from benchmarks.start import print_machine, random_model
from benchmarks.timing import medians
from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_config import PerceiverArConfig
from models.perceiver.ar_decoding import IncrementalDecoder
from models.perceiver.linear import product
from training.curve import save_svg

TURNS, TOKENS = 8, 8
"""Runs, the first of which does not count, and tokens in each."""
TOLERANCE = 1e-4
FASTER = 8
"""Target: speedup over full passes."""
RECORDED = {"cached": 0.163, "full_pass": 1.9}
"""Seconds per token of perceiver-io 0.11, prompt 512, 256 latents, float32, two cores of another machine."""
CACHED, FULL_PASS, MATRICES = "a token, cached", "a token, full pass", "matrices of a token"
ROW, ROWS = "one row, {}", "{} rows, {}"
LIBRARIES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"`linear.py`": product, "torch": F.linear}


@dataclass(frozen=True, slots=True)
class Size:
    config: PerceiverArConfig
    prompt: int
    latents: int
    contexts: tuple[int, ...]


SIZES = {
    "clm-base": Size(
        PerceiverArConfig(
            vocab_size=32_000, max_seq_len=1024, max_latents=512, num_channels=1280, num_heads=10,
            num_self_attention_layers=20, output_norm=True, output_bias=False, abs_pos_emb=False,
        ), 512, 256, (256, 512, 1024, 2048, 4096, 8192),
    ),
    "small": Size(
        PerceiverArConfig(
            vocab_size=262, max_seq_len=256, max_latents=128, num_channels=128, num_heads=4,
            num_self_attention_layers=3, output_norm=True, output_bias=False, abs_pos_emb=False,
        ), 96, 32, (32, 64, 128, 256),
    ),
}  # fmt: skip


def writing(model: PerceiverAr, size: Size) -> dict[str, Any]:
    """Seconds of each method and each yardstick, and whether both methods agree."""
    prompt = torch.randint(size.config.vocab_size, (1, size.prompt), generator=torch.Generator().manual_seed(1))
    writer = IncrementalDecoder(model)
    writer.start(prompt, size.latents)
    began = time.perf_counter()
    logits = [writer.start(prompt, size.latents)]
    first = time.perf_counter() - began
    full: list[Tensor] = []

    def write() -> None:
        for _ in range(TOKENS):
            logits.append(writer.write(logits[-1].argmax(dim=-1)))

    def read_again() -> None:
        full.append(IncrementalDecoder(model, cached=False).start(writer.ids, writer.window.latents))

    seconds = medians({CACHED: write, FULL_PASS: read_again} | yardsticks(model, size.latents), TURNS - 1)
    seconds[CACHED] /= TOKENS
    for name in products_in(seconds):
        seconds[name] /= len(squares(model))
    cached = logits[TOKENS::TOKENS]
    return {
        "seconds": seconds,
        "first_token": first,
        "steps": writer.steps,
        "largest_difference": max((a - b).abs().max().item() for a, b in zip(cached, full, strict=True)),
        "same_tokens": all(a.argmax() == b.argmax() for a, b in zip(cached, full, strict=True)),
        "spread": logits[0].std().item(),
        "read_gb": (sum(p.nbytes for p in model.parameters()) + kept_bytes(model, writer)) / 1e9,
    }


def kept_bytes(model: PerceiverAr, writer: IncrementalDecoder) -> int:
    """Keys and values that the last token reads, float32: those of the text, and in each layer those of the latents."""
    window = writer.window
    return 2 * 4 * model.config.num_channels * (window.read + len(model.layers) * window.latents)


def squares(model: PerceiverAr) -> list[Tensor]:
    """The matrices from all channels to all channels: queries, keys, values and outputs of the attentions."""
    channels = model.config.num_channels
    weights = (layer.weight for layer in model.modules() if isinstance(layer, nn.Linear))
    return [weight for weight in weights if weight.shape == (channels, channels)]


def yardsticks(model: PerceiverAr, rows: int) -> dict[str, Callable[[], None]]:
    """Products to measure a token in: rows of all channels times all `squares` of the model in turn.

    One row is what a token needs. The matrices do not fit into the CPU caches, so each is read from memory, as for a
    token; repeating one matrix would be several times faster. Products of as many rows as there are latents are limited
    by arithmetic, as a full pass is. Both with `linear.py` and with torch; also all matrices of a token with one row
    each, which is a lower bound for a token.
    """
    matrices = squares(model)
    everything = [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear | nn.Embedding)]
    one = {ROW.format(name): partial(multiply, by, matrices, 1) for name, by in LIBRARIES.items()}
    many = {ROWS.format(rows, name): partial(multiply, by, matrices, rows) for name, by in LIBRARIES.items()}
    return {MATRICES: partial(multiply, product, everything, 1)} | one | many


def products_in(seconds: dict[str, float]) -> list[str]:
    return [name for name in seconds if name not in (CACHED, FULL_PASS, MATRICES)]


@torch.inference_mode()
def multiply(by: Callable[[Tensor, Tensor], Tensor], matrices: list[Tensor], rows: int) -> None:
    inputs = {channels: torch.ones(1, rows, channels) for channels in {matrix.shape[1] for matrix in matrices}}
    for matrix in matrices:
        by(inputs[matrix.shape[1]], matrix)


def products_of_a_reading(model: PerceiverAr, prefix: int, latents: int) -> float:
    """Number of products of `latents` rows with a square matrix in a full pass, by multiplications.

    A lower bound: only linear layers, logits of one latent, and keys and values of the prefix.
    """
    square = model.config.num_channels**2
    layers = sum(layer.weight.numel() for layer in model.modules() if isinstance(layer, nn.Linear))
    return (latents * layers + prefix * 2 * square + model.token_embedding.weight.numel()) / (latents * square)


def report_writing(found: dict[str, Any], model: PerceiverAr, size: Size) -> None:
    seconds, count = found["seconds"], TURNS * TOKENS
    token, full_pass, matrices = seconds[CACHED], seconds[FULL_PASS], seconds[MATRICES]
    with_prompt = (found["first_token"] + (count - 1) * token) / count
    parameters = sum(parameter.numel() for parameter in model.parameters())
    print(f"{parameters / 1e6:.2f} M parameters, float32, prompt of {size.prompt}, {size.latents} latents at its end")
    print(
        f"largest difference of the logits: {found['largest_difference']:.1e} "
        f"(standard deviation: {found['spread']:.1e})"
    )
    print("\n| method | seconds per token | speedup |\n| --- | ---: | ---: |")
    print(f"| full pass | {full_pass:.3f} | 1.0 |")
    print(f"| cached, {count} tokens and the prompt | {with_prompt:.4f} | {full_pass / with_prompt:.1f} |")
    print(f"| cached, one more token | {token:.4f} | {full_pass / token:.1f} |")
    print(f"\ncached, with the prompt: {full_pass / with_prompt:.1f} times faster (target: {FASTER})")
    read = found["read_gb"]
    print(f"one more token reads {read:.2f} GB of weights, keys and values: {read / token:.1f} GB/s")
    print(f"its matrices, one row each: {matrices:.4f} s, {100 * matrices / token:.0f}% of it")
    report_yardsticks(found, model, size)


def report_yardsticks(found: dict[str, Any], model: PerceiverAr, size: Size) -> None:
    """One more token as a multiple of each yardstick; at clm-base size also for perceiver-io, as far as known."""
    seconds, channels, rows = found["seconds"], model.config.num_channels, size.latents
    square, known = channels**2, size is SIZES["clm-base"]
    by_arithmetic = products_of_a_reading(model, size.prompt - rows, rows) * RECORDED["cached"] / RECORDED["full_pass"]
    print(f"\n| product with {channels} x {channels} | ms | GB/s | GFLOP/s | a token in products | perceiver-io |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name in products_in(seconds):
        taken, many = seconds[name], name.startswith(str(rows))
        theirs = f"{by_arithmetic:.1f} or more" if known and many else ""
        rate = f" | {2 * rows * square / taken / 1e9:.0f}" if many else f"{4 * square / taken / 1e9:.1f} | "
        print(f"| {name} | {1e3 * taken:.3f} | {rate} | {seconds[CACHED] / taken:.1f} | {theirs} |")
    weights = sum(layer.weight.numel() for layer in model.modules() if isinstance(layer, nn.Linear | nn.Embedding))
    print(f"\nby count, a token's matrices are {weights / square:.1f} products of one row")
    if known:
        quickest = min(seconds[ROWS.format(rows, library)] for library in LIBRARIES)
        print(
            f"at the rate of these products, perceiver-io's {RECORDED['cached']} s per token were at least "
            f"{by_arithmetic * quickest:.4f} s here; ours: {seconds[CACHED]:.4f} s"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=tuple(SIZES), default="clm-base")
    parser.add_argument("--part", choices=("writing", "contexts"), action="append")
    parser.add_argument("--plot", type=Path, help="SVG file for the plot of costs by context length")
    args = parser.parse_args()
    size, parts = SIZES[args.size], args.part or ("writing", "contexts")
    model, found = random_model(PerceiverAr, size.config), {}
    print_machine()
    if "writing" in parts:
        found["writing"] = writing(model, size)
        if found["writing"]["largest_difference"] > TOLERANCE or not found["writing"]["same_tokens"]:
            raise SystemExit(f"the results differ: {found['writing']}")
        report_writing(found["writing"], model, size)
    if "contexts" in parts:
        found["contexts"] = growth(model, size.latents, size.contexts)
        print("\n" + tabulate(found["contexts"], size.latents))
        if args:
            save_svg(draw(found["contexts"], size.latents), args)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
