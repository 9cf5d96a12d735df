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
import transformers
from torch import Tensor
from torch.nn import functional as F
from transformers import (
    PerceiverConfig,
    PerceiverForImageClassificationConvProcessing,
    PerceiverForImageClassificationFourier,
    PerceiverForImageClassificationLearned,
    PerceiverPreTrainedModel,
)

from training.cifar import SIZE, Crops, hold_out, read_images
from training.image_evaluation import evaluate
from training.image_start import image_start
from training.loop import Run, Schedule, fit
from training.pixel_reading import classify
from training.record import record

ASSETS = Path(__file__).parent.parent / "assets" / "weights"
RUNS = Path("runs")
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
    run = _run_of(args)
    run.mkdir(parents=True, exist_ok=True)
    shape.save_pretrained(run)
    (run / "training.json").write_text(json.dumps(record(args, device), indent=1) + "\n")
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
    fit(model, loss_of, validate, schedule, Run(run, seconds=args.seconds, validate_every=args.validate_every))


def load_exported(weights: Path, variant: str, device: str) -> PerceiverPreTrainedModel:
    """The weights of a folder that `export` wrote, as float32."""
    if not (weights / "config.json").exists():
        raise SystemExit(f"{weights} has no config.json: export weights first.")  # or transformers asks the hub
    return VARIANTS[variant].from_pretrained(weights, dtype=torch.float32).to(device).eval()


def load_best(run: Path, variant: str) -> PerceiverPreTrainedModel:
    """The best weights of a run, as trained: float32, on the CPU."""
    model = VARIANTS[variant](PerceiverConfig.from_pretrained(run, local_files_only=True))
    model.load_state_dict(torch.load(run / "best.pt", map_location="cpu", weights_only=True))
    return model


def print_evaluation(args: argparse.Namespace) -> None:
    model = load_exported(args.weights or _assets_of(args.variant), args.variant, args.device)
    images = read_images(args.data, "test")
    began = time.monotonic()
    scores = evaluate(model, images)
    bar = BARS[args.variant]
    judged = {"variant": args.variant, "bar": bar, "met": scores["top1"] >= bar}
    print(json.dumps(judged | scores | {"seconds": round(time.monotonic() - began, 1)}))


def export(args: argparse.Namespace) -> None:
    """The best weights of a run, as float16: half the size."""
    to = args.to or _assets_of(args.variant)
    load_best(_run_of(args), args.variant).half().save_pretrained(to)
    print(f"{to}: {sum(file.stat().st_size for file in to.iterdir()):,} bytes")


def print_baselines(args: argparse.Namespace) -> None:
    # Here and not above: scikit-learn and scikit-image are for this alone (requirements-dev.txt).
    from training.image_baselines import baselines

    print(json.dumps(baselines(read_images(args.data, "train"), read_images(args.data, "test"))))


def card(args: argparse.Namespace) -> None:
    """Card, scores and curve of the exported weights; what is not given as a file is computed."""
    # Here and not above: a machine that only trains need not have matplotlib.
    from training.curve import read_curve
    from training.image_card import Report, write_card

    run, to = _run_of(args), args.to or _assets_of(args.variant)
    weights = args.weights or to
    model = load_exported(weights, args.variant, args.device)
    training, test = read_images(args.data, "train"), read_images(args.data, "test")
    seen, held_out = hold_out(training)
    rounding = None
    if (run / "best.pt").exists():
        trained = load_best(run, args.variant).to(args.device).eval()
        rounding = (evaluate(trained, held_out)["nats"], evaluate(model, held_out)["nats"])
    if args.baselines is None:
        from training.image_baselines import baselines
    started = run / "training.json"
    report = Report(
        variant=args.variant,
        grid=TOKENS[args.variant],
        curve=read_curve(args.curve or [run / "curve.jsonl"]),
        training=json.loads(started.read_text()) if started.exists() else {},
        scores=json.loads(args.scores.read_text())
        if args.scores
        else {"variant": args.variant} | evaluate(model, test),
        baselines=json.loads(args.baselines.read_text()) if args.baselines else baselines(training, test),
        others=_scores_of_others(args.variant, to.parent),
        data={"train": len(seen), "held_out": len(held_out), "test": len(test)},
        rounding=rounding,
    )
    write_card(report, weights, to)
    print(f"{to}: card.md, scores.json, curve.jsonl, curve.svg")


def _scores_of_others(variant: str, folder: Path) -> dict[str, dict]:
    """What the cards of the other variants left in the folders beside, as far as they are there."""
    files = {other: folder / f"image_{other}" / "scores.json" for other in VARIANTS if other != variant}
    return {other: json.loads(file.read_text()) for other, file in files.items() if file.exists()}


def _run_of(args: argparse.Namespace) -> Path:
    return args.run or RUNS / f"image_{args.variant}"


def _assets_of(variant: str) -> Path:
    return ASSETS / f"image_{variant}"


def main() -> None:
    # Only what is wrong, and no progress bars: stdout is one JSON line.
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    args = _parser().parse_args()
    {
        "train": train,
        "evaluate": print_evaluation,
        "baselines": print_baselines,
        "export": export,
        "card": card,
    }[args.command](args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    command = commands.add_parser("train")
    command.add_argument("--variant", choices=VARIANTS, required=True)
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--run", type=Path)
    command.add_argument("--steps", type=int, default=6_000)
    command.add_argument("--batch", type=int, default=128)
    command.add_argument("--rate", type=float, default=2e-3)
    command.add_argument("--warmup", type=int, default=200)
    command.add_argument("--latents", type=int, default=49, help="a square number")
    command.add_argument("--layers", type=int, default=4)
    command.add_argument("--coarse", type=float, default=0.7, help="share of the steps on smaller images")
    command.add_argument("--seconds", type=float, default=math.inf, help="stop after so long; run again to go on")
    command.add_argument("--validate-every", type=int, default=500)
    command.add_argument("--device", default=device)
    command.add_argument("--compile", action="store_true")
    command.add_argument("--seed", type=int, default=0)

    command = commands.add_parser("evaluate")
    command.add_argument("--variant", choices=VARIANTS, required=True)
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--weights", type=Path)
    command.add_argument("--device", default=device)

    command = commands.add_parser("baselines")
    command.add_argument("--data", type=Path, required=True)

    command = commands.add_parser("export")
    command.add_argument("--variant", choices=VARIANTS, required=True)
    command.add_argument("--run", type=Path)
    command.add_argument("--to", type=Path)

    command = commands.add_parser("card")
    command.add_argument("--variant", choices=VARIANTS, required=True)
    command.add_argument("--data", type=Path, required=True)
    command.add_argument("--run", type=Path, help="holds curve.jsonl; training.json and best.pt if there")
    command.add_argument("--curve", type=Path, nargs="+", help="curves of a run's sessions, first to last")
    command.add_argument("--scores", type=Path, help="what `evaluate` printed; computed without")
    command.add_argument("--baselines", type=Path, help="what `baselines` printed; computed without")
    command.add_argument("--weights", type=Path)
    command.add_argument("--to", type=Path, help="the other variants' scores are looked for in the folders beside")
    command.add_argument("--device", default=device)
    return parser


if __name__ == "__main__":
    main()
