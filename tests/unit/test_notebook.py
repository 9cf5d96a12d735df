"""What is downloaded beside a taught model: the notebook runs as it is, and says what the model says."""

import json
import re

import pytest
import torch

from models.data.notebook import write_notebook, write_readme
from tests.tiny_models import tiny_model

TEXTS = ('Is "it" here?\n', "Grüße, [SEP] ☕")
LABELS = ("yes", "no </b>\n**", "perhaps")


def code_of(notebook: str) -> str:
    (code,) = ["".join(cell["source"]) for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    return code


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


def test_the_notebook_is_one_of_nbformat_4_5():
    notebook = json.loads(write_notebook("folder", LABELS, TEXTS))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"] == {
        "name": "python3", "display_name": "Python 3", "language": "python"
    }  # fmt: skip
    about, code = notebook["cells"]
    assert set(about) == {"cell_type", "id", "metadata", "source"}
    assert set(code) == {"cell_type", "id", "metadata", "source", "execution_count", "outputs"}
    assert all(re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", cell["id"]) for cell in (about, code))
    assert all(line.endswith("\n") for line in code["source"])
    assert len(code["source"]) <= 25


def test_words_of_visitors_are_never_code():
    folder, text = "'; raise SystemExit #", '"""\nraise SystemExit\n"""'
    lines = code_of(write_notebook(folder, ["a\nb"], [text])).splitlines()
    assert [line for line in lines if "SystemExit" in line] == [
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
