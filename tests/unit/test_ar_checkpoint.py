"""Loading a Perceiver AR as the other checkpoints are: from folders, from the hub's cache, and what fails."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver import ar_checkpoint
from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_weights import save
from models.perceiver.checkpoints import Checkpoint, config_of, count_parameters, load_checkpoint, outline
from models.schema import CheckpointUnavailable, TextGenerationRequest
from tests.tiny_ar import CONFIG, tiny_ar
from tests.tiny_models import assert_equal, tiny_model, tiny_text_writer

HUB_ID = "krasserm/perceiver-ar-clm-base"
PUBLISHED = Checkpoint(HUB_ID, "published", PerceiverAr)
CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tiny_ar(), tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Of the hub, which is out of reach."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    return tmp_path / "hub"


def downloaded(folder: Path, cache: Path, name: str) -> Path:
    """As a download leaves it."""
    repository = cache / f"models--{name.replace('/', '--')}"
    shutil.copytree(folder, repository / "snapshots" / "0123abcd")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abcd")
    return repository / "snapshots" / "0123abcd"


def load(folders: dict[str, Path], dtype: torch.dtype = torch.float32) -> Any:
    return load_checkpoint(PUBLISHED, CPU, dtype, folders)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_folder_in_place_of_the_hub(folder, dtype):
    model = load({HUB_ID: folder}, dtype)
    assert isinstance(model, PerceiverAr)
    assert not model.training
    assert_equal(dict(model.named_parameters()), dict(tiny_ar().to(dtype).named_parameters()), atol=0)


def test_config_and_parameters_without_a_download(folder):
    assert count_parameters(PUBLISHED) == 453_950_720
    assert config_of(PUBLISHED).max_prefix == 512
    folders = {HUB_ID: folder}
    assert config_of(PUBLISHED, folders) == CONFIG
    assert count_parameters(PUBLISHED, folders) == sum(each.numel() for each in tiny_ar().parameters())
    assert {each.device.type for each in outline(PUBLISHED, folders).parameters()} == {"meta"}
    (folder / "config.json").write_text("{}")
    assert config_of(PUBLISHED, folders) == config_of(PUBLISHED)


def test_a_folder_of_another_class(tmp_path):
    tiny_model("PerceiverForMaskedLM").save_pretrained(tmp_path)
    with pytest.raises(CheckpointUnavailable, match=f"{HUB_ID}: its folder cannot be read"):
        load({HUB_ID: tmp_path})


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_folder_with_a_file_missing(folder, missing):
    (folder / missing).unlink()
    with pytest.raises(CheckpointUnavailable, match=rf"{missing}.*demo model still works"):
        load({HUB_ID: folder})


def test_what_was_downloaded_needs_no_hub(folder, cache):
    snapshot = downloaded(folder, cache, "someone/writer")
    folders = {HUB_ID: Path("someone/writer")}
    assert_equal(load(folders).state_dict(), tiny_ar().state_dict(), atol=0)
    assert config_of(PUBLISHED, folders) == CONFIG
    torch.save({}, snapshot / "pytorch_model.bin")  # safetensors come first
    assert_equal(load(folders).state_dict(), tiny_ar().state_dict(), atol=0)


def test_a_part_of_a_download_is_none(folder, cache):
    (folder / "model.safetensors").unlink()
    downloaded(folder, cache, HUB_ID)
    with pytest.raises(CheckpointUnavailable, match=f"{HUB_ID}: it is not in the cache"):
        load({})


def test_hub_out_of_reach(cache):
    with pytest.raises(CheckpointUnavailable, match=f"{HUB_ID}: it is not in the cache and could not be downloaded"):
        load({})
    folders = {HUB_ID: Path("someone/writer")}
    assert config_of(PUBLISHED, folders) == config_of(PUBLISHED)


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        (("config.json", "pytorch_model.bin", "model.safetensors"), "model.safetensors"),
        (("config.json", "pytorch_model.bin", "README.md"), "pytorch_model.bin"),
    ],
)
def test_of_a_repository_config_and_one_file_of_weights_are_loaded_down(monkeypatch, folder, cache, there, wanted):
    asked = []

    def snapshot_download(name: str, allow_patterns: Any = None, local_files_only: bool = False) -> str:
        if local_files_only:
            raise FileNotFoundError
        asked.append((name, allow_patterns))
        return str(folder)

    monkeypatch.setattr(ar_checkpoint, "ask_hub", lambda name: there)
    monkeypatch.setattr(ar_checkpoint, "snapshot_download", snapshot_download)
    load({})
    assert asked == [(HUB_ID, ["config.json", wanted])]


def test_the_service_writes_with_a_folder_of_bytes(tmp_path):
    """Such a one needs no tokenizer."""
    save(tiny_text_writer(3), tmp_path)
    service = LocalBackend(Settings(device="cpu", checkpoints={HUB_ID: tmp_path}))
    step = service.run(TextGenerationRequest("Once", weights="published", max_new_tokens=3, do_sample=False))
    assert len(step.tokens) == 3
    assert (step.run.model, step.run.weights, step.run.encoder_cached) == (HUB_ID, "published", False)
    shape = service.describe().shape("text_generation", "published")
    assert (shape.longest_text, shape.latents, shape.layers, shape.input_channels) == (24, 8, 2, 16)
