"""The widgets of the page on the multimodal autoencoder: what a visitor sets, and what shows the clip rebuilt."""

from dataclasses import dataclass

import gradio as gr

from components.js import script
from components.plots.architecture import Stage, draw_architecture
from models.data.av_clip import LONGEST_SECONDS
from models.schema import ModelShape, Weights
from pages.examples import av_examples, example_chips
from pages.pictures import answer_picture, comparing_picture, map_controls
from pages.saving import SaveButtons, save_buttons
from pages.trace import CAVEAT

NAME = "av_autoencoding"
EXAMPLES = av_examples(NAME)
WEIGHTS = [("embedded: digits, small, always here", "embedded"), ("published: 20 M, best with a GPU", "published")]
HIDDEN = [("picture", "image"), ("sound", "audio")]
FINER = [("as it was read", ""), ("also between the pixels", "pixels"), ("also between the frames", "frames")]
LOOKS = [("rollout: all layers", "rollout"), ("encoder: what the latents that it reads have read", "encoder")]
SCALES = [("times uniform", "linear"), ("log10(p·M), 0 is uniform", "log")]
UNTOLD = -1
"""Stands for no label among the choices of the label that the model is told."""
FRAMES = "Above the clip, below it rebuilt. **Click a pixel** to see what it was rebuilt from."
POINTING = """**Click a pixel** of a frame or **a moment** of the sound above: what was it rebuilt from? Before any
click, it is the label that is traced."""


@dataclass(frozen=True, slots=True)
class Question:
    """The components of the left column."""

    clip: gr.File
    ask: gr.Button
    stop: gr.Button
    notice: gr.HTML
    chips: gr.Dataset
    hidden: gr.CheckboxGroup
    label: gr.Dropdown
    finer: gr.Radio
    weights: gr.Radio


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The components that show what came out."""

    original: gr.Video
    rebuilt: gr.Video
    scores: gr.HTML
    labels: gr.HTML
    at: gr.Slider
    strip: gr.HTML
    frame: gr.HTML
    sound: gr.HTML


@dataclass(frozen=True, slots=True)
class Trace:
    """The components of the section on attention."""

    look: gr.Radio
    of_label: gr.Button
    scale: gr.Radio
    opacity: gr.Slider
    attention: gr.HTML
    saving: SaveButtons


def av_question(shape: ModelShape, weights: Weights) -> Question:
    """weights: chosen at first; shape: of that model."""
    clip = gr.File(
        str(EXAMPLES[0].file),
        label=f"A clip of at most {LONGEST_SECONDS} seconds",
        file_types=["video", ".gif", ".webp"],
        height=130,
        elem_id=f"{NAME}-clip",
    )
    with gr.Row():
        ask = gr.Button("Rebuild it", variant="primary", scale=3, min_width=140, elem_id=f"{NAME}-ask")
        stop = gr.Button("Stop", interactive=False, scale=1, min_width=70, elem_id=f"{NAME}-stop")
    notice = gr.HTML(elem_id=f"{NAME}-notice")
    chips = example_chips(
        "Examples, drawn and spoken for this page", [each.picture for each in EXAMPLES], f"{NAME}-examples"
    )
    hidden = gr.CheckboxGroup(
        HIDDEN,
        label="Hide from the model",
        info="Does it still know what it was? It never learned with both hidden.",
        elem_id=f"{NAME}-hidden",
    )
    label = gr.Dropdown(
        label="Tell it the label",
        info="It was trained with the label hidden half of the time.",
        elem_id=f"{NAME}-label",
        **labels_to_tell(shape, weights),
    )
    finer = gr.Radio(FINER, value="", label="Ask for the clip", elem_id=f"{NAME}-finer")
    chosen = gr.Radio(WEIGHTS, value=weights, label="Model", min_width=200, elem_id=f"{NAME}-weights")
    return Question(clip, ask, stop, notice, chips, hidden, label, finer, chosen)


def labels_to_tell(shape: ModelShape, weights: Weights, chosen: int | None = None) -> dict:
    """The dropdown's choices and value. The published model hides the label from itself."""
    if weights == "published":
        return {"choices": [("nothing: this model hides it", UNTOLD)], "value": UNTOLD, "interactive": False}
    told = [(name, index) for index, name in enumerate(shape.labels)]
    value = UNTOLD if chosen is None else chosen
    return {"choices": [("nothing", UNTOLD), *told], "value": value, "interactive": True}


def av_films() -> tuple[gr.Video, gr.Video]:
    """The clip as it was read and as it was rebuilt, which play in step."""
    with gr.Row(elem_classes="in-step", elem_id=f"{NAME}-films"):
        original = _film("The clip", "original")
        rebuilt = _film("Rebuilt from the latents", "rebuilt")
    gr.HTML("", js_on_load=script("in_step.js"), visible=True, elem_id=f"{NAME}-in-step")
    return original, rebuilt


def av_pictures(films: tuple[gr.Video, gr.Video], scores: gr.HTML, labels: gr.HTML) -> Rebuilt:
    gr.Markdown("### Frame by frame")
    gr.Markdown(FRAMES, elem_classes="note")
    at = gr.Slider(1, 2, 1, step=1, label="Frame", interactive=False, elem_id=f"{NAME}-at")
    strip = answer_picture(f"{NAME}-strip")
    frame = comparing_picture(f"{NAME}-frame")
    gr.Markdown("### The sound")
    sound = answer_picture(f"{NAME}-sound")
    return Rebuilt(*films, scores, labels, at, strip, frame, sound)


def av_trace() -> Trace:
    gr.Markdown("### Where did this come from?")
    gr.Markdown(POINTING, elem_classes="note")
    with gr.Row():
        look = gr.Radio(LOOKS, value=LOOKS[0][1], label="Show", scale=3, min_width=260, elem_id=f"{NAME}-look")
        of_label = gr.Button("Trace the label", size="sm", scale=1, min_width=120, elem_id=f"{NAME}-of-label")
        scale, opacity = map_controls(NAME, SCALES)
    attention = answer_picture(f"{NAME}-attention")
    saving = save_buttons(f"{NAME}-attention")
    gr.Markdown(CAVEAT, elem_classes="note")
    return Trace(look, of_label, scale, opacity, attention, saving)


def architecture(shape: ModelShape) -> str:
    return draw_architecture(
        inputs=Stage("inputs", "M × C", f"C: {shape.input_channels}; picture, sound and label in one list"),
        latents=Stage("latents", f"{shape.latents:,} × {shape.latent_channels}", f"N = {shape.latents:,}"),
        layers=f"{shape.blocks} × {shape.layers} self-attention layers, {shape.self_heads} heads",
        queries=Stage("queries", "Q × C", "places and times, and one for the label"),
        outputs=Stage("outputs", "Q × values", "colors, samples, or a score for each label"),
    )


def _film(label: str, name: str) -> gr.Video:
    return gr.Video(label=label, interactive=False, loop=True, min_width=140, height=300, elem_id=f"{NAME}-{name}")
