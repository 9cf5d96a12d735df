"""What a visitor takes home: the taught model as a folder that transformers loads, and a notebook that does so."""

import shutil
import tempfile
from pathlib import Path

from models.backend.local import ModelService
from models.data.notebook import write_notebook, write_readme
from models.schema import FineTuneStep
from pages.lesson import Lesson

FOLDER = "taught-perceiver"
NOTEBOOK = f"{FOLDER}.ipynb"
TEXTS = ("Thank you for your letter.", "Where did you put the keys?")
"""Classified by the notebook, until its reader puts in others: none of the visitor's own rows goes with it."""


def write_zip(service: ModelService, taught: FineTuneStep, lesson: Lesson, file: Path) -> None:
    """The model's folder, the notebook and a README. taught: with its `model`."""
    model = taught.model
    if model is None:
        raise ValueError("nothing was taught yet")
    with tempfile.TemporaryDirectory(prefix="perceiver-") as parent:
        folder = Path(parent)
        service.save_fine_tuned(model, folder / FOLDER)
        write_notebook_file(taught, folder / NOTEBOOK)
        learned = len(lesson.rows) - (len(taught.held_out.labels) if taught.held_out else 0)
        readme = write_readme(FOLDER, model.labels, NOTEBOOK, model.base, learned, taught.validation_accuracy)
        (folder / "README.md").write_text(readme, encoding="utf-8")
        shutil.make_archive(str(file.with_suffix("")), "zip", folder)


def write_notebook_file(taught: FineTuneStep, file: Path) -> None:
    labels = taught.model.labels if taught.model else ()
    file.write_text(write_notebook(FOLDER, labels, TEXTS), encoding="utf-8")
