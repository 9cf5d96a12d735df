"""The embedded flow model: a small Perceiver over patches, trained from scratch on scenes that are made as it learns.

python -m training.optical_flow train --data DIR      DIR holds textures_cc0.tar and middlebury, or flow
python -m training.optical_flow evaluate --data DIR   one JSON line: end-point errors, and the bars
python -m training.optical_flow baselines --data DIR  the same for no motion, Farnebäck, DIS and TV-L1
python -m training.optical_flow export                best weights of runs/optical_flow -> assets/weights/optical_flow
python -m training.optical_flow card --data DIR       card.md, curve.jsonl, curve.svg
"""

import argparse
import json
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import PerceiverConfig

from models.perceiver.coarse_to_fine import resize, resize_flow, warp_back
from models.perceiver.engine import decode, encode
from models.perceiver.patch_flow import PerceiverForPatchFlow, patch_flow, patch_flow_config, unpatch
from training.command import Recipe, exported, print_size, printed_before
from training.flow_evaluation import METHODS, Estimate, baselines, evaluate, evaluation_sets, scores, synthetic
from training.flow_scenes import Scenes
from training.flow_textures import hold_out, read_photographs
from training.loop import Run, Schedule, best_weights, fit
from training.record import read_record, write_record

BARS = {"synthetic": ("farneback", 1.0), "middlebury": ("zero", 0.45)}
"""The largest error that the model may have on each set: a share of another method's."""


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    shape = patch_flow_config(latents=args.latents, layers=args.layers)
    model = PerceiverForPatchFlow(shape)
    flow_start(model)
    args.run.mkdir(parents=True, exist_ok=True)
    shape.save_pretrained(args.run)
    write_record(args, device)
    model.to(device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}", flush=True)

    scenes, held_out = Scenes(hold_out(read_photographs(args.data))[0], device), synthetic(args.data)
    step_loss = torch.compile(two_level_loss) if args.compile else two_level_loss

    def loss_of(step: int) -> Tensor:
        torch.manual_seed(args.seed * 1_000_003 + step)  # whoever resumes goes on drawing where the last session ended
        pair = scenes.draw(args.seed * 1_000_003 + step, args.batch, 2 * shape.train_size[0], args.reach)
        return step_loss(model, 2 * pair.first - 1, 2 * pair.second - 1, pair.flow)

    def validate() -> float:
        return evaluate(estimate_by(model), held_out)["epe"]  # what is real only ever gives scores

    schedule = Schedule(args.steps, args.rate, warmup=args.warmup, muon=True)
    run = Run(args.run, seconds=args.seconds, validate_every=args.validate_every)
    # On a CPU the fused attention's backward takes as long as a third of a step; so few queries and keys need it not.
    with sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext():
        fit(model, loss_of, validate, schedule, run)


@torch.no_grad()
def flow_start(model: PerceiverForPatchFlow) -> None:
    """Linear layers at std fan_in^-0.5 instead of 0.02, and a first answer near to no motion."""
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.weight.normal_(std=module.in_features**-0.5)
            module.bias.zero_()
    model.perceiver.embeddings.latents.normal_(std=1.0)
    model.perceiver.decoder.decoder.final_layer.weight.mul_(0.1)


