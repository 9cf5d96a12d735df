"""The embedded image models: three ways to tell a Perceiver where a pixel is, trained from scratch on CIFAR-10.

python -m training.image_classification train --variant V --data DIR     DIR holds train/<class>/*.jpg and test/, or
                                                                         cifar10_jpeg.tar.xz; V learned, fourier, conv
python -m training.image_classification evaluate --variant V --data DIR  one JSON line: accuracy on the test images
python -m training.image_classification baselines --data DIR             the same for two linear models
python -m training.image_classification export --variant V               best weights -> assets/weights/image_V
python -m training.image_classification card --variant V --data DIR      card, scores and loss curve -> the same
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import (
    PerceiverConfig,
    PerceiverForImageClassificationConvProcessing,
    PerceiverForImageClassificationFourier,
    PerceiverForImageClassificationLearned,
    PerceiverPreTrainedModel,
)

from training.cifar import SIZE, Crops, Images, hold_out, read_images
from training.command import Recipe, exported, print_size, printed_before
from training.image_evaluation import evaluate
from training.image_start import image_start
from training.loop import Run, Schedule, best_weights, fit
from training.pixel_reading import classify
from training.record import read_record, write_record

VARIANTS: dict[str, type[PerceiverPreTrainedModel]] = {
    "learned": PerceiverForImageClassificationLearned,
    "fourier": PerceiverForImageClassificationFourier,
    "conv": PerceiverForImageClassificationConvProcessing,
}
# What the encoder reads: channels of an input, and inputs along each side of the image.
CHANNELS = {"learned": 512, "fourier": 261, "conv": 322}
TOKENS = {"learned": SIZE, "fourier": SIZE, "conv": 7}
BARS = {"learned": 0.45, "fourier": 0.50, "conv": 0.70}
"""The share of the test images that each has to name: an embedded model below it is not shipped."""
COARSE = (12, 16, 20)
"""Pixels along each side in the first part of the training of learned and fourier, drawn anew each step.

