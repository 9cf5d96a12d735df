"""Facts for the cards of the three demo models for image classification."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from training.card import Facts, Report, check_same, perceiver_architecture, table

NAMES = {"learned": "learned positions", "fourier": "Fourier features", "conv": "convolution"}
"""In the expected order: the published models reach 72.7%, 79.0% and 82.1% on ImageNet."""
INPUTS = {
    "learned": "all 1,024 pixels: the color, projected by a 1x1 convolution, next to a learned position embedding. The "
    "embeddings **start** as Fourier features of the position (`training/image_start.py`) and are trained from there; "
    "the model did not discover their order",
    "fourier": "all 1,024 pixels: three color values next to fixed Fourier features of the position",
    "conv": "7 x 7 inputs, which a 7x7 convolution with stride 2 and max pooling compute from the image, each next to "
    "fixed Fourier features of its position",
}
CHANNELS = {
    "learned": "256 channels of color and 256 of position",
    "fourier": "3 channels of color and 258 of position",
    "conv": "64 channels from the convolution and 258 of position",
}
LIMITS = (
    "It knows photos of 32 x 32 pixels that one object fills. The app scales larger images down to this size first.",
    "It has ten classes and assigns every image to one of them, often with high confidence.",
    "Its probabilities are not calibrated.",
    "It knows each class as image searches before 2009 showed it.",
)


def facts(
    report: Report, variant: str, grid: int, others: Mapping[str, Mapping[str, Any]], sizes: Mapping[str, int]
) -> Facts:
    """grid: inputs along each side of an image. others: scores of the other variants, as far as they are known.

    sizes: images in "train", "held_out" and "test".
    """
    scores, known = report.scores, {variant: report.scores, **others}
    check_same("images", [each["images"] for each in (*known.values(), *report.baselines.values())])
    for name, each in known.items():
        if each["variant"] != name:
            raise SystemExit(f"The scores for {name} are those of {each['variant']}.")
    return Facts(
        title=f"Demo model for image classification: {NAMES[variant]}",
        description="A small Perceiver IO that classifies small photos into ten classes: "
        f"`{report.config['architectures'][0]}` of transformers, trained from scratch by the recipe "
        "`training/image_classification.py`. It is one of three models that differ in what precedes the encoder. "
        f"Its encoder reads {INPUTS[variant]}.",
        task="image-classification",
        dataset="CIFAR-10",
        metrics={"top-1 accuracy": scores["top1"], "top-5 accuracy": scores["top5"]},
        architecture=perceiver_architecture(
            report.config,
            inputs=f"{grid} x {grid}, {CHANNELS[variant]}; images of 32 x 32 pixels",
            decoder="1 cross-attention layer, one learned query for the whole image",
        ),
        data=_data(sizes),
        training=_training(report, variant, sizes),
        kept_by=f"nats on the {sizes['held_out']:,} validation images",
        quantity="nats per image",
        levels={
            "guessing": math.log(len(scores["top1_by_class"])),
            "logistic regression": report.baselines["pixels"]["nats"],
        },
        curve_note="Training images are augmented, validation images are not.",
        scores=_scores(scores, report.baselines),
        sections={"Three position encodings": _order(known)},
        limits=LIMITS,
        compared_on="on the validation images",
    )


def _data(sizes: Mapping[str, int]) -> tuple[str, ...]:
    rows = [
        ("training", f"{sizes['train']:,}", "train the weights"),
        ("validation", f"{sizes['held_out']:,}", "choose the best weights; the same images in every run"),
        ("test", f"{sizes['test']:,}", "give the scores; half of the official test images"),
    ]
    text = (
        "CIFAR-10: A. Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009. Its authors ask to be "
        "cited and state no license. The repository holds the weights but none of the images, which were read as JPEG "
        "of quality 75."
    )
    return text, table(("split", "images", "use"), rows)


def _training(report: Report, variant: str, sizes: Mapping[str, int]) -> dict[str, str]:
    training, rows = report.training, {}
    if report.examples:
        epochs = report.examples / sizes["train"]
        rows["images"] = f"{report.examples:,}, {training['batch']} per batch: {epochs:.1f} epochs"
    rows["augmentation"] = (
        "random crops with a reflected border of 4 pixels, half of them mirrored; brightness and contrast vary by 20%"
    )
    start = "each head of each latent attends to its own spot (`training/image_start.py`)"
    rows["initialization"] = f"positions are Fourier features, and {start}" if variant == "learned" else start
    if variant != "conv" and training.get("coarse"):
        rows["size"] = (
            f"12, 16 or 20 pixels per side in the first {training['coarse']:.0%} of the steps, drawn for each; then 32"
        )
    return rows


def _scores(scores: Mapping[str, Any], baselines: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    pixels, edges = baselines["pixels"], baselines["hog"]
    rows = [
        ("**this model**", *_row(scores)),
        ("histograms of oriented gradients, linear SVM", f"{edges['top1']:.1%}", "", ""),
        ("logistic regression on pixels", f"{pixels['top1']:.1%}", "", f"{pixels['nats']:.3f}"),
    ]
    text = (
        f"Top-1 and top-5 accuracy on the {scores['images']:,} test images with {len(scores['top1_by_class'])} "
        f"classes, and cross-entropy in nats. The standard error of the top-1 accuracy is "
        f"{_standard_error(scores):.1%}. The baselines (scikit-learn, scikit-image) were fitted on all training images "
        "and scored on the same test images."
    )
    by_class = [(name, f"{share:.1%}") for name, share in scores["top1_by_class"].items()]
    return text, table(("", "top-1", "top-5", "nats"), rows), table(("class", "top-1"), by_class)


def _order(known: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """All variants next to each other. known: scores by variant."""
    rows = [
        (f"{name} (`{variant}`)", *(_row(known[variant]) if variant in known else ("not scored yet", "", "")))
        for variant, name in NAMES.items()
    ]
    return "On the same test images:", table(("", "top-1", "top-5", "nats"), rows), order_in_words(known)


def order_in_words(known: Mapping[str, Mapping[str, Any]]) -> str:
    """Whether the variants rank as expected; known: scores by variant."""
    if missing := [variant for variant in NAMES if variant not in known]:
        return f"The order of the variants is unknown until these have scores: {', '.join(missing)}."
    accuracies = [known[variant]["top1"] for variant in NAMES]
    error = math.hypot(*(_standard_error(known[variant]) for variant in ("learned", "fourier")))
    order = sorted(NAMES, key=lambda each: known[each]["top1"])
    signs = ("<" if known[one]["top1"] < known[other]["top1"] else "=" for one, other in pairwise(order))
    ranked = f"`{order[0]}`" + "".join(f" {sign} `{name}`" for sign, name in zip(signs, order[1:], strict=True))
    expected = accuracies[0] < accuracies[1] < accuracies[2]
    return (
        f"The accuracies rank {ranked}, {'as' if expected else '**not** as'} expected. Each variant was trained once; "
        f"a difference below {2 * error:.1%} is within two standard errors."
    )


def _row(scores: Mapping[str, Any]) -> tuple[str, str, str]:
    return f"{scores['top1']:.1%}", f"{scores['top5']:.1%}", f"{scores['nats']:.3f}"


def _standard_error(scores: Mapping[str, Any]) -> float:
    return math.sqrt(scores["top1"] * (1 - scores["top1"]) / scores["images"])
