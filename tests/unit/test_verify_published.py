"""Verification of the original models, on random weights and on values that transformers itself computes for them."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import PerceiverImageProcessorPil, PerceiverTokenizer

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.checkpoints import Checkpoint
from tests.tiny_models import load_tiny, tiny_model, unavailable
from tools import verify_published
from tools.verify_published import Case, cases, exit_code, report, verify


@pytest.fixture(scope="module")
def backend() -> LocalBackend:
    return LocalBackend(Settings(device="cpu"), load_tiny)


def model_of(backend: LocalBackend, task: str, variant: str = ""):
    checkpoint = {"masked_bytes": verify_published.MASKED_BYTES, "image": verify_published.IMAGE_CLASSIFICATION}[task]
    with backend.load(checkpoint.checkpoint("published", variant)) as loaded:
        return loaded.model


def test_logits_of_text_are_those_of_transformers(backend, monkeypatch):
    monkeypatch.setattr(verify_published, "SENTENCE", "a few words")
    monkeypatch.setattr(verify_published, "MASKED", (2, 5))
    ids = PerceiverTokenizer()("a few words", return_tensors="pt")["input_ids"]
    ids[0, 3:6] = PerceiverTokenizer().mask_token_id
    with torch.inference_mode():
        logits = model_of(backend, "masked_bytes")(ids).logits[0]
    computed = verify_published.first_logits(backend)
    assert np.allclose(computed, logits[:3, :3], atol=1e-4)
    ranked = logits[3:6, 6:].argmax(-1) + 6
    assert verify_published.filled_ids(backend) == ranked.tolist()


@pytest.mark.parametrize("variant", ["learned", "fourier", "conv"])
def test_logits_of_an_image_are_those_of_transformers(variant, tmp_path):
    def load(checkpoint: Checkpoint, *_: Any) -> Any:
        return tiny_model(checkpoint.model.__name__, 1, image_size=224, num_labels=4)

    backend = LocalBackend(Settings(device="cpu"), load)
    noise = np.random.default_rng(0).integers(0, 256, (300, 260, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "image.png")
    pixels = PerceiverImageProcessorPil()(Image.fromarray(noise), return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        logits = model_of(backend, "image", variant)(inputs=pixels).logits[0, :3]
    assert np.allclose(verify_published.image_logits(backend, variant, tmp_path / "image.png"), logits, atol=1e-4)


def test_values_are_compared_by_the_tolerance_and_texts_exactly(backend):
    numbers, text = Case("numbers", [1.0, 2.0], lambda _: [1.0, 2.00009]), Case("text", "ab", lambda _: "ab")
    far, other = replace(numbers, expected=[1.0, 2.1]), replace(text, expected="ba")
    rows = verify(backend, [numbers, text, far, other])
    assert [row.equal for row in rows] == [True, True, False, False]
    assert rows[2].difference == pytest.approx(0.09991)
    assert (exit_code(rows[:2]), exit_code(rows)) == (0, 1)
    assert report(rows).count("DIFFERS") == 2


def test_without_a_network_it_exits_with_2(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(verify_published, "LocalBackend", lambda settings: LocalBackend(settings, unavailable))
    out = tmp_path / "found.json"
    monkeypatch.setattr("sys.argv", ["verify_published", "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        verify_published.main()
    assert ended.value.code == 2
    assert all("is not there" in row["problem"] for row in json.loads(out.read_text()))
    assert "language-perceiver" in capsys.readouterr().out


def test_every_recorded_case_is_run_if_its_image_is_given(backend, tmp_path):
    Image.new("RGB", (60, 50), "gray").save(tmp_path / "image.png")
    assert len(list(cases())) == 9
    assert len(list(cases(tmp_path / "image.png", tmp_path / "image.png"))) == 13
