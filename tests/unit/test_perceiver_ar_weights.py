"""Weights of Perceiver AR on disk: the published names in and out, and what is refused."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.perceiver.ar_config import as_written, read_config
from models.perceiver.ar_weights import FREQUENCIES, load, published_names, save
from tests.tiny_ar import DATA, RECORDED, tiny_ar, tokens
from tests.tiny_models import assert_equal

EMBEDDING = "backend_model.input_adapter.txt_embedding.weight"


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "model"
    copy.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(DATA / RECORDED[0] / name, copy / name)
    return copy


def change(folder, edit) -> None:
    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize("name", RECORDED)
def test_saved_as_it_was_loaded(name, tmp_path):
    save(load(DATA / name), tmp_path)
    before, after = load_file(DATA / name / "model.safetensors"), load_file(tmp_path / "model.safetensors")
    assert before.keys() == after.keys()
    for key, value in before.items():
        assert_equal(after[key], value, atol=1e-7 if key == FREQUENCIES else 0)
    configs = [json.loads((each / "config.json").read_text()) for each in (DATA / name, tmp_path)]
    assert configs[0] == configs[1]


@pytest.mark.parametrize(
    "changes", [{}, {"abs_pos_emb": True, "output_norm": False}, {"output_bias": False}, {"matching_orders": (3, 4)}]
)
def test_loaded_as_it_was_saved(changes, tmp_path):
    model, ids = tiny_ar(**changes), tokens(12)
    save(model, tmp_path)
    loaded = load(tmp_path)
    assert loaded.config == model.config
    assert not loaded.training
    with torch.no_grad():
        assert torch.equal(loaded(ids, 7), model(ids, 7))


def test_names_are_one_to_one():
    names = published_names(tiny_ar(abs_pos_emb=True).config)
    assert len(set(names.values())) == len(names)
    assert names["output_bias"] == "backend_model.output_adapter.bias"


def test_half_precision_rounds_weights_and_no_angles(tmp_path):
    save(tiny_ar(), tmp_path, torch.float16)
    dtypes = {name: tensor.dtype for name, tensor in load_file(tmp_path / "model.safetensors").items()}
    assert dtypes.pop(FREQUENCIES) == torch.float32
    assert set(dtypes.values()) == {torch.float16}
    assert load(tmp_path, torch.bfloat16).token_embedding.weight.dtype == torch.bfloat16
    assert load(tmp_path).token_embedding.weight.dtype == torch.float32


def test_a_bin_is_read_without_running_what_is_in_it(folder):
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")
    assert torch.equal(load(folder).token_embedding.weight, tensors[EMBEDDING])
    torch.save({"run": test_names_are_one_to_one}, folder / "pytorch_model.bin")
    with pytest.raises(Exception, match="weights_only"):
        load(folder)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda tensors: tensors.pop(EMBEDDING), f"missing {EMBEDDING}"),
        (lambda tensors: tensors.update(more=torch.zeros(1)), "unknown more"),
        (lambda tensors: tensors.update({EMBEDDING: torch.zeros(3, 64)}), r"is \(3, 64\), not \(97, 64\)"),
        (lambda tensors: tensors.update({FREQUENCIES: torch.ones(4)}), "do not match 16"),
        (lambda tensors: tensors[FREQUENCIES].mul_(1.01), "inv_freq"),
    ],
)
def test_weights_that_do_not_fit_are_refused(folder, edit, words):
    change(folder, edit)
    with pytest.raises(ValueError, match=words):
        load(folder)


def test_frequencies_need_not_be_there(folder):
    change(folder, lambda tensors: tensors.pop(FREQUENCIES))
    assert load(folder).config.rotated_channels == 16


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda config: config.pop("model_config"), "no model_config"),
        (lambda config: config["model_config"].pop("vocab_size"), r"missing \['vocab_size'\]"),
        (lambda config: config["model_config"].update(depth=3), r"unknown \['depth'\]"),
    ],
)
def test_a_config_that_is_not_understood_is_refused(folder, edit, words):
    written = json.loads((folder / "config.json").read_text())
    edit(written)
    (folder / "config.json").write_text(json.dumps(written))
    with pytest.raises(ValueError, match=words):
        read_config(folder)


def test_written_as_the_other_library_reads_it():
    config = read_config(DATA / RECORDED[1])
    assert (config.rotated_channels, config.head_channels, config.max_prefix) == (8, 16, 16)
    assert as_written(config) == json.loads((DATA / RECORDED[1] / "config.json").read_text())
