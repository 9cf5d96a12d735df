"""What is downloaded beside a taught model: the notebook runs as it is, and says what the model says."""

import json
import re
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

from models.data.fine_tuned_files import FOLDER, NOTEBOOK, write_notebook_file, write_zip
from models.data.fine_tuned_files import TEXTS as EXAMPLES
from models.data.notebook import write_notebook, write_readme
from models.schema import FineTunedModel, FineTuneStep, RunInfo
from tests.tiny_models import tiny_model

TEXTS = ('Is "it" here?\n', "Grüße, [SEP] ☕")
LABELS = ("yes", "no </b>\n**", "perhaps")
MODEL_FILES = {"config.json", "model.safetensors"}
RUN = RunInfo("base", "embedded", "cpu", "float32", 0.1, False)
FINE_TUNED = FineTuneStep(4, 4, 1, 0.5, 0.75, 0.6, 0.7, 1.0, 0.0, None, None, 0, RUN)


def code_of(notebook: str) -> str:
    cells = json.loads(notebook)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_the_notebook_runs_and_agrees_with_the_model(tmp_path, monkeypatch, capsys):
    model = tiny_model("PerceiverForSequenceClassification", max_position_embeddings=22)
    monkeypatch.setattr(model.config, "id2label", dict(enumerate(("yes", "no", "perhaps"))))
    model.save_pretrained(tmp_path / "it's mine")
    monkeypatch.chdir(tmp_path)
    code = code_of(write_notebook("it's mine", LABELS, TEXTS))
    capsys.readouterr()
    exec(compile(code, "notebook", "exec"), {})
    expected = ""
    for text in TEXTS:
        ids = torch.tensor([[4, *(byte + 6 for byte in text.encode()), 5]])  # [CLS], bytes after 6 tokens, [SEP]
        with torch.no_grad():
            odds = model(inputs=ids).logits[0].double().exp()
        best = int(odds.argmax())
        expected += f"{odds[best] / odds.sum():.4f} {('yes', 'no', 'perhaps')[best]} <- {text}\n"
    assert capsys.readouterr().out == expected

    with pytest.raises(ValueError, match=r"23 bytes .* reads 22: a+$"):
        exec(compile(code_of(write_notebook("it's mine", LABELS, ["a" * 21])), "notebook", "exec"), {})


def exported() -> tuple[FineTunedModel, dict[str, bytes]]:
    """A small model and its files."""
    network = tiny_model("PerceiverForSequenceClassification", max_position_embeddings=40)
    with TemporaryDirectory() as folder:
        network.save_pretrained(folder)
        files = {file.name: file.read_bytes() for file in Path(folder).iterdir()}
    return FineTunedModel("name", "base", "embedded", LABELS, {}), files


def run_notebook(file: Path) -> None:
    """Runs its code cells, as a kernel does that starts in its folder."""
    exec(compile(code_of(file.read_text("utf-8")), "notebook", "exec"), {})


def test_the_notebook_in_the_zip_runs_where_it_is_extracted(tmp_path, monkeypatch, capsys):
    model, files = exported()
    write_zip(files, model, FINE_TUNED, 10, tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        archive.extractall(tmp_path)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    run_notebook(Path(NOTEBOOK))
    assert [line.rpartition(" <- ")[2] for line in capsys.readouterr().out.splitlines()] == list(EXAMPLES)


@pytest.mark.parametrize("present", [(), ("config.json",), ("README.md",)])
def test_without_its_folder_the_notebook_ends_with_one_line(tmp_path, monkeypatch, present):
    """Also if the folder is that of the extracted archive, in which the model is one level deeper."""
    model, _ = exported()
    write_notebook_file(model, tmp_path / NOTEBOOK)
    monkeypatch.chdir(tmp_path)
    for name in present:
        Path(FOLDER).mkdir(exist_ok=True)
        Path(FOLDER, name).write_text("{}")
    with pytest.raises(SystemExit) as ended:
        run_notebook(Path(NOTEBOOK))
    (line,) = str(ended.value).splitlines()
    assert {name for name in MODEL_FILES if name in line} == MODEL_FILES - set(present)
    assert f"{FOLDER}.zip" in line
    assert str(tmp_path) in line


def test_the_notebook_is_one_of_nbformat_4_5():
    notebook = json.loads(write_notebook("folder", LABELS, TEXTS))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"] == {
        "name": "python3", "display_name": "Python 3", "language": "python"
    }  # fmt: skip
    about, *codes = notebook["cells"]
    assert set(about) == {"cell_type", "id", "metadata", "source"}
    for code in codes:
        assert set(code) == {"cell_type", "id", "metadata", "source", "execution_count", "outputs"}
        assert all(line.endswith("\n") for line in code["source"])
        assert len(code["source"]) <= 25
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", each) for each in ids)


def test_words_of_visitors_are_never_code():
    folder, text = "'; raise KeyboardInterrupt #", '"""\nraise KeyboardInterrupt\n"""'
    lines = code_of(write_notebook(folder, ["a\nb"], [text])).splitlines()
    assert [line for line in lines if "KeyboardInterrupt" in line] == [
        f"folder = {folder!r}  # next to this notebook", f"texts = {[text]!r}"
    ]  # fmt: skip


def test_the_readme_says_what_it_is():
    readme = write_readme("tuned", LABELS, "tuned.ipynb", "masked_bytes", 1096, 0.875)
    assert '    ["yes", "no </b>\\n**", "perhaps"]\n' in readme
    for words in (
        "`masked_bytes`",
        "`tuned`",
        "`tuned.ipynb`",
        "1,096 rows",
        "88%",
    ):
        assert words in readme
    without = write_readme("tuned", LABELS, "tuned.ipynb", "masked_bytes", 1096)
    assert "1,096 rows" in without
    assert "accuracy" not in without
