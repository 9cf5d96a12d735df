"""The card of an embedded image model: what it is, what it was trained on, how well it does, beside the other two."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.card import Curve, architecture_section, precision_section, table, training_section
from training.curve import draw_curve, save_svg, write_curve


@dataclass(frozen=True, slots=True)
class Report:
    """What the card says.

    variant: learned, fourier or conv. grid: inputs that the encoder reads along each side of an image. curve: lines of
    `read_curve`. training: RUN/training.json, to which "remarks" may be added by hand; {} without one. scores,
    baselines: as `evaluate` and `baselines` print them. others: scores of the other variants, as far as they are known.
    data: images of each part. rounding: nats on the images held out, of the float32 weights as trained and of those on
    disk; None without the former.
    """

    variant: str
    grid: int
    curve: Curve
    training: dict[str, Any]
    scores: dict[str, Any]
    baselines: dict[str, dict[str, Any]]
    others: dict[str, dict[str, Any]]
    data: dict[str, int]
    rounding: tuple[float, float] | None


def write_card(report: Report, weights: Path, folder: Path) -> None:
    """Writes card.md, scores.json, curve.jsonl and curve.svg. weights: holds model.safetensors and config.json."""
    _check(report)
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in report.scores.items() if name != "seconds"}  # which every call takes anew
    (folder / "scores.json").write_text(json.dumps(kept) + "\n")
    write_curve(report.curve, folder / "curve.jsonl")
    classes = len(report.scores["top1_by_class"])
    levels = {"guessing": math.log(classes), "logistic regression": report.baselines["pixels"]["nats"]}
    title = f"Embedded image model: {NAMES[report.variant]}"
    save_svg(draw_curve(report.curve, title, "nats per image", levels), folder / "curve.svg")
    sections = (
        _introduction(report.variant, weights),
        architecture_section(weights, _inputs(report), DECODER),
        _data(report.data),
        _training(report),
        _scores(report),
        _order({report.variant: report.scores, **report.others}),
        _precision(weights, report),
        LIMITS,
        COMMANDS.format(variant=report.variant),
    )
    (folder / "card.md").write_text("\n".join(sections))


NAMES = {"learned": "learned positions", "fourier": "Fourier features", "conv": "a convolution before"}
"""From what is expected to do worst to the best: the published ones reach 72.7, 79.0 and 82.1 % on ImageNet."""
READS = {
    "learned": "all 1,024 pixels, each as its color, spread by a 1x1 convolution, beside an embedding of its place\n"
    "that is learned. These embeddings **start** as Fourier features of the place (`training/image_start.py`) and are\n"
    "trained from there: that they lie in order is no discovery of this model",
    "fourier": "all 1,024 pixels, each as three numbers beside Fourier features of its place, which are computed",
    "conv": "7 x 7 inputs, which a 7x7 convolution with stride 2 and a max pooling make of the image, each beside\n"
    "Fourier features of its place, which are computed",
}
CONTENT = {
    "learned": "256 channels of color and 256 of place",
    "fourier": "3 channels of color and 258 of place",
    "conv": "64 channels from the convolution and 258 of place",
}
START = "each head of each latent looks at a spot of its own (`training/image_start.py`)"
STARTS = {"learned": f"positions are Fourier features, and {START}", "fourier": START, "conv": START}
DECODER = "1 cross-attention, one learned query for the whole image"

DATA = """## Data

CIFAR-10: A. Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009. Its authors ask to be cited and
state no license. Only the weights are shipped, none of the images. They were read as JPEG of quality 75.

"""

CURVE = """
![Loss against steps](curve.svg)

The training batches are cut, mirrored and lit at random, the validation's images are as they are.
"""

LIMITS = """## Limits

- It knows photos of 32 x 32 pixels, each of one thing that fills it. A larger picture is made as small as that first.
- It knows ten classes and no other answer: whatever else is shown is forced into one of them, often with confidence.
- Its probabilities were not calibrated.
- It knows each class as image searches before 2009 showed it.
- It is made to show how a Perceiver works, not to be relied on.
"""

COMMANDS = """## Made with

```
python -m training.image_classification train --variant {variant} --data DIR
python -m training.image_classification export --variant {variant}
python -m training.image_classification evaluate --variant {variant} --data DIR
python -m training.image_classification baselines --data DIR
python -m training.image_classification card --variant {variant} --data DIR
```

