"""Loading weights: from embedded folders, from folders that stand in for the hub, and what happens without them."""

import json
import os
import pickle
import shutil
import socket
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from transformers import PerceiverForMaskedLM, PerceiverForSequenceClassification

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_weights import FREQUENCIES, published_names
from models.perceiver.checkpoints import (
    EMBEDDED,
    Checkpoint,
    config_of,
    count_parameters,
    labels_of,
    load_checkpoint,
    name_of,
    source_of,
)
from models.schema import CheckpointUnavailable
from models.tasks import TASKS
from tests.tiny_models import assert_equal, tiny_model

HUB_ID = "deepmind/language-perceiver"
PUBLISHED = Checkpoint(HUB_ID, "published", PerceiverForMaskedLM)
CPU = torch.device("cpu")
EMBEDDED_CHECKPOINTS = list(
    dict.fromkeys(each for task in TASKS for each in task.checkpoints if each.weights == "embedded")
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    tiny_model("PerceiverForMaskedLM").save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def load(folder: Path | None, checkpoint: Checkpoint = PUBLISHED, dtype: torch.dtype = torch.float32):
    return load_checkpoint(checkpoint, CPU, dtype, {} if folder is None else {HUB_ID: folder})


def assert_unavailable(folder: Path | None) -> str:
    """The message names the id, and what works without it."""
    with pytest.raises(CheckpointUnavailable, match=HUB_ID) as caught:
        load(folder)
    assert "demo model still works" in str(caught.value)
    return str(caught.value)


# Weights that are there


@pytest.mark.parametrize("checkpoint", EMBEDDED_CHECKPOINTS, ids=lambda checkpoint: checkpoint.name)
def test_embedded_model_is_the_file_in_assets(checkpoint):
    model = load_checkpoint(checkpoint, CPU, torch.float32, {})
    stored = load_file(EMBEDDED / checkpoint.name / "model.safetensors")
    assert type(model) is checkpoint.model
    assert not model.training
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    if checkpoint.model is PerceiverAr:
        del stored[FREQUENCIES]  # of the config, not of the model
        stored = {ours: stored.pop(theirs) for ours, theirs in published_names(model.config).items()} | stored
    state = {key: model.state_dict()[key].float() for key in stored}  # a convolution's statistics count in integers
    assert_equal(state, {key: value.float() for key, value in stored.items()}, atol=0)
    assert set(dict(model.named_parameters())) <= set(stored)
    assert count_parameters(checkpoint) == sum(parameter.numel() for parameter in model.parameters())


def test_embedded_files_go_into_plain_git():
    sizes = {path.name: path.stat().st_size for path in EMBEDDED.rglob("*") if path.is_file()}
    assert sizes
    assert {name: size for name, size in sizes.items() if size > 10 * 2**20} == {}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_folder_in_place_of_the_hub(saved, dtype):
    model, original = load(saved, dtype=dtype), tiny_model("PerceiverForMaskedLM")
    assert not model.training
    expected = {name: parameter.to(dtype) for name, parameter in original.named_parameters()}
    assert_equal(dict(model.named_parameters()), expected, atol=0)


def test_bin_of_plain_tensors_loads(folder):
    (folder / "model.safetensors").unlink()
    state = tiny_model("PerceiverForMaskedLM").state_dict()
    torch.save(state, folder / "pytorch_model.bin")
    assert_equal(load(folder).state_dict(), state, atol=0)


def test_safetensors_come_before_a_bin(folder):
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Payload(folder / "ran")))
    assert_equal(load(folder).state_dict(), tiny_model("PerceiverForMaskedLM").state_dict(), atol=0)
    assert not (folder / "ran").exists()


# Weights that are not


class Payload:
    """Its unpickling makes a folder, where files are unpickled with all that pickle can do."""

    def __init__(self, evidence: Path):
        self._evidence = str(evidence)

    def __reduce__(self):
        return os.mkdir, (self._evidence,)


def test_payload_would_do_harm(tmp_path):
    """Else the next tests could not fail."""
    pickle.loads(pickle.dumps(Payload(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


def as_zip(payload: Payload, path: Path) -> None:
    torch.save({"embedding_decoder.bias": payload}, path)


def as_old_torch(payload: Payload, path: Path) -> None:
    torch.save({"embedding_decoder.bias": payload}, path, _use_new_zipfile_serialization=False)


def as_plain_pickle(payload: Payload, path: Path) -> None:
    path.write_bytes(pickle.dumps({"embedding_decoder.bias": payload}, protocol=2))


@pytest.mark.parametrize("write", [as_zip, as_old_torch, as_plain_pickle])
def test_code_in_a_bin_is_not_run(folder, write):
    (folder / "model.safetensors").unlink()
    write(Payload(folder / "ran"), folder / "pytorch_model.bin")
    assert_unavailable(folder)
    assert not (folder / "ran").exists()


def test_missing_folder(tmp_path):
    assert str(tmp_path / "nowhere") in assert_unavailable(tmp_path / "nowhere")


def test_file_in_place_of_a_folder(saved):
    assert_unavailable(saved / "config.json")


def test_missing_embedded_folder():
    with pytest.raises(CheckpointUnavailable, match="no_such_model") as caught:
        load(None, Checkpoint("no_such_model", "embedded", PerceiverForMaskedLM))
    assert "still there" not in str(caught.value)


def test_weights_of_another_class(tmp_path):
    tiny_model("PerceiverForSequenceClassification").save_pretrained(tmp_path)
    load(tmp_path, Checkpoint(HUB_ID, "published", PerceiverForSequenceClassification))
    assert "PerceiverForMaskedLM" in assert_unavailable(tmp_path)


def change_weights(change: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        state = load_file(folder / "model.safetensors")
        change(state)
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})

    return spoil


def change_config(**changes: object) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))

    return spoil


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


