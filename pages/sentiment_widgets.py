"""The widgets of the page on sentiment: what a visitor sets, and what shows the answer."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.analysis.text_units import Unit
from components.plots.architecture import Stage, draw_architecture
from models.data.csv_table import MOST_ROWS
from models.schema import ModelShape, Weights
from pages.examples import text_examples, title_chips
from pages.page import CSV_FILE
from pages.pictures import answer_picture
from pages.saving import SaveButtons, save_buttons

NAME = "sentiment"
EXAMPLES = text_examples(NAME)
WEIGHTS = [("embedded: small, always here", "embedded"), ("published: 206 M parameters, film reviews", "published")]
UNIT_AT_FIRST: Unit = "words"
OCCLUDING = """Each word is left out in turn, and the text read anew. Beside the attention on that word, this shows
whether **what was read most** is also **what made the difference**."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a visitor sets."""

    text: gr.Textbox
    weights: gr.Radio
    occlude: gr.Checkbox

    @property
    def asked(self) -> list[Any]:
        return [self.text, self.weights, self.occlude]


@dataclass(frozen=True, slots=True)
class Several:
    """The components for several texts at once."""

    file: gr.File
    column: gr.Dropdown
    ask: gr.Button
    stop: gr.Button
    notice: gr.HTML
    table: gr.HTML
    saving: SaveButtons


def sentiment_question(weights: Weights) -> tuple[Question, gr.Button, gr.HTML, gr.Dataset]:
    """The question, its button, the notice below it, and the examples. weights: chosen at first."""
    chips = title_chips("Start with an example, or write your own text below", EXAMPLES, f"{NAME}-examples")
    text = gr.Textbox(EXAMPLES[0].text, label="Text", lines=4, max_lines=12, elem_id=f"{NAME}-text")
    ask = gr.Button("Praise or blame?", variant="primary", elem_id=f"{NAME}-ask")
    notice = gr.HTML(elem_id=f"{NAME}-notice")
    with gr.Row():
        chosen = gr.Radio(WEIGHTS, value=weights, label="Model", min_width=200, elem_id=f"{NAME}-weights")
        occlude = gr.Checkbox(
            True,
            label="Also leave out each word",
            info="One more reading for each word: with the published model and no GPU, a second or more for each.",
            elem_id=f"{NAME}-occlude",
        )
    return Question(text, chosen, occlude), ask, notice, chips


def several_texts() -> Several:
    gr.Markdown(
        f"A CSV file whose first row names its columns, with up to {MOST_ROWS:,} texts in one of them. It is read here "
        "and kept nowhere.",
        elem_classes="note",
    )
    with gr.Row():
        file = gr.File(label="Table of texts (CSV)", file_types=CSV_FILE, height=120, elem_id=f"{NAME}-file")
        column = gr.Dropdown(
            [], label="Column with the texts", interactive=False, allow_custom_value=True, elem_id=f"{NAME}-column"
        )
    with gr.Row():
        ask = gr.Button("Classify them all", interactive=False, scale=3, elem_id=f"{NAME}-ask-all")
        stop = gr.Button("Stop", interactive=False, scale=1, min_width=70, elem_id=f"{NAME}-stop-all")
    notice = gr.HTML(elem_id=f"{NAME}-all-notice")
    table = answer_picture(f"{NAME}-table")
    return Several(file, column, ask, stop, notice, table, save_buttons(NAME + "-table", ("CSV",)))


def architecture(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=Stage("bytes", f"M × {shape.input_channels}", f"M up to {shape.longest_text + 2:,}"),
        latents=Stage("latents", f"{shape.latents} × {shape.latent_channels}", "a learned array that reads"),
        layers=f"{shape.blocks} × {shape.layers} self-attention layers, {shape.self_heads} heads",
        queries=Stage("query", f"1 × {shape.latent_channels}", "one for the whole text"),
        outputs=Stage("outputs", f"{len(shape.labels)}", "a score for each label"),
    )