A quarter of the inputs on average. Of one size alone, positions were learned that meant nothing at another.
"""


def config(variant: str, names: tuple[str, ...], latents: int, layers: int) -> PerceiverConfig:
    """About two million parameters: `latents` of 192 channels, read by 16 heads, and `layers` of self-attention."""
    return PerceiverConfig(
        num_latents=latents,
        d_latents=192,
        d_model=CHANNELS[variant],
        num_blocks=1,
        num_self_attends_per_block=layers,
        num_self_attention_heads=8,
        num_cross_attention_heads=16,
        qk_channels=256,
        v_channels=192,
        self_attention_widening_factor=2,
        attention_probs_dropout_prob=0.0,
        image_size=SIZE,
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
    )


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    seen, held_out = hold_out(read_images(args.data, "train"))
    shape = config(args.variant, seen.names, args.latents, args.layers)
    model = VARIANTS[args.variant](shape)
    side = math.isqrt(args.latents)
    # The heads of one latent together cover its cell of the image, four by four.
    image_start(model, TOKENS[args.variant], spacing=max(1.0, TOKENS[args.variant] / side / 4))
    args.run.mkdir(parents=True, exist_ok=True)
    shape.save_pretrained(args.run)
    write_record(args, device)
    model.to(device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}", flush=True)

    crops = Crops(seen, device, args.batch)
    coarse_until = args.coarse * args.steps if args.variant != "conv" else 0
    forward = torch.compile(classify) if args.compile else classify

    def loss_of(step: int) -> Tensor:
        torch.manual_seed(args.seed * 1_000_003 + step)  # whoever resumes goes on drawing where the last session ended
        pixels, labels = crops.draw(step)
        if step < coarse_until:
            side = COARSE[int(torch.randint(len(COARSE), ()))]
            pixels = F.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
        with torch.autocast(device.type, torch.bfloat16):
            logits = forward(model, pixels)
        return F.cross_entropy(logits.float(), labels)

    def validate() -> float:
        scores = evaluate(model, held_out)
        print(json.dumps(scores), flush=True)
        return scores["nats"]

    schedule = Schedule(args.steps, args.rate, warmup=args.warmup, muon=True)
    fit(model, loss_of, validate, schedule, Run(args.run, seconds=args.seconds, validate_every=args.validate_every))


def load_exported(weights: Path, variant: str, device: str) -> PerceiverPreTrainedModel:
    """The weights of a folder that `export` wrote, as float32."""
    return VARIANTS[variant].from_pretrained(exported(weights), dtype=torch.float32).to(device).eval()


def load_best(run: Path, variant: str) -> PerceiverPreTrainedModel:
    """The best weights of a run, as trained: float32, on the CPU."""
    model = VARIANTS[variant](PerceiverConfig.from_pretrained(run, local_files_only=True))
    model.load_state_dict(best_weights(run))
    return model


def print_evaluation(args: argparse.Namespace) -> None:
    model = load_exported(args.weights, args.variant, args.device)
    images = read_images(args.data, "test")
    began = time.monotonic()
    scores = _judged(args.variant, evaluate(model, images))
    print(json.dumps(scores | {"seconds": round(time.monotonic() - began, 1)}))


def _judged(variant: str, scores: dict) -> dict:
    return {"variant": variant, "bar": BARS[variant], "met": scores["top1"] >= BARS[variant]} | scores


def export(args: argparse.Namespace) -> None:
    """The best weights of a run, as float16: half the size."""
    load_best(args.run, args.variant).half().save_pretrained(args.to)
    print_size(args.to)


def print_baselines(args: argparse.Namespace) -> None:
    print(json.dumps(_baselines(read_images(args.data, "train"), read_images(args.data, "test"))))


def _baselines(training: Images, test: Images) -> dict:
    # Here and not above: scikit-learn and scikit-image are for this alone (requirements-dev.txt).
    from training.image_baselines import baselines

    return baselines(training, test)


def card(args: argparse.Namespace) -> None:
    """Card, scores and curve of the exported weights; what is not given as a file is computed."""
    # Here and not above: a machine that only trains need not have matplotlib.
    from training.curve import read_curve
    from training.image_card import Report, write_card

    model = load_exported(args.weights, args.variant, args.device)
    training, test = read_images(args.data, "train"), read_images(args.data, "test")
    seen, held_out = hold_out(training)
    rounding = None
    if (args.run / "best.pt").exists():
        trained = load_best(args.run, args.variant).to(args.device).eval()
        rounding = (evaluate(trained, held_out)["nats"], evaluate(model, held_out)["nats"])
    report = Report(
        variant=args.variant,
        grid=TOKENS[args.variant],
        curve=read_curve(args.curve or [args.run / "curve.jsonl"]),
        training=read_record(args.run),
        scores=printed_before(args.scores, lambda: _judged(args.variant, evaluate(model, test))),
        baselines=printed_before(args.baselines, lambda: _baselines(training, test)),
        others=_scores_of_others(args.variant, args.to.parent),
        data={"train": len(seen), "held_out": len(held_out), "test": len(test)},
        rounding=rounding,
    )
    write_card(report, args.weights, args.to)
    print(f"{args.to}: card.md, scores.json, curve.jsonl, curve.svg")


def _scores_of_others(variant: str, folder: Path) -> dict[str, dict]:
    """What the cards of the other variants left in the folders beside, as far as they are there."""
    files = {other: folder / f"image_{other}" / "scores.json" for other in VARIANTS if other != variant}
    return {other: json.loads(file.read_text()) for other, file in files.items() if file.exists()}


RECIPE = Recipe(
    doc=__doc__,
    model="image",
    variants=tuple(VARIANTS),
    train=train,
    evaluate=print_evaluation,
    baselines=print_baselines,
    export=export,
    card=card,
    options={
        "steps": 6_000,
        "batch": 128,
        "rate": 2e-3,
        "warmup": 200,
        "latents": (49, "a square number"),
        "layers": 4,
        "coarse": (0.7, "share of the steps on smaller images"),
        "validate_every": 500,
    },
)

if __name__ == "__main__":
    RECIPE.main()
