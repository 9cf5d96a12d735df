"""Where did this come from? The section that every page has under its result: how to trace, and the figure."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from components.plots.plot import Plot, to_svg
from models.schema import Method, ModelShape, Probe, Target
from pages.saving import SaveButtons, save_buttons

CAVEAT = (
    "Attention shows what was read; it is not by itself an explanation. The encoder's maps leave out the layers "
    "between. Rollout follows them all, counts each residual as half, and counts apart what stayed on the learned "
    "latent array or on the output's own query."
)
SCALES = [("share in %", "linear"), ("log10(p·M), 0 is uniform", "log")]
MEAN = "mean of heads"
ALL = "all, weighed"
AT_FIRST = ("encoder", MEAN, ALL, "linear")
"""What the controls say when a page opens: the encoder, since its picture is the one that needs least explaining."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How the section asks. methods: label and name of each way to trace. latents: whether one can be asked about."""

    methods: tuple[tuple[str, Method], ...]
    info: str
    caveat: str
    latents: bool = True


PERCEIVER_IO = Wording(
    methods=(
        ("rollout: all layers", "rollout"),
        ("encoder: inputs → latents", "encoder"),
        ("decoder: latents → output", "decoder"),
    ),
    info="Encoder: what the latents read, weighed by what this output read of them. Decoder: which latents it read. "
    "Rollout: both, and all layers between, composed.",
    caveat=CAVEAT,
)


@dataclass(frozen=True, slots=True)
class TraceSection:
    """The section's components. `looked` are the values that `probe` takes behind the output, and the scale."""

    method: gr.Radio
    head: gr.Dropdown
    latent: gr.Dropdown
    scale: gr.Radio
    figure: gr.HTML
    saving: SaveButtons

    @property
    def probed(self) -> list[Any]:
        return [self.method, self.head, self.latent]

    @property
    def looked(self) -> list[Any]:
        return [*self.probed, self.scale]


def trace_section(page: str, shape: ModelShape, wording: Wording = PERCEIVER_IO) -> TraceSection:
    """page: its name, for ids that no other page has. Wires what the controls do to one another."""
    method_first, head_first, latent_first, scale_first = AT_FIRST
    gr.Markdown("### Where did this come from?")
    with gr.Row():
        method = gr.Radio(
            list(wording.methods),
            value=method_first,
            label="Trace through",
            info=wording.info,
            scale=3,
            min_width=300,
            elem_id=f"{page}-method",
        )
        scale = gr.Radio(SCALES, value=scale_first, label="Scale", scale=2, min_width=220, elem_id=f"{page}-scale")
        head = gr.Dropdown(heads(shape), value=head_first, label="Head", min_width=140)
        latent = gr.Dropdown(
            _latents(shape), value=latent_first, label="Latent", min_width=180, visible=wording.latents
        )
    figure = gr.HTML(elem_id=f"{page}-figure", elem_classes="figure-card", label="Attention", apply_default_css=False)
    saving = save_buttons(page)
    gr.Markdown(wording.caveat, elem_classes="note")
    method.change(_fit_controls, method, [head, latent], show_progress="hidden", queue=False, api_visibility="private")
    return TraceSection(method, head, latent, scale, figure, saving)


def fit_to_model(shape: ModelShape) -> tuple[Any, Any]:
    """Updates for head and latent where another model is chosen: it may have more or fewer of them."""
    return gr.update(choices=heads(shape), value=MEAN), gr.update(choices=_latents(shape), value=ALL)


def heads(shape: ModelShape) -> list[str]:
    """What that control can have."""
    return [MEAN, *map(str, range(shape.cross_heads))]


def _latents(shape: ModelShape) -> list[str]:
    return [ALL, *map(str, range(shape.latents))]


def _fit_controls(method: Method) -> tuple[Any, Any]:
    """Rollout is made of means over heads; only the encoder is asked about single latents."""
    if method == "rollout":
        return gr.update(value=MEAN, interactive=False), gr.update(interactive=False)
    return gr.update(interactive=True), gr.update(interactive=method == "encoder")


def probe(target: Target | None, method: Method, head: str, latent: str) -> Probe:
    """The probe that the controls describe; what a method does not take is left out."""
    one_head = None if method == "rollout" or head == MEAN else int(head)
    one_latent = None if method != "encoder" or latent == ALL else int(latent)
    return Probe(target, method, one_head, one_latent)


def understood(looked: tuple[str, ...]) -> bool:
    """Whether these are values that the controls could have: an address may say anything."""
    if len(looked) != len(AT_FIRST):
        return False
    method, head, latent, scale = looked
    known = method in dict(PERCEIVER_IO.methods).values() and scale in dict(SCALES).values()
    return known and (head == MEAN or head.isdecimal()) and (latent == ALL or latent.isdecimal())


def figure_markup(panel: Plot | None) -> str:
    return to_svg(panel) if panel else ""