SPOILED = {
    "one tensor missing": change_weights(lambda state: state.pop("embedding_decoder.bias")),
    "one tensor of another shape": change_weights(
        lambda state: state.update({"embedding_decoder.bias": torch.ones(9)})
    ),
    "no tensor": change_weights(lambda state: state.clear()),
    "another number of latents": change_config(num_latents=9),
    "heads that do not divide": change_config(num_self_attention_heads=3),
    "no heads": change_config(num_self_attention_heads=0),
    "words for numbers": change_config(num_latents="many"),
    "an unknown activation": change_config(hidden_act="none of them"),
    "cut weights": cut,
    "empty weights": lambda folder: (folder / "model.safetensors").write_bytes(b""),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "cut config": lambda folder: (folder / "config.json").write_text("{"),
    "a list as config": lambda folder: (folder / "config.json").write_text("[]"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_spoiled_folder(folder, spoil):
    load(folder)
    spoil(folder)
    assert_unavailable(folder)


# The hub


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[int], None]:
    """Points the hub's client at a port of this machine, with an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def at(port: int) -> None:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")

    return at


def test_hub_out_of_reach(hub):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        hub(taken.getsockname()[1])
        began = time.monotonic()
        message = assert_unavailable(None)
    assert time.monotonic() - began < 3
    assert "could not be downloaded" in message


def test_hub_that_says_nothing(hub):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hub(silent.getsockname()[1])
        began = time.monotonic()
        assert_unavailable(None)
    assert time.monotonic() - began < 10


def test_what_was_downloaded_needs_no_hub(hub, saved, tmp_path):
    hub(9)
    repository = tmp_path / "hub" / "models--deepmind--language-perceiver"
    shutil.copytree(saved, repository / "snapshots" / "0123abcd")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abcd")
    assert_equal(load(None).state_dict(), tiny_model("PerceiverForMaskedLM").state_dict(), atol=0)


# What stands in for a hub id


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    model = deepcopy(tiny_model("PerceiverForSequenceClassification"))
    model.config.id2label = {0: "dull", 1: "fine", 2: "grand"}
    model.save_pretrained(tmp_path / "classifier")
    return tmp_path / "classifier"


IMDB = Checkpoint("addy88/perceiver_imdb", "published", PerceiverForSequenceClassification)


def test_shape_is_that_of_the_folder_in_its_place(classifier):
    folders = {IMDB.name: classifier}
    assert labels_of(config_of(IMDB)) == ("LABEL_0", "LABEL_1")
    assert labels_of(config_of(IMDB, folders)) == ("dull", "fine", "grand")
    loaded = load_checkpoint(IMDB, CPU, torch.float32, folders)
    assert count_parameters(IMDB, folders) == sum(parameter.numel() for parameter in loaded.parameters())
    assert name_of(IMDB, folders) == IMDB.name
    (classifier / "config.json").write_text("{")
    assert labels_of(config_of(IMDB, folders)) == ("LABEL_0", "LABEL_1")


def test_another_hub_id_in_its_place(hub, classifier, tmp_path):
    """From the cache, as a download leaves it."""
    hub(9)
    repository = tmp_path / "hub" / "models--someone--films"
    shutil.copytree(classifier, repository / "snapshots" / "0123abcd")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abcd")
    folders = {IMDB.name: Path("someone/films")}
    assert source_of(IMDB, folders) == name_of(IMDB, folders) == "someone/films"
    assert labels_of(load_checkpoint(IMDB, CPU, torch.float32, folders).config) == ("dull", "fine", "grand")
    assert labels_of(config_of(IMDB, folders)) == ("dull", "fine", "grand")


def test_another_hub_id_that_is_not_there(hub):
    hub(9)
    with pytest.raises(CheckpointUnavailable, match="someone/films: it is not in the cache"):
        load_checkpoint(IMDB, CPU, torch.float32, {IMDB.name: Path("someone/films")})


def test_a_folder_of_two_parts_is_a_folder(classifier, monkeypatch):
    monkeypatch.chdir(classifier.parent.parent)
    given = Path(classifier.parent.name) / "classifier"
    assert source_of(IMDB, {IMDB.name: given}) == given
    assert source_of(IMDB, {IMDB.name: Path("/no/where")}) == Path("/no/where")
    assert source_of(IMDB, {IMDB.name: Path("no/such/folder")}) == Path("no/such/folder")