The options of this run are in `training/README.md`.
"""


def _check(report: Report) -> None:
    known = {report.variant: report.scores, **report.others}
    counts = {scores["images"] for scores in (*known.values(), *report.baselines.values())}
    if len(counts) > 1:
        raise SystemExit(f"Scores and baselines are not of the same images: {sorted(counts)} of them.")
    for variant, scores in known.items():
        if scores["variant"] != variant:
            raise SystemExit(f"Scores of {variant} were asked for, and are of {scores['variant']}.")


def _introduction(variant: str, weights: Path) -> str:
    (model,) = json.loads((weights / "config.json").read_text())["architectures"]
    return (
        f"# Embedded image model: {NAMES[variant]}\n\n"
        "A small Perceiver IO that tells ten kinds of things apart in small photos:\n"
        f"`{model}` of transformers, trained from scratch by the recipe\n"
        "`training/image_classification.py`. One of three, which differ in what comes before the encoder.\n"
        f"It reads {READS[variant]}.\n"
    )


def _inputs(report: Report) -> str:
    return f"{report.grid} x {report.grid}, {CONTENT[report.variant]}; images of 32 x 32 pixels"


def _data(data: dict[str, int]) -> str:
    rows = (
        ("training images", f"{data['train']:,}", "for the weights"),
        ("training images held out", f"{data['held_out']:,}", "to choose the best weights; always the same"),
        ("test images", f"{data['test']:,}", "for the scores; half of the official test images"),
    )
    return DATA + table(("part", "images", "what for"), rows)


def _training(report: Report) -> str:
    training, seen = report.training, {}
    if "batch" in training:
        crops = int(report.curve[-1]["step"]) * training["batch"]
        seen["images"] = f"{crops:,}, {training['batch']} a batch: each {crops / report.data['train']:.1f} times"
    recipe = {
        "augmentation": "cut from the image with a reflected border of 4 pixels, half of them mirrored; "
        "brightness and contrast by up to 20 % more or less",
        "start": STARTS[report.variant],
    }
    if report.variant != "conv" and training.get("coarse"):
        first = f"the first {training['coarse']:.0%} of the steps"
        recipe["size"] = f"12, 16 or 20 pixels a side in {first}, drawn anew for each; then 32"
    scored = f"nats on the {report.data['held_out']:,} images held out"
    return training_section(training, report.curve, seen, recipe, scored, muon=True) + CURVE


def _scores(report: Report) -> str:
    scores, pixels, edges = report.scores, report.baselines["pixels"], report.baselines["hog"]
    rows = (
        ("**this model**", f"{scores['top1']:.1%}", f"{scores['top5']:.1%}", f"{scores['nats']:.3f}"),
        ("histograms of oriented gradients, linear SVM", f"{edges['top1']:.1%}", "", ""),
        ("logistic regression on pixels", f"{pixels['top1']:.1%}", "", f"{pixels['nats']:.3f}"),
    )
    text = (
        f"On the {scores['images']:,} test images: how often the right class comes first, and among the first five of\n"
        f"{len(scores['top1_by_class'])}; cross-entropy in nats. One standard error of the first is "
        f"{_standard_error(scores):.1%}. The baselines (scikit-learn,\n"
        "scikit-image) were fitted on all training images and scored on the same test images.\n\n"
    )
    by_class = [(name, f"{share:.1%}") for name, share in scores["top1_by_class"].items()]
    return f"## Scores\n\n{text}{table(('', 'top-1', 'top-5', 'nats'), rows)}\n{table(('class', 'top-1'), by_class)}"


def _order(known: dict[str, dict[str, Any]]) -> str:
    """All three side by side. known: scores by variant."""
    rows = [
        (f"{NAMES[variant]} (`{variant}`)", f"{scores['top1']:.1%}", f"{scores['top5']:.1%}", f"{scores['nats']:.3f}")
        if (scores := known.get(variant))
        else (f"{NAMES[variant]} (`{variant}`)", "not scored yet", "", "")
        for variant in NAMES
    ]
    return (
        "## Three ways to know where a pixel is\n\nOn the same test images.\n\n"
        f"{table(('', 'top-1', 'top-5', 'nats'), rows)}\n{_order_in_words(known)}\n"
    )


def _order_in_words(known: dict[str, dict[str, Any]]) -> str:
    if missing := [variant for variant in NAMES if variant not in known]:
        return f"Whether `learned` < `fourier` < `conv` came out cannot be said before {', '.join(missing)} is scored."
    found = [known[variant]["top1"] for variant in NAMES]
    error = math.hypot(*(_standard_error(known[variant]) for variant in ("learned", "fourier")))
    if found[0] < found[1] < found[2]:
        said = "The expected order, `learned` < `fourier` < `conv`, came out."
    else:
        best_last = " < ".join(f"`{variant}`" for variant in sorted(NAMES, key=lambda each: known[each]["top1"]))
        said = f"The expected order, `learned` < `fourier` < `conv`, did **not** come out: it is {best_last}."
    return (
        f"{said} One run of each; a difference below {2 * error:.1%} is within two standard errors, and may be chance."
    )


def _standard_error(scores: dict[str, Any]) -> float:
    return math.sqrt(scores["top1"] * (1 - scores["top1"]) / scores["images"])


def _precision(weights: Path, report: Report) -> str:
    if report.rounding is None:
        return precision_section(weights)
    trained, stored = report.rounding
    return precision_section(
        weights,
        f"On the {report.data['held_out']:,} images held out the weights as trained score {trained:.4f} nats, "
        f"the rounded ones {stored:.4f}.",
    )
