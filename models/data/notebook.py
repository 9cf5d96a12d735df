"""What goes with a taught model that is downloaded: a notebook that loads its folder, and a word on what it is.

Labels and texts are a visitor's own words: in code they are Python literals, in Markdown lines of JSON that are set in
by four blanks, so that neither runs nor renders them.
"""

import json
from collections.abc import Sequence

_CODE = """\
import torch
from transformers import PerceiverForSequenceClassification, PerceiverTokenizer

folder = {folder!r}  # beside this notebook
texts = {texts!r}

model = PerceiverForSequenceClassification.from_pretrained(folder).float().eval()
# It reads UTF-8 bytes, so there is no vocabulary to load; a literal "[SEP]" in a text stays text.
tokenizer = PerceiverTokenizer(split_special_tokens=True)
longest = model.config.max_position_embeddings

for text in texts:
    inputs = tokenizer(text, return_tensors="pt").input_ids
    if inputs.shape[1] > longest:
        raise ValueError(f"{{inputs.shape[1]}} bytes with [CLS] and [SEP], and the model reads {{longest}}: {{text}}")
    with torch.inference_mode():
        probabilities = model(inputs=inputs).logits[0].softmax(dim=0)
    best = int(probabilities.argmax())
    print(f"{{probabilities[best]:.4f}} {{model.config.id2label[best]}} <- {{text}}")
"""

_ABOUT = """\
# A classifier of texts, taught in the Perceiver Playground

It tells these labels apart:

    {labels}
"""

_INSTALL = "It needs Python with `torch` and `transformers` (`pip install torch transformers`), and no network."

_README = """\
{about}
It began as `{base}`, whose license holds for this model, too, and learned from {rows:,} rows{accuracy}.

The folder `{folder}` holds what `PerceiverForSequenceClassification.from_pretrained` of transformers loads:
`model.safetensors` and `config.json`. `{notebook}` loads it and classifies two texts. {install}

The rows that it was trained on are not in this folder. A model can still reveal parts of them: think before you share
one that was trained on private texts.
"""


def write_notebook(folder: str, labels: Sequence[str], texts: Sequence[str]) -> str:
    """A Jupyter notebook (nbformat 4.5): it loads the model in `folder`, beside it, and classifies the texts.

    For each it prints the probability of the best label, the label and the text.
    """
    about = f"{_about(labels)}\n{_INSTALL}\n"
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "cells": [
            {"cell_type": "markdown", "id": "about", "metadata": {}, "source": _lines(about)},
            {
                "cell_type": "code",
                "id": "classify",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": _lines(_CODE.format(folder=folder, texts=list(texts))),
            },
        ],
    }
    return json.dumps(notebook, indent=1) + "\n"


def write_readme(
    folder: str, labels: Sequence[str], notebook: str, base: str, rows: int, accuracy: float | None = None
) -> str:
    """Markdown. notebook: its file's name. base: the checkpoint that was taught. rows: how many it learned from.

    accuracy: share of right answers on rows that were held out, 0 to 1, if they were asked.
    """
    right = "" if accuracy is None else f"; of others, held out, it judged {accuracy:.0%} rightly"
    return _README.format(
        about=_about(labels), base=base, rows=rows, accuracy=right, folder=folder, notebook=notebook, install=_INSTALL
    )


def _about(labels: Sequence[str]) -> str:
    return _ABOUT.format(labels=json.dumps(list(labels), ensure_ascii=False))


def _lines(text: str) -> list[str]:
    """As notebooks hold texts: each line with its end, and none after the last."""
    return [f"{line}\n" for line in text.rstrip("\n").split("\n")]
