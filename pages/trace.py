"""Where did this come from? The section that every page has under its result: how to trace, the figure, its export."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from components.figures.attention import export_attention, to_svg
from components.panels import FigurePanel
from models.schema import AttentionMap, Method, Probe

METHODS = [
    ("roll-out: all layers", "rollout"),
    ("encoder: inputs → latents", "encoder"),
    ("decoder: latents → output", "decoder"),
]
SCALES = [("share in %", "linear"), ("log10(p·M), 0 is uniform", "log")]
MEAN = "mean of heads"
ALL = "all that the output read"
AT_FIRST = ("encoder", MEAN, ALL, "linear")
"""What the controls say when the page opens: the encoder, since its picture is the one that needs least explaining."""
CAVEAT = (
    "Attention shows what was read; it is not by itself an explanation. Roll-out follows it through all layers, and "
    "counts apart what stayed on the learned latent array."
)


EXPORT_TO_COME = gr.update(interactive=False)
"""For a download button while its file is still that of the last figure."""


@dataclass(frozen=True, slots=True)
class TraceSection:
    """The section's components. `controls`, in their order, are what `probe` takes behind the output."""

    controls: tuple[gr.Radio, gr.Dropdown, gr.Dropdown]
    scale: gr.Radio
    figure: gr.HTML
    exports: tuple[gr.DownloadButton, ...]

    @property
    def inputs(self) -> list[Any]:
        return [*self.controls, self.scale]


def trace_section(heads: int, latents: int) -> TraceSection:
    """heads: of the encoder and decoder cross-attention. Wires what the controls do to one another."""
    gr.Markdown("### Where did this come from?")
    with gr.Row():
        method = gr.Radio(METHODS, value=AT_FIRST[0], label="Trace through", scale=3, min_width=300, elem_id="method")
        scale = gr.Radio(SCALES, value="linear", label="Scale", scale=2, min_width=220, elem_id="scale")
        head = gr.Dropdown([MEAN, *map(str, range(heads))], value=MEAN, label="Head", min_width=140)
        latent = gr.Dropdown([ALL, *map(str, range(latents))], value=ALL, label="Latent", min_width=180)
    figure = gr.HTML(elem_id="attention-figure", elem_classes="figure-card", label="Attention", apply_default_css=False)
    with gr.Row():
        exports = tuple(
            gr.DownloadButton(
                f"Save {kind}", size="sm", interactive=False, elem_id=f"save-{kind.lower()}", min_width=90
            )
            for kind in ("PNG", "SVG", "NPZ")
        )
    gr.Markdown(CAVEAT, elem_classes="note")
    method.input(_fit_controls, method, [head, latent], show_progress="hidden", queue=False, api_visibility="private")
    return TraceSection((method, head, latent), scale, figure, exports)


def _fit_controls(method: Method) -> tuple[Any, Any]:
    """Roll-out is made of means over heads; only the encoder is asked about single latents."""
    if method == "rollout":
        return gr.update(value=MEAN, interactive=False), gr.update(visible=False)
    return gr.update(interactive=True), gr.update(visible=method == "encoder")


def probe(output: int, method: Method, head: str, latent: str) -> Probe:
    """The question that the controls ask about one output; what a method does not take is left out."""
    one_head = None if method == "rollout" or head == MEAN else int(head)
    one_latent = None if method != "encoder" or latent == ALL else int(latent)
    return Probe(output, method, one_head, one_latent)


def figure_markup(panel: FigurePanel | None) -> str:
    return to_svg(panel.sheet) if panel else ""


def write_exports(panel: FigurePanel, attention: AttentionMap, stem: str) -> tuple[Any, ...]:
    """Updates for the three download buttons, their files written to a new folder."""
    folder = Path(tempfile.mkdtemp(prefix="perceiver-"))
    files = export_attention(panel.sheet, attention, folder, stem)
    return tuple(gr.update(value=str(file), interactive=True) for file in files)
