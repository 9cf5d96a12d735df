"""The demo model for optical flow: a small Perceiver over patches, trained from scratch on synthetic scenes."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from models.perceiver.coarse_to_fine import resize, resize_flow, warp_back
from models.perceiver.engine import decode, encode
from models.perceiver.patch_flow import PerceiverForPatchFlow, patch_flow, patch_flow_config, unpatch
from training.card import Facts, Report
from training.flow_card import facts
from training.flow_evaluation import METHODS, Estimate, baselines, evaluate, evaluation_sets, scores, synthetic
from training.flow_rendering import Pairs
from training.flow_scenes import Scenes
from training.flow_textures import hold_out, read_photographs
from training.recipe import Objective, Recipe

BARS = {"synthetic": ("farneback", 1.0), "middlebury": ("zero", 0.45)}
"""The largest error that the model may have on each set: a share of the error of another method."""


@torch.no_grad()
def flow_start(model: PerceiverForPatchFlow) -> None:
    """Linear layers with std fan_in^-0.5 instead of 0.02, and a first estimate close to no motion."""
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            module.weight.normal_(std=module.in_features**-0.5)
            module.bias.zero_()
    model.perceiver.embeddings.latents.normal_(std=1.0)
    model.perceiver.decoder.decoder.final_layer.weight.mul_(0.1)


def two_level_loss(model: PerceiverForPatchFlow, first: Tensor, second: Tensor, flow: Tensor) -> Tensor:
    """Coarse to fine, as in use: the flow at half the size, then the rest of it at full size, in one tile.

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
    """The flow [B, 2, size, size] between two tiles of the size of the model."""
    with torch.autocast(first.device.type, torch.bfloat16):
        patches = decode(model, encode(model, torch.stack([first, second], dim=1)))
    return unpatch(patches.float(), model.perceiver.input_preprocessor.grid)


def end_point_error(estimate: Tensor, flow: Tensor) -> Tensor:
    """Mean length of the difference, in pixels; smooth close to 0."""
    return ((estimate - flow).square().sum(dim=1) + 1e-4).sqrt().mean()


def estimator(model: PerceiverForPatchFlow) -> Estimate:
    """The model as a method of estimating flow, in float32."""
    device = next(model.parameters()).device

    @torch.inference_mode()
    def estimate(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        one, other = (torch.tensor(frame, device=device).movedim(-1, 0) / 127.5 - 1 for frame in (first, second))
        return patch_flow(model, one, other)[-1].movedim(0, -1).cpu().numpy()

    return estimate


def batch_loss(model: PerceiverForPatchFlow, pairs: Pairs) -> Tensor:
    return two_level_loss(model, 2 * pairs.first - 1, 2 * pairs.second - 1, pairs.flow)


class OpticalFlow(Recipe):
    model = "optical_flow"
    data = "folder with textures_cc0.tar and middlebury, or with flow, which holds them"
    compiles = True
    unfused_on_cpu = True
    options: ClassVar = {
        "steps": 10_000,
        "batch": (32, "scenes per step; each gives two tiles"),
        "rate": 2e-3,
        "warmup": 200,
        "reach": (8.0, "largest motion, in pixels"),
        "latents": 64,
        "layers": 4,
        "validate_every": 500,
    }

    def network(self) -> type[PerceiverForPatchFlow]:
        return PerceiverForPatchFlow

    def build(self) -> PerceiverForPatchFlow:
        model = PerceiverForPatchFlow(patch_flow_config(latents=self.args.latents, layers=self.args.layers))
        flow_start(model)
        return model

    def objective(self, model: PerceiverForPatchFlow) -> Objective:
        args, size = self.args, 2 * model.config.train_size[0]
        scenes = Scenes(hold_out(read_photographs(args.data))[0], torch.device(args.device))
        held_out = synthetic(args.data)

        def draw(step: int) -> Pairs:
            return scenes.draw(self.seed(step), args.batch, size, args.reach)

        def validate() -> dict:
            return {"epe": evaluate(estimator(model), held_out)["epe"]}  # real scenes only give scores

        return Objective(draw, batch_loss, validate, lambda scores: scores["epe"])

    def evaluate(self, model: PerceiverForPatchFlow) -> dict:
        sets = evaluation_sets(self.args.data)
        found = scores(estimator(model), sets)
        bars = {
            name: round(share * evaluate(METHODS[method], sets[name])["epe"], 4)
            for name, (method, share) in BARS.items()
        }
        return {"bars": bars, "met": all(found[name]["epe"] <= bar for name, bar in bars.items())} | found

    def baselines(self) -> dict:
        return baselines(self.args.data)

    def rounding_scores(self, model: PerceiverForPatchFlow) -> dict[str, float]:
        return {"end-point error": evaluate(estimator(model), synthetic(self.args.data))["epe"]}

    def facts(self, report: Report, model: PerceiverForPatchFlow) -> Facts:
        seen, held_out = hold_out(read_photographs(self.args.data))
        return facts(report, {"train": len(seen), "held_out": len(held_out)})


if __name__ == "__main__":
    OpticalFlow.main()
