"""The fine-tuned model as files: a folder that transformers loads, a README, and a notebook that uses it."""

from collections.abc import Mapping
from pathlib import Path

from models.data.notebook import write_notebook, write_readme
from models.data.zip_files import write_zip_file
from models.schema import FineTunedModel, FineTuneStep

FOLDER = "fine-tuned-perceiver"
NOTEBOOK = f"{FOLDER}.ipynb"
TEXTS = ("Thank you for your letter.", "Where did you put the keys?")
"""Classified by the notebook. It has none of the visitor's own rows."""


def write_zip(exported: Mapping[str, bytes], model: FineTunedModel, step: FineTuneStep, rows: int, file: Path) -> None:
    """exported: the files of the model, by name. step: whose weights these are. rows: held-out ones included."""
    learned = rows - (len(step.held_out.labels) if step.held_out else 0)
    readme = write_readme(FOLDER, model.labels, NOTEBOOK, model.base, learned, step.validation_accuracy)
    others = {NOTEBOOK: write_notebook(FOLDER, model.labels, TEXTS), "README.md": readme}
    write_zip_file({f"{FOLDER}/{name}": content for name, content in exported.items()} | others, file)


def write_notebook_file(model: FineTunedModel, file: Path) -> None:
    file.write_text(write_notebook(FOLDER, model.labels, TEXTS), encoding="utf-8")
