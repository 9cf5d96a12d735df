"""The embedded multimodal autoencoder: a small Perceiver over patches, trained on spoken and moving digits.

python -m training.av_autoencoding train --data DIR      DIR holds fsdd_train.tar.xz, or spoken_digits with it
python -m training.av_autoencoding evaluate --data DIR   one JSON line: video, sound and label, and the bars
python -m training.av_autoencoding baselines --data DIR  the same for the mean color, the mean clip and PCA
python -m training.av_autoencoding export                best weights of runs/av_autoencoding -> assets
python -m training.av_autoencoding card --data DIR       card, scores and loss curve -> the same
"""

import argparse
import json
import time
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import PerceiverConfig

from models.perceiver.engine import decode, encode
from models.perceiver.multimodal_places import grid, video_places
from models.perceiver.patch_multimodal import PerceiverForPatchMultimodal, patch_multimodal_config, video_of_patches
from training.av_clips import Clips, Studio
from training.av_evaluation import AIMS, BARS, Name, Rebuild, evaluate, held_out_clips, met
from training.av_losses import clip_losses
from training.av_sounds import espeak_voices, read_recordings
from training.av_start import multimodal_start
from training.command import Recipe, exported, print_size, printed_before
from training.loop import Run, Schedule, best_weights, fit
from training.record import read_record, write_record

AT_ONCE = 50
"""Clips that are rebuilt at once in an evaluation."""

WATCHED = 128
"""Of the clips to be evaluated on, those that choose the best weights."""


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    shape = patch_multimodal_config(latents=args.latents, layers=args.layers)
    model = PerceiverForPatchMultimodal(shape)
    multimodal_start(model)
    args.run.mkdir(parents=True, exist_ok=True)
    shape.save_pretrained(args.run)
    write_record(args, device)
    model.to(device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}", flush=True)

    studio = Studio(read_recordings(args.data)[0], espeak_voices(args.run / "espeak.npz"))
    held_out = held_out_clips(args.data).first(WATCHED).to(device)
    weights = {"image": args.video, "audio": args.sound, "label": args.label}
    recent: list[list[Tensor]] = []

    def loss_of(step: int) -> Tensor:
        torch.manual_seed(args.seed * 1_000_003 + step)  # whoever resumes goes on drawing where the last session ended
        clips = studio.draw(args.seed * 1_000_003 + step, args.batch, between=args.between)
        losses = clip_losses(model, clips.to(device), args.asked)
        recent.append([losses[name].detach() for name in weights])
        if (step + 1) % args.report_every == 0:
            means = torch.tensor(recent).mean(dim=0).tolist()
            print(*(f"{name} {mean:.3f}" for name, mean in zip(weights, means, strict=True)), flush=True)
            recent.clear()
        return torch.stack([weights[name] * losses[name] for name in weights]).sum()

    def validate() -> float:
        with torch.autocast(device.type, torch.bfloat16):
            scores = evaluate(*as_asked(model), held_out)
        print(json.dumps(scores), flush=True)
        nats = sum(scores[f"{which}_nats"] for which in ("both", "video_alone", "sound_alone"))
        return 10 ** (-scores["video_db"] / 10) + 10 ** (-scores["sound_db"] / 10) + args.label * nats

    schedule = Schedule(args.steps, args.rate, warmup=args.warmup, muon=True)
    run = Run(args.run, seconds=args.seconds, validate_every=args.validate_every, report_every=args.report_every)
    # On a CPU the fused attention's backward takes longer than the plain one for maps as small as these.
    with sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext():
        fit(model, loss_of, validate, schedule, run)


def as_asked(model: PerceiverForPatchMultimodal) -> tuple[Rebuild, Name]:
    """The model as the evaluation asks it. Training mode makes no difference to it."""
    nothing = torch.zeros(0, dtype=torch.long)
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
        wanted = {"image": nothing, "audio": nothing, "label": None}
        return torch.cat([decode(model, encode(model, part), wanted)["label"] for part in _parts(inputs)])

    return rebuild, name


def _parts(inputs: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    split = {name: values.split(AT_ONCE) for name, values in inputs.items()}
    return [dict(zip(split, values, strict=True)) for values in zip(*split.values(), strict=True)]


def load_exported(weights: Path, device: str) -> PerceiverForPatchMultimodal:
    """The weights of a folder that `export` wrote, as float32."""
    return PerceiverForPatchMultimodal.from_pretrained(exported(weights), dtype=torch.float32).to(device).eval()


def load_best(run: Path) -> PerceiverForPatchMultimodal:
    """The best weights of a run, as trained: float32, on the CPU."""
    model = PerceiverForPatchMultimodal(PerceiverConfig.from_pretrained(run, local_files_only=True))
    model.load_state_dict(best_weights(run))
    return model.eval()


def print_evaluation(args: argparse.Namespace) -> None:
    print(json.dumps(judged(load_exported(args.weights, args.device), held_out_clips(args.data).to(args.device))))


def judged(model: PerceiverForPatchMultimodal, clips: Clips) -> dict:
    """The scores, with the bars and whether they are met."""
    began = time.monotonic()
    scores = evaluate(*as_asked(model), clips)
    about = {"bars": BARS, "aims": AIMS, "met": met(scores)}
    return about | scores | {"seconds": round(time.monotonic() - began, 1)}


def export(args: argparse.Namespace) -> None:
    """The best weights of a run, as float16: half the size."""
    load_best(args.run).half().save_pretrained(args.to)
    print_size(args.to)


def card(args: argparse.Namespace) -> None:
    """Card, scores and curve of the exported weights; what is not given as a file is computed."""
    # Here and not above: a machine that only trains need not have matplotlib.
    from training.av_baselines import baselines
    from training.av_card import Report, write_card
    from training.curve import read_curve

    seen, kept_out = read_recordings(args.data)
    held_out = held_out_clips(args.data).to(args.device)
    rounding = None
    if (args.run / "best.pt").exists():
        rounding = evaluate(*as_asked(load_best(args.run).to(args.device)), held_out)
    report = Report(
        curve=read_curve(args.curve or [args.run / "curve.jsonl"]),
        training=read_record(args.run),
        scores=printed_before(args.scores, lambda: judged(load_exported(args.weights, args.device), held_out)),
        baselines=printed_before(args.baselines, lambda: baselines(args.data)),
        recordings=(len(seen), len(kept_out)),
        rounding=rounding,
    )
    write_card(report, args.weights, args.to)
    print(f"{args.to}: card.md, scores.json, curve.jsonl, curve.svg")


def print_baselines(args: argparse.Namespace) -> None:
    from training.av_baselines import baselines

    print(json.dumps(baselines(args.data)))


RECIPE = Recipe(
    doc=__doc__,
    model="av_autoencoding",
    train=train,
    evaluate=print_evaluation,
    baselines=print_baselines,
    export=export,
    card=card,
    options={
        "steps": 10_000,
        "batch": 32,
        "rate": 2e-3,
        "warmup": 200,
        "latents": 112,
        "layers": 4,
        "asked": (0.5, "share of the queries that are decoded in a step"),
        "between": (3, "frames between two others that a step asks for as well"),
        "video": (1.0, "weight of the video's error, relative to the mean color's"),
        "sound": (1.0, "weight of the sound's error, relative to its power"),
        "label": (0.6, "weight of the label's cross-entropy"),
        "validate_every": 500,
        "report_every": 100,
    },
)

if __name__ == "__main__":
    RECIPE.main()
