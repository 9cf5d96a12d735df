"""The demo model for audio-video autoencoding: a small Perceiver over patches, trained on moving and spoken digits."""

from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from models.perceiver.engine import decode, encode
from models.perceiver.multimodal_places import grid, video_places
from models.perceiver.patch_multimodal import PerceiverForPatchMultimodal, patch_multimodal_config, video_of_patches
from training.av_baselines import baselines
from training.av_card import facts
from training.av_clips import Clips, Studio
from training.av_evaluation import AIMS, BARS, Name, Rebuild, evaluate, held_out_clips, met
from training.av_losses import clip_losses
from training.av_sounds import espeak_voices, read_recordings
from training.av_start import multimodal_start
from training.card import Facts, Report
from training.recipe import Objective, Recipe

BATCH = 50
"""Clips per batch in an evaluation."""
VALIDATED = 128
"""Number of evaluation clips that choose the best weights."""


def predictors(model: PerceiverForPatchMultimodal) -> tuple[Rebuild, Name]:
    """The model as the two functions that `av_evaluation.evaluate` calls."""
    no_queries = torch.zeros(0, dtype=torch.long)
    sides = grid(model.config, "image")[1:]

    @torch.inference_mode()
    def rebuild(inputs: dict[str, Tensor], times: Tensor) -> dict[str, Tensor]:
        wanted = {"image": video_places(model.config, times), "audio": None, "label": None}
        parts = [decode(model, encode(model, part), wanted) for part in _parts(inputs)]
        found = {name: torch.cat([part[name] for part in parts]) for name in inputs}
        frames = video_of_patches(found["image"], (len(times), *sides))
        return {"image": frames, "audio": found["audio"][..., None], "label": found["label"]}

    @torch.inference_mode()
    def name(inputs: dict[str, Tensor]) -> Tensor:
        wanted = {"image": no_queries, "audio": no_queries, "label": None}
        return torch.cat([decode(model, encode(model, part), wanted)["label"] for part in _parts(inputs)])

    return rebuild, name


def _parts(inputs: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    split = {name: values.split(BATCH) for name, values in inputs.items()}
    return [dict(zip(split, values, strict=True)) for values in zip(*split.values(), strict=True)]


class AvAutoencoding(Recipe):
    model = "av_autoencoding"
    data = "folder with fsdd_train.tar.xz, or with spoken_digits, which holds it"
    unfused_on_cpu = True
    options: ClassVar = {
        "steps": 10_000,
        "batch": 32,
        "rate": 2e-3,
        "warmup": 200,
        "latents": 112,
        "layers": 4,
        "query_share": (0.5, "share of the queries that are decoded in a step"),
        "between": (3, "frames between two input frames that a step decodes as well"),
        "video": (1.0, "weight of the video error, relative to that of the mean color"),
        "sound": (1.0, "weight of the audio error, relative to the power of the audio"),
        "label": (0.6, "weight of the cross-entropy of the label"),
        "validate_every": 500,
    }

    def network(self) -> type[PerceiverForPatchMultimodal]:
        return PerceiverForPatchMultimodal

    def build(self) -> PerceiverForPatchMultimodal:
        model = PerceiverForPatchMultimodal(patch_multimodal_config(latents=self.args.latents, layers=self.args.layers))
        multimodal_start(model)
        return model

    def objective(self, model: PerceiverForPatchMultimodal) -> Objective:
        args = self.args
        studio = Studio(read_recordings(args.data)[0], espeak_voices(args.run / "espeak.npz"))
        held_out = self.held_out.first(VALIDATED)
        weights = {"image": args.video, "audio": args.sound, "label": args.label}
        recent: list[list[Tensor]] = []

        def draw(step: int) -> Clips:
            return studio.draw(self.seed(step), args.batch, between=args.between).to(args.device)

        def loss(model: PerceiverForPatchMultimodal, clips: Clips) -> Tensor:
            losses = clip_losses(model, clips, args.query_share)
            recent.append([losses[name].detach() for name in weights])
            if len(recent) == args.report_every:
                means = torch.tensor(recent).mean(dim=0).tolist()
                print(*(f"{name} {mean:.3f}" for name, mean in zip(weights, means, strict=True)), flush=True)
                recent.clear()
            return torch.stack([weights[name] * losses[name] for name in weights]).sum()

        def validate() -> dict:
            with torch.autocast(torch.device(args.device).type, torch.bfloat16):
                return evaluate(*predictors(model), held_out)

        def criterion(scores: dict) -> float:
            nats = sum(scores[f"{which}_nats"] for which in ("both", "video_alone", "sound_alone"))
            return 10 ** (-scores["video_db"] / 10) + 10 ** (-scores["sound_db"] / 10) + args.label * nats

        return Objective(draw, loss, validate, criterion)

    @cached_property
    def held_out(self) -> Clips:
        return held_out_clips(self.args.data).to(self.args.device)

    def evaluate(self, model: PerceiverForPatchMultimodal) -> dict:
        scores = evaluate(*predictors(model), self.held_out)
        return {"bars": BARS, "aims": AIMS, "met": met(scores)} | scores

    def baselines(self) -> dict:
        return baselines(self.args.data)

    def rounding_scores(self, model: PerceiverForPatchMultimodal) -> dict[str, float]:
        scores = evaluate(*predictors(model), self.held_out)
        return {"video, dB above the mean color": scores["video_db"], "audio SNR, dB": scores["sound_db"]}

    def facts(self, report: Report, model: PerceiverForPatchMultimodal) -> Facts:
        train, held_out = read_recordings(self.args.data)
        return facts(report, (len(train), len(held_out)))


if __name__ == "__main__":
    AvAutoencoding.main()
