"""The card of an image model: what it says of scores, of their order, and of what is missing."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch

from training.image_card import Report, write_card
from training.image_classification import TOKENS, VARIANTS, config

pytestmark = pytest.mark.usefixtures("one_thread")

CLASSES = tuple("abcdefghij")


def scores(variant: str, top1: float, images: int = 5000) -> dict:
    by_class = {name: 0.1 * index for index, name in enumerate(CLASSES)}
    return {"variant": variant, "top1": top1, "top5": 0.987, "nats": 0.654, "images": images, "top1_by_class": by_class}


def report(variant: str, **others: float) -> Report:
    """The variant itself is right in 75 %."""
    return Report(
        variant=variant,
        grid=TOKENS[variant],
        curve=[{"step": 100, "train": 2.0, "seconds": 60.0}, {"step": 200, "valid": 1.234, "seconds": 119.0}],
        training={"steps": 300, "batch": 64, "rate": 0.002, "warmup": 50, "coarse": 0.7, "hardware": "an abacus"},
        scores=scores(variant, 0.75),
        baselines={
            "pixels": {"top1": 0.401, "nats": 1.765, "images": 5000},
            "hog": {"top1": 0.567, "images": 5000},
        },
        others={other: scores(other, top1) for other, top1 in others.items()},
        data={"train": 48_000, "held_out": 2000, "test": 5000},
        rounding=None,
    )


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """One folder for each variant, named by it."""
    folder = tmp_path_factory.mktemp("weights")
    for variant, model in VARIANTS.items():
        torch.manual_seed(0)
        model(config(variant, CLASSES, 4, 1)).half().save_pretrained(folder / variant)
    return folder


def card(given: Report, weights: Path, folder: Path) -> str:
    write_card(given, weights / given.variant, folder)
    return (folder / "card.md").read_text()


@pytest.mark.parametrize("variant", VARIANTS)
def test_says_what_is_asked_of_it(variant, weights, tmp_path):
    text = card(report(variant), weights, tmp_path)
    model = VARIANTS[variant](config(variant, CLASSES, 4, 1))
    for words in (
        f"`{VARIANTS[variant].__name__}`",
        f"| parameters | {sum(parameter.numel() for parameter in model.parameters()):,} |",
        f"| inputs | {TOKENS[variant]} x {TOKENS[variant]}, ",
        "Krizhevsky",
        "no license",
        "none of the images",
        "| steps | 200 of 300 planned |",
        "| images | 12,800, 64 a batch: each 0.3 times |",
        "Muon",
        "an abacus",
        "| time | 2 minutes |",
        "step 200: 1.234 nats on the 2,000 images held out",
        "| **this model** | 75.0% | 98.7% | 0.654 |",
        "standard error of the first is 0.6%",
        "linear SVM | 56.7% |",
        "logistic regression on pixels | 40.1% |  | 1.765 |",
        "| d | 30.0% |",
        "forced into one",
        f"train --variant {variant}",
    ):
        assert words in text
    assert ("in the first 70% of the steps" in text) is (variant != "conv")
    assert ("**start** as Fourier features" in text) is (variant == "learned")
    assert "[Loss against steps](curve.svg)" in text
    words = " ".join(ElementTree.parse(tmp_path / "curve.svg").getroot().itertext())
    assert "guessing: 2.30" in words
    assert "logistic regression: 1.76" in words or "logistic regression: 1.77" in words
    assert len((tmp_path / "curve.jsonl").read_text().splitlines()) == 2


def test_all_variants_side_by_side_in_the_expected_order(weights, tmp_path):
    text = card(report("fourier", conv=0.8, learned=0.6), weights, tmp_path)
    rows = "| learned positions (`learned`) | 60.0% |", "| Fourier features (`fourier`) | 75.0% |", "(`conv`) | 80.0% |"
    places = [text.index(row) for row in rows]
    assert places == sorted(places)
    assert "`learned` < `fourier` < `conv`, came out" in text
    assert "**not**" not in text


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ({"learned": 0.8, "conv": 0.9}, "`fourier` < `learned` < `conv`"),
        ({"learned": 0.6, "conv": 0.7}, "`learned` < `conv` < `fourier`"),
    ],
)
def test_another_order_is_said_plainly(weights, tmp_path, others, found):
    text = card(report("fourier", **others), weights, tmp_path)
    assert f"did **not** come out: it is {found}." in text
    assert "came out" not in text


def test_equal_scores_are_not_the_expected_order(weights, tmp_path):
    assert "did **not** come out" in card(report("fourier", learned=0.75, conv=0.9), weights, tmp_path)


def test_before_all_are_scored_no_order_is_claimed(weights, tmp_path):
    text = card(report("fourier", conv=0.8), weights, tmp_path)
    assert "cannot be said before learned is scored" in text
    assert "| learned positions (`learned`) | not scored yet |" in text
    assert not {"came out.", "did **not**"} & set(text.split())


def test_scores_are_kept_for_machines(weights, tmp_path):
    given = report("fourier")
    given.scores["seconds"] = 12.3
    card(given, weights, tmp_path)
    assert json.loads((tmp_path / "scores.json").read_text()) == scores("fourier", 0.75)


def test_rounding_is_told_where_it_is_known(weights, tmp_path):
    assert "as trained score 0.6543 nats, the rounded ones 0.6544" in card(
        replace(report("conv"), rounding=(0.65432, 0.65443)), weights, tmp_path
    )


def test_what_was_not_recorded_is_not_made_up(weights, tmp_path):
    text = card(replace(report("learned"), training={}), weights, tmp_path)
    assert "| steps | 200 |" in text
    assert "| hardware | not recorded |" in text
    assert not any(words in text for words in ("a batch", "learning rate", "16 x 16"))


@pytest.mark.parametrize(
    "changes",
    [
        {"scores": scores("fourier", 0.75, images=4999)},
        {"others": {"conv": scores("conv", 0.8, images=10_000)}},
        {"baselines": {"pixels": {"top1": 0.4, "nats": 1.8, "images": 500}, "hog": {"top1": 0.5, "images": 5000}}},
    ],
)
def test_scores_of_other_images_are_refused(weights, tmp_path, changes):
    with pytest.raises(SystemExit, match="not of the same images"):
        card(replace(report("fourier"), **changes), weights, tmp_path)


def test_scores_of_another_variant_are_refused(weights, tmp_path):
    with pytest.raises(SystemExit, match="Scores of fourier were asked for, and are of conv"):
        card(replace(report("fourier"), scores=scores("conv", 0.75)), weights, tmp_path)
    assert not list(tmp_path.iterdir())
