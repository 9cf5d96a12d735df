"""The notebook and README that are downloaded with a fine-tuned model.

Labels and texts come from the visitor: in code they are Python literals, in Markdown they are JSON in an indented code
block, so that neither is executed or rendered.
"""

import json
from collections.abc import Sequence

_CHECK = """\
from pathlib import Path

folder = {folder!r}  # next to this notebook

missing = [name for name in ("config.json", "model.safetensors") if not Path(folder, name).is_file()]
if missing:
    raise SystemExit(
        f"{{Path(folder).absolute()}} has no {{' and no '.join(missing)}}. Save the model as ZIP in Perceiver "
        f"Playground, extract {{folder}}.zip, and put the folder {{folder}} that is in it next to this notebook."
    )
"""

_CLASSIFY = """\
import torch
from transformers import PerceiverForSequenceClassification, PerceiverTokenizer

texts = {texts!r}

model = PerceiverForSequenceClassification.from_pretrained(folder).float().eval()
# The model reads UTF-8 bytes, so there is no vocabulary to load. A literal "[SEP]" in a text stays text.
tokenizer = PerceiverTokenizer(split_special_tokens=True)
longest = model.config.max_position_embeddings

for text in texts:
    inputs = tokenizer(text, return_tensors="pt").input_ids
    if inputs.shape[1] > longest:
        raise ValueError(f"{{inputs.shape[1]}} bytes with [CLS] and [SEP]; the model reads {{longest}}: {{text}}")
    with torch.inference_mode():
        probabilities = model(inputs=inputs).logits[0].softmax(dim=0)
    best = int(probabilities.argmax())
    print(f"{{probabilities[best]:.4f}} {{model.config.id2label[best]}} <- {{text}}")
"""

_ABOUT = """\
# A text classifier, fine-tuned in Perceiver Playground

Its labels:

    {labels}
"""

_NEEDS = """\
Put the folder `{folder}`, which has `config.json` and `model.safetensors`, next to this notebook. It is in
`{folder}.zip`, which Perceiver Playground saves: "Save model and curves", then "Model (ZIP)".
"""

_INSTALL = "It requires `torch` and `transformers` (`pip install torch transformers`) and no network."

_README = """\
{about}
It was fine-tuned from `{base}`, whose license also applies to this model, on {rows:,} rows{accuracy}.

The folder `{folder}` contains `model.safetensors` and `config.json`, which
`PerceiverForSequenceClassification.from_pretrained` of transformers loads. `{notebook}` loads them and classifies two
texts. {install}

The training rows are not in this folder. A model can still reveal parts of them: consider this before you share a model
that was trained on private texts.
"""


def write_notebook(folder: str, labels: Sequence[str], texts: Sequence[str]) -> str:
    """A Jupyter notebook (nbformat 4.5) that loads the model in `folder`, next to it, and classifies the texts.

    It prints the probability of the best label, the label and the text. Without the folder it ends with one line that
    says where to get it.
    """
    about = f"{_about(labels)}\n{_NEEDS.format(folder=folder)}\n{_INSTALL}\n"
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "cells": [
            {"cell_type": "markdown", "id": "about", "metadata": {}, "source": _lines(about)},
            _code_cell("check", _CHECK.format(folder=folder)),
            _code_cell("classify", _CLASSIFY.format(texts=list(texts))),
        ],
    }
    return json.dumps(notebook, indent=1) + "\n"


def _code_cell(name: str, code: str) -> dict[str, object]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": _lines(code),
    }


def write_readme(
    folder: str, labels: Sequence[str], notebook: str, base: str, rows: int, accuracy: float | None = None
) -> str:
    """README in Markdown.

    notebook: name of its file.
    base: the checkpoint that was fine-tuned.
    rows: number of training rows.
    accuracy: validation accuracy, 0 to 1, if it was measured.
    """
    right = "" if accuracy is None else f". The validation accuracy is {accuracy:.0%}"
    return _README.format(
        about=_about(labels), base=base, rows=rows, accuracy=right, folder=folder, notebook=notebook, install=_INSTALL
    )


def _about(labels: Sequence[str]) -> str:
    return _ABOUT.format(labels=json.dumps(list(labels), ensure_ascii=False))


def _lines(text: str) -> list[str]:
    """Lines as notebooks store them: each with its line break, except the last."""
    return [f"{line}\n" for line in text.rstrip("\n").split("\n")]