def two_level_loss(model: PerceiverForPatchFlow, first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
    """As it will be used: the flow at half the size, then at full size what that leaves, of a part as large as a tile.

    first, second: [B, 3, 2 size, 2 size], -1 to 1. flow: [B, 2, 2 size, 2 size].
    """
    side = flow.shape[-1]
    half = (side // 2, side // 2)
    coarse = estimate_tile(model, resize(first, half), resize(second, half))
    loss = end_point_error(coarse, resize_flow(flow, half))
    before = resize_flow(coarse.detach(), (side, side))
    rest, second = flow - before, warp_back(second, before)
    top, left = (int(torch.randint(side // 2 + 1, ())) for _ in range(2))
    part = (..., slice(top, top + side // 2), slice(left, left + side // 2))
    fine = estimate_tile(model, first[part], second[part])
    return loss + end_point_error(fine, rest[part])


def estimate_tile(model: PerceiverForPatchFlow, first: Tensor, second: Tensor) -> Tensor:
    """The flow [B, 2, size, size] between two tiles of the model's own size."""
    with torch.autocast(first.device.type, torch.bfloat16):
        patches = decode(model, encode(model, torch.stack([first, second], dim=1)))
    return unpatch(patches.float(), model.perceiver.input_preprocessor.grid)


def end_point_error(found: Tensor, flow: Tensor) -> Tensor:
    """Mean length of the difference, in pixels; smooth where it is next to nothing."""
    return ((found - flow).square().sum(dim=1) + 1e-4).sqrt().mean()


def estimate_by(model: PerceiverForPatchFlow) -> Estimate:
    """The model as the evaluation asks it: in float32. Training mode makes no difference to it."""
    device = next(model.parameters()).device

    @torch.inference_mode()
    def estimate(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        one, other = (torch.tensor(frame, device=device).movedim(-1, 0) / 127.5 - 1 for frame in (first, second))
        return patch_flow(model, one, other)[-1].movedim(0, -1).cpu().numpy()

    return estimate


def load_exported(weights: Path, device: str) -> PerceiverForPatchFlow:
    """The weights of a folder that `export` wrote, as float32."""
    return PerceiverForPatchFlow.from_pretrained(exported(weights), dtype=torch.float32).to(device).eval()


def load_best(run: Path) -> PerceiverForPatchFlow:
    """The best weights of a run, as trained: float32, on the CPU."""
    model = PerceiverForPatchFlow(PerceiverConfig.from_pretrained(run, local_files_only=True))
    model.load_state_dict(best_weights(run))
    return model.eval()


def print_evaluation(args: argparse.Namespace) -> None:
    model = load_exported(args.weights, args.device)
    began = time.monotonic()
    print(json.dumps(_judged(model, args.data) | {"seconds": round(time.monotonic() - began, 1)}))


def _judged(model: PerceiverForPatchFlow, data: Path) -> dict:
    sets = evaluation_sets(data)
    found = scores(estimate_by(model), sets)
    bars = {
        name: round(share * evaluate(METHODS[method], sets[name])["epe"], 4) for name, (method, share) in BARS.items()
    }
    met = all(found[name]["epe"] <= bar for name, bar in bars.items())
    return {"bars": bars, "met": met} | found


def export(args: argparse.Namespace) -> None:
    """The best weights of a run, as float16: half the size."""
    load_best(args.run).half().save_pretrained(args.to)
    print_size(args.to)


def card(args: argparse.Namespace) -> None:
    """Card, scores and curve of the exported weights; what is not given as a file is computed."""
    # Here and not above: a machine that only trains need not have matplotlib.
    from training.curve import read_curve
    from training.flow_card import Report, write_card

    model = load_exported(args.weights, args.device)
    seen, held_out = hold_out(read_photographs(args.data))
    rounding = None
    if (args.run / "best.pt").exists():
        pairs = synthetic(args.data)
        trained = load_best(args.run).to(args.device)
        rounding = (evaluate(estimate_by(trained), pairs)["epe"], evaluate(estimate_by(model), pairs)["epe"])
    report = Report(
        curve=read_curve(args.curve or [args.run / "curve.jsonl"]),
        training=read_record(args.run),
        scores=printed_before(args.scores, lambda: _judged(model, args.data)),
        baselines=printed_before(args.baselines, lambda: baselines(args.data)),
        photographs={"train": len(seen), "held_out": len(held_out)},
        rounding=rounding,
    )
    write_card(report, args.weights, args.to)
    print(f"{args.to}: card.md, scores.json, curve.jsonl, curve.svg")


RECIPE = Recipe(
    doc=__doc__,
    model="optical_flow",
    train=train,
    evaluate=print_evaluation,
    baselines=lambda args: print(json.dumps(baselines(args.data), ensure_ascii=False)),
    export=export,
    card=card,
    options={
        "steps": 10_000,
        "batch": (32, "scenes a step; each gives two tiles"),
        "rate": 2e-3,
        "warmup": 200,
        "reach": (8.0, "pixels that anything moves at most"),
        "latents": 64,
        "layers": 4,
        "validate_every": 500,
    },
)

if __name__ == "__main__":
    RECIPE.main()
