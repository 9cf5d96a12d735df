"""The card of the multimodal autoencoder: what it says of scores, of what is missing, and of how it came about."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tiny_models import tiny_patch_multimodal
from training.av_card import Report, write_card
from training.av_evaluation import AIMS, BARS

SCORES = {
    "video_db": 5.12, "video_psnr": 21.3, "sound_db": 4.56, "both": 0.912, "video_alone": 0.834, "sound_alone": 0.701,
    "between_db": 4.98, "bars": BARS, "aims": AIMS, "met": True, "seconds": 12.0,
}  # fmt: skip
OTHERS = {"video_db": 1.25, "video_psnr": 17.4, "sound_db": 0.75}


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    tiny_patch_multimodal().half().save_pretrained(folder)
    return folder


def report(**changes) -> Report:
    made = Report(
        curve=[{"step": 100, "train": 2.0, "seconds": 60.0}, {"step": 200, "valid": 1.234, "seconds": 6000.0}],
        training={"steps": 300, "batch": 32, "rate": 0.002, "warmup": 50, "video": 1.0, "sound": 2.0, "label": 0.5},
        scores=SCORES,
        baselines=dict.fromkeys(("pca", "mean_clip", "mean_color"), OTHERS),
        recordings=(1234, 56),
        rounding=None,
    )
    return replace(made, **changes)


def card(made: Report, weights: Path, folder: Path) -> str:
    write_card(made, weights, folder)
    return (folder / "card.md").read_text(encoding="utf-8")


def test_scores_beside_baselines_bars_and_aims(weights, tmp_path):
    said = card(report(), weights, tmp_path)
    assert "| **this model** | 5.1 | 4.6 | 91.2 % | 83.4 % | 70.1 % |" in said
    assert "| PCA, as many numbers as the latents have | 1.2 | 0.8 | – | – | – |" in said
    assert "| the bars | 3.0 | 1.0 | 85.0 % | 80.0 % | 50.0 % |" in said
    assert "448 numbers" in said  # 7 latents x 64
    assert "come out 5.0 dB above" in said
    assert "1,234 recordings" in said
    assert "Means over 56 clips of recordings not used in training" in said


def test_how_it_was_trained(weights, tmp_path):
    said = card(report(), weights, tmp_path)
    assert "| clips | 6,400, 32 a batch |" in said
    assert "| weights of the losses | video 1.0, sound 2.0, label 0.5 |" in said
    assert "| time | 100 minutes |" in said
    assert "step 200: 1.234 loss on held-out clips" in said
    bare = card(report(training={}), weights, tmp_path)
    assert "weights of the losses" not in bare


def test_what_was_read(weights, tmp_path):
    said = card(report(), weights, tmp_path)
    assert "8 of the picture, each 2 frames of 4 x 4 pixels; 8 of the sound, each 128 samples" in said
    assert "4 frames of 8 x 8 pixels and 0.13\nseconds" in said


def test_rounding(weights, tmp_path):
    assert "as trained" not in card(report(), weights, tmp_path)
    said = card(report(rounding=SCORES | {"video_db": 5.2}), weights, tmp_path)
    assert "as trained: video 5.200 dB, sound 4.560 dB; rounded: video 5.120 dB" in said


def test_kept_files(weights, tmp_path):
    card(report(), weights, tmp_path)
    assert json.loads((tmp_path / "scores.json").read_text()) == {k: v for k, v in SCORES.items() if k != "seconds"}
    assert (tmp_path / "curve.svg").read_text().lstrip().startswith("<?xml")
    assert len((tmp_path / "curve.jsonl").read_text().splitlines()) == 2
