"""The attention section of the pages about text: method, head, latent, color scale, and the plot."""

from dataclasses import dataclass

import gradio as gr

from models.schema import ModelShape
from pages.gradio_ui.saving import SaveButtons, save_buttons
from pages.gradio_ui.widgets import Widgets, plot_output
from pages.tracing import head_choices, latent_choices


@dataclass(frozen=True, slots=True)
class TraceSection:
    plot: gr.HTML
    saving: SaveButtons


def trace_section(page: str, widgets: Widgets, shape: ModelShape, caveat: str, latents: bool = True) -> TraceSection:
    """latents: whether the attention of single latents can be shown."""
    gr.Markdown("### Attention")
    with gr.Row():
        method = widgets.radio("method", scale=3, min_width=300)
        widgets.radio("scale", scale=2, min_width=220)
        head = widgets.dropdown("head", choices=head_choices(shape), min_width=140)
        latent = widgets.dropdown("latent", choices=latent_choices(shape), min_width=180, visible=latents)
    plot = plot_output(f"{page}-figure", "Attention")
    saving = save_buttons(page)
    gr.Markdown(caveat, elem_classes="note")
    method.change(_available, method, [head, latent], show_progress="hidden", queue=False, api_visibility="private")
    return TraceSection(plot, saving)


def _available(method: str) -> tuple[dict, dict]:
    """Rollout averages the heads; only the encoder has maps of single latents."""
    if method == "rollout":
        return gr.update(value="", interactive=False), gr.update(value="", interactive=False)
    return gr.update(interactive=True), gr.update(interactive=method == "encoder")
