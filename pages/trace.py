"""Where did this come from? The section that every page has under its result: how to trace, the figure, its export."""

import functools
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from components.figures.sheet import export_sheet, to_svg
from components.panels import FigurePanel
from models.schema import Method, ModelShape, Probe
from pages.page import QUIET

A = TypeVar("A", bound=Any)
CAVEAT = (
    "Attention shows what was read; it is not by itself an explanation. The encoder's maps leave out the layers "
    "between. Roll-out follows them all, counts each residual as half, and counts apart what stayed on the learned "
    "latent array or on the output's own query."
)
SCALES = [("share in %", "linear"), ("log10(p·M), 0 is uniform", "log")]
MEAN = "mean of heads"
ALL = "all, weighed"
AT_FIRST = ("encoder", MEAN, ALL, "linear")
"""What the controls say when a page opens: the encoder, since its picture is the one that needs least explaining."""
EXPORT_TO_COME = gr.update(interactive=False)
"""For a download button while its file is still that of the last figure."""

_folders: deque[tempfile.TemporaryDirectory[str]] = deque()
_kept_folders: list[tempfile.TemporaryDirectory[str]] = []
_openings: list[Any] = []
_MOST_FOLDERS = 32
_MOST_KEPT = 4
"""Drawings of what a page opens with whose files are kept: of other opacities, say."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How the section asks. methods: label and name of each way to trace. latents: whether one can be asked about."""

    methods: tuple[tuple[str, Method], ...]
    info: str
    caveat: str
    latents: bool = True


PERCEIVER_IO = Wording(
    methods=(
        ("roll-out: all layers", "rollout"),
        ("encoder: inputs → latents", "encoder"),
        ("decoder: latents → output", "decoder"),
    ),
    info="Encoder: what the latents read, weighed by what this output read of them. Decoder: which latents it read. "
    "Roll-out: both, and all layers between, composed.",
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
    exports: tuple[gr.DownloadButton, ...]

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
    exports = export_buttons(page)
    gr.Markdown(wording.caveat, elem_classes="note")
    method.change(_fit_controls, method, [head, latent], show_progress="hidden", queue=False, api_visibility="private")
    return TraceSection(method, head, latent, scale, figure, exports)


def export_buttons(page: str, *more: str) -> tuple[gr.DownloadButton, ...]:
    """For PNG, SVG, NPZ and `more` kinds, in a row; of no use until `write_exports` gives them files."""
    with gr.Row():
        return tuple(
            gr.DownloadButton(
                f"Save {kind}", size="sm", interactive=False, elem_id=f"{page}-save-{kind}".lower(), min_width=90
            )
            for kind in ("PNG", "SVG", "NPZ", *more)
        )


def redrawn(opacity: gr.Slider, exports: Sequence[gr.DownloadButton]) -> Any:
    """The event of another opacity: until new files are there, none are to be had. For `follow`."""
    to_come = (EXPORT_TO_COME,) * len(exports)
    return opacity.change(lambda: to_come, None, list(exports), trigger_mode="always_last", **QUIET)


def fit_to_model(shape: ModelShape) -> tuple[Any, Any]:
    """Updates for head and latent where another model is chosen: it may have more or fewer of them."""
    return gr.update(choices=heads(shape), value=MEAN), gr.update(choices=_latents(shape), value=ALL)


def heads(shape: ModelShape) -> list[str]:
    """What that control can have."""
    return [MEAN, *map(str, range(shape.cross_heads))]


def _latents(shape: ModelShape) -> list[str]:
    return [ALL, *map(str, range(shape.latents))]


def _fit_controls(method: Method) -> tuple[Any, Any]:
    """Roll-out is made of means over heads; only the encoder is asked about single latents."""
    if method == "rollout":
        return gr.update(value=MEAN, interactive=False), gr.update(interactive=False)
    return gr.update(interactive=True), gr.update(interactive=method == "encoder")


def probe(output: int | None, method: Method, head: str, latent: str) -> Probe:
    """The question that the controls ask about one output; what a method does not take is left out."""
    one_head = None if method == "rollout" or head == MEAN else int(head)
    one_latent = None if method != "encoder" or latent == ALL else int(latent)
    return Probe(output, method, one_head, one_latent)


def understood(looked: tuple[str, ...]) -> bool:
    """Whether these are values that the controls could have: an address may say anything."""
    if len(looked) != len(AT_FIRST):
        return False
    method, head, latent, scale = looked
    known = method in dict(PERCEIVER_IO.methods).values() and scale in dict(SCALES).values()
    return known and (head == MEAN or head.isdecimal()) and (latent == ALL or latent.isdecimal())


def figure_markup(panel: FigurePanel | None) -> str:
    return to_svg(panel.sheet) if panel else ""


def for_every_visitor(answer: A) -> A:
    """The answer that a page opens with: it has no link, for the bare address shows it, and its files are kept."""
    _openings.append(answer.shown)
    return answer._replace(link="")


def written_once(export: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """The same export, whose files are kept where they are of what a page opens with, `for_every_visitor`, and need not
    be drawn for each of them anew. Nothing of a visitor's own is kept. Of all events that export, one runs at a time.
    """
    kept: list[tuple[Any, tuple[Any, ...], tuple[dict[str, Any], ...]]] = []

    @functools.wraps(export)
    def once(shown: Any, *drawn_with: Any) -> tuple[Any, ...]:
        for known, otherwise, updates in kept:
            if known is shown and otherwise == drawn_with:
                return tuple(map(dict, updates))  # Gradio takes apart what it is given
        updates = export(shown, *drawn_with)
        if any(shown is each for each in _openings) and len(kept) < _MOST_KEPT:
            _kept_folders.append(_folders.pop())
            kept.append((shown, drawn_with, tuple(map(dict, updates))))
        return updates

    return once


def fresh_folder() -> Path:
    """For files to save; only the last _MOST_FOLDERS are kept."""
    _folders.append(tempfile.TemporaryDirectory(prefix="perceiver-"))
    while len(_folders) > _MOST_FOLDERS:
        _folders.popleft().cleanup()
    return Path(_folders[-1].name)


def write_exports(panel: FigurePanel, stem: str, **more: Callable[[Path], None]) -> tuple[Any, ...]:
    """Updates for the download buttons. more: what writes files of other kinds, by their endings.

    Gradio copies the files into its own cache, which it empties; ours are only needed for that moment.
    """
    folder = fresh_folder()
    files = [*export_sheet(panel.sheet, folder, stem), *(folder / f"{stem}.{ending}" for ending in more)]
    for file, write in zip(files[-len(more) :] if more else (), more.values(), strict=True):
        write(file)
    return tuple(gr.update(value=str(file), interactive=True) for file in files)
