"""The widgets of the page on teaching: what a visitor sets, and what shows how it went."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from models.data.csv_table import MOST_ROWS
from models.data.labeled_rows import FEWEST_LABELS, MOST_LABELS
from models.schema import Weights
from models.schema.fine_tuning import EPOCHS, MOST_SECONDS, MOST_STEPS
from pages.examples import teaching_sets, title_chips
from pages.page import CSV_FILE
from pages.pictures import answer_picture
from pages.strips import result_strip
from pages.text_link import TeachView

NAME = "fine_tuning"
SETS = teaching_sets(NAME)
MOST_EPOCHS = EPOCHS[1]
WEIGHTS = [("embedded: small, always here", "embedded"), ("published: 206 M, only its decoder learns", "published")]
BATCHES = (2, 4, 8, 16, 32)
RATES = [(f"{rate:g}", rate) for rate in (1e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 3e-3)]
AT_FIRST = TeachView(0, epochs=5, batch=8, rate=5e-4, learns="all", seed=0, weights="embedded")
LEARNS = [("all of it", "all"), ("the decoder alone", "decoder")]
CAPS = f"""At most {MOST_ROWS:,} rows, {FEWEST_LABELS} to {MOST_LABELS} labels, {MOST_STEPS:,} steps and
{MOST_SECONDS / 60:.0f} minutes. **What you teach is yours alone**: nobody else meets it, the models of the other pages
stay as they are, and it is gone when you leave this page. Save it below to keep it."""


@dataclass(frozen=True, slots=True)
class Material:
    """What is to be learned."""

    chips: gr.Dataset
    file: gr.File
    columns: gr.Column
    text: gr.Dropdown
    label: gr.Dropdown
    labels: gr.HTML
    preview: gr.HTML


@dataclass(frozen=True, slots=True)
class Course:
    """How it is to be learned."""

    epochs: gr.Slider
    batch: gr.Dropdown
    rate: gr.Dropdown
    learns: gr.Radio
    seed: gr.Number
    weights: gr.Radio

    @property
    def settings(self) -> list[Any]:
        return [self.epochs, self.batch, self.rate, self.learns, self.seed, self.weights]


@dataclass(frozen=True, slots=True)
class Trial:
    """Where the taught model is tried."""

    text: gr.Textbox
    ask: gr.Button
    notice: gr.HTML
    labels: gr.HTML
    strip: gr.HTML


def material() -> Material:
    gr.Markdown("### 1. What is it to learn?")
    chips = title_chips("A set written for this page …", SETS, f"{NAME}-sets")
    with gr.Row():
        file = gr.File(
            label="… or a table of yours (CSV)",
            file_types=CSV_FILE,
            height=120,
            elem_id=f"{NAME}-file",
        )
        with gr.Column(min_width=160, visible=False) as columns:
            text = _column("Column with the texts", "text")
            label = _column("Column with the labels", "label")
    labels = answer_picture(f"{NAME}-labels")
    with gr.Accordion("The rows", open=False, elem_id=f"{NAME}-rows"):
        preview = answer_picture(f"{NAME}-preview")
    return Material(chips, file, columns, text, label, labels, preview)


def course(weights: Weights) -> Course:
    """weights: chosen at first."""
    with gr.Accordion("How it learns", open=False, elem_id=f"{NAME}-course"):
        with gr.Row():
            epochs = gr.Slider(
                1,
                MOST_EPOCHS,
                value=AT_FIRST.epochs,
                step=1,
                label="Epochs",
                info="How often it sees each row.",
                min_width=200,
                elem_id=f"{NAME}-epochs",
            )
            batch = gr.Dropdown(
                BATCHES,
                value=AT_FIRST.batch,
                label="Batch size",
                info="Rows to a step.",
                min_width=120,
                elem_id=f"{NAME}-batch",
            )
            rate = gr.Dropdown(
                RATES,
                value=AT_FIRST.rate,
                label="Learning rate",
                info="How far a step goes.",
                min_width=120,
                elem_id=f"{NAME}-rate",
            )
        with gr.Row():
            learns = gr.Radio(
                LEARNS, value=AT_FIRST.learns, label="What learns", min_width=200, elem_id=f"{NAME}-learns"
            )
            seed = gr.Number(
                0, label="Seed", precision=0, minimum=0, maximum=2**31 - 1, min_width=120, elem_id=f"{NAME}-seed"
            )
        chosen = gr.Radio(WEIGHTS, value=weights, label="Starts from", elem_id=f"{NAME}-weights")
    return Course(epochs, batch, rate, learns, seed, chosen)


def trial() -> Trial:
    gr.Markdown("### 3. Try what it has learned")
    with gr.Row():
        with gr.Column(min_width=300):
            text = gr.Textbox(SETS[0].unseen, label="A text that it has not seen", lines=2, elem_id=f"{NAME}-text")
            ask = gr.Button("Classify it", interactive=False, elem_id=f"{NAME}-try")
            notice = gr.HTML(elem_id=f"{NAME}-try-notice")
        with gr.Column(min_width=300):
            labels = answer_picture(f"{NAME}-answer")
            strip = result_strip(f"{NAME}-strip", "What it read for that")
    return Trial(text, ask, notice, labels, strip)


def _column(label: str, name: str) -> gr.Dropdown:
    return gr.Dropdown([], label=label, interactive=False, min_width=140, elem_id=f"{NAME}-{name}-column")
