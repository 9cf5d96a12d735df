"""All recipes: a run resumes as if never interrupted, and its weights are exported, evaluated and described."""

import json
import lzma
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.numpy import load_file

from tests import training_data
from training import av_autoencoding, av_baselines, cifar, flow_evaluation, flow_textures, text_samples
from training.av_autoencoding import AvAutoencoding
from training.av_sounds import read_recordings
from training.flow_card import NAMES
from training.image_classification import ImageClassification
from training.masked_bytes import MaskedBytes
from training.optical_flow import OpticalFlow
from training.recipe import Recipe
from training.sentiment import Sentiment
from training.text_generation import TextGeneration


@dataclass(frozen=True)
class Case:
    """put_data: writes data to a folder. options: of `train`, for a model as small as the recipe allows."""

    recipe: type[Recipe]
    put_data: Callable[[Path], None]
    options: dict[str, object]
    variant: str | None = None

    def words(self, command: str, **options: object) -> list[object]:
        """A command line, options with underscores for dashes."""
        named = options if self.variant is None or command == "baselines" else {"variant": self.variant, **options}
        return [command, *(word for name, value in named.items() for word in (f"--{name.replace('_', '-')}", value))]


IMAGES = {"latents": 4, "layers": 1, "batch": 4, "coarse": 0.4}
CASES = {
    "masked_bytes": Case(MaskedBytes, training_data.put_prose, {"batch": 2, "blocks": 1, "layers": 1, "widening": 1}),
    "sentiment": Case(Sentiment, partial(training_data.put_reviews, rows=24), {"batch": 2, "warmup": 1, "frozen": 1}),
    "text_generation": Case(
        TextGeneration,
        training_data.put_prose,
        {"batch": 2, "channels": 16, "heads": 2, "layers": 1, "context": 32, "latents": 8},
    ),
    "optical_flow": Case(OpticalFlow, training_data.put_flow, {"batch": 1, "layers": 1, "latents": 4}),
    "av_autoencoding": Case(AvAutoencoding, training_data.put_digits, {"batch": 1, "layers": 1, "between": 1}),
    **{
        f"image_{variant}": Case(ImageClassification, training_data.put_images, IMAGES, variant)
        for variant in ImageClassification.variants
    },
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    """A recipe whose evaluation and baselines are as small as its data."""
    monkeypatch.setattr(cifar, "HELD_OUT", 6)
    monkeypatch.setattr(flow_textures, "HELD_OUT", 4)
    monkeypatch.setattr(flow_textures, "NOISES", 4)
    monkeypatch.setattr(flow_evaluation, "COUNT", 4)
    monkeypatch.setattr(flow_evaluation, "SIZE", 32)
    monkeypatch.setattr(flow_evaluation, "METHODS", dict.fromkeys(NAMES, flow_evaluation.METHODS["zero"]))
    monkeypatch.setattr(av_baselines, "CLIPS", 8)
    monkeypatch.setattr(av_autoencoding, "VALIDATED", 2)
    monkeypatch.setattr(av_autoencoding, "espeak_voices", lambda cache: read_recordings(cache.parents[1] / "data")[0])
    monkeypatch.setattr(text_samples, "PROMPTS", ("a prompt",))
    return CASES[request.param]


@pytest.fixture
def data(case: Case, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    case.put_data(folder)
    return folder


def without_seconds(line: str) -> dict:
    return {name: value for name, value in json.loads(line).items() if name != "seconds"}


def test_a_run_resumes_as_if_never_interrupted(command, case, data, tmp_path):
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    options = {"data": data, "steps": 2, "validate_every": 2, **case.options}
    command(case.recipe, *case.words("train", run=straight, **options))
    for session in (1, 2):
        command(case.recipe, *case.words("train", run=stopped, seconds=0, **options))
        assert torch.load(stopped / "state.pt", weights_only=True)["step"] == session
    one, other = (torch.load(run / "state.pt", weights_only=True)["model"] for run in (straight, stopped))
    torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)
    record = json.loads((straight / "training.json").read_text())
    assert (case.options | {"steps": 2, "seed": 0}).items() <= record.items()
    assert record.get("variant") == case.variant
    assert ("compile" in record) is case.recipe.compiles
    assert not {"data", "run", "command", "seconds", "device"} & record.keys()


def test_from_training_to_the_card(command, case, data, tmp_path):
    run, weights = tmp_path / "run", tmp_path / f"image_{case.variant}"
    command(case.recipe, *case.words("train", run=run, data=data, steps=2, validate_every=1, **case.options))
    command(case.recipe, *case.words("export", run=run, to=weights))
    stored = load_file(weights / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values() if tensor.ndim > 1} == {np.dtype(np.float16)}

    (scores,) = command(case.recipe, *case.words("evaluate", data=data, weights=weights))
    (baselines,) = command(case.recipe, *case.words("baselines", data=data))
    given = {"scores": tmp_path / "scores", "baselines": tmp_path / "baselines"}
    given["scores"].write_text(scores)
    given["baselines"].write_text(baselines)
    command(case.recipe, *case.words("card", data=data, run=run, to=weights, **given))
    assert json.loads((weights / "scores.json").read_text()) == without_seconds(scores)
    assert {"curve.svg", "curve.jsonl", "card.md"} <= {file.name for file in weights.iterdir()}
    card = ModelCard.load(weights / "card.md")
    assert all(math.isfinite(result.metric_value) for result in card.data.eval_results)
    parameters = sum(tensor.size for name, tensor in stored.items() if "running" not in name and "num_b" not in name)
    rows = dict(row for row in table_rows(card.text) if len(row) == 2)
    assert int(rows["parameters"].replace(",", "")) == pytest.approx(parameters, abs=4)  # without rotary frequencies
    assert (rows["steps"], "Muon" in rows["optimizer"]) == ("2", case.recipe.muon)


def test_a_card_computes_the_scores_that_are_not_given(command, tmp_path):
    case, data, weights = CASES["masked_bytes"], tmp_path / "data", tmp_path / "weights"
    data.mkdir()
    case.put_data(data)
    command(case.recipe, *case.words("train", run=tmp_path, data=data, steps=1, **case.options))
    command(case.recipe, *case.words("export", run=tmp_path, to=weights))
    given = {}
    for name, options in (("evaluate", {"weights": weights}), ("baselines", {})):
        given[name] = tmp_path / name
        given[name].write_text(command(case.recipe, *case.words(name, data=data, **options))[0])
    cards = []
    for options in ({}, {"scores": given["evaluate"], "baselines": given["baselines"]}):
        command(case.recipe, *case.words("card", data=data, run=tmp_path, to=weights, **options))
        cards.append((weights / "card.md").read_text())
        (weights / "card.md").unlink()
    assert cards[0] == cards[1]


def table_rows(markdown: str) -> list[tuple[str, ...]]:
    """Cells of all rows; fails where a row of a table has more or fewer cells than the row before."""
    lines, rows = markdown.splitlines(), []
    for previous, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|"):
            assert not previous.startswith("|") or line.count(" |") == previous.count(" |"), line
            rows.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    return rows


def test_missing_weights_do_not_query_the_hub(command, case, data, tmp_path):
    with pytest.raises(SystemExit, match="export weights first"):
        command(case.recipe, *case.words("evaluate", data=data, weights=tmp_path / "none"))


@pytest.mark.parametrize("name", ["masked_bytes", "text_generation"])
@pytest.mark.parametrize("file", ["short.txt", "short.txt.xz", "missing.txt", "broken.txt.xz"])
def test_text_that_cannot_be_evaluated(command, tmp_path, name, file):
    case, data, weights = CASES[name], tmp_path / "data", tmp_path / "weights"
    data.mkdir()
    case.put_data(data)
    command(case.recipe, *case.words("train", run=tmp_path, data=data, steps=1, **case.options))
    command(case.recipe, *case.words("export", run=tmp_path, to=weights))
    short = b"Too short." * 51 if name == "masked_bytes" else b""
    (data / "short.txt").write_bytes(short)
    (data / "short.txt.xz").write_bytes(lzma.compress(short))
    (data / "broken.txt.xz").write_bytes(b"no archive")
    with pytest.raises(SystemExit, match=r"512 bytes .* 510|is empty|cannot be read"):
        command(case.recipe, *case.words("evaluate", data=data / file, weights=weights))


@pytest.mark.parametrize("name", ["masked_bytes", "text_generation"])
def test_a_text_file_scores_like_its_archive_and_its_folder(command, tmp_path, name):
    case, data, weights = CASES[name], tmp_path / "data", tmp_path / "weights"
    data.mkdir()
    case.put_data(data)
    command(case.recipe, *case.words("train", run=tmp_path, data=data, steps=1, **case.options))
    command(case.recipe, *case.words("export", run=tmp_path, to=weights))
    (data / "copy.txt.xz").write_bytes(lzma.compress((data / "valid.txt").read_bytes()))
    lines = [
        command(case.recipe, *case.words("evaluate", data=path, weights=weights))[0]
        for path in (data / "valid.txt", data / "copy.txt.xz", data)
    ]
    found = [without_seconds(line) for line in lines]
    assert [each.pop("data") for each in found] == ["valid.txt", "copy.txt.xz", "valid.txt"]
    assert found[0] == found[1] == found[2]
    assert {"masked_bytes": "nats_per_byte", "text_generation": "bits_per_byte"}[name] in found[0]
