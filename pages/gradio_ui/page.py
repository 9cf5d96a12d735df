"""What a page is made of: the widgets of its state, uploads, parts that show results, and the sections of all pages."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import gradio as gr
from markupsafe import Markup

from components.html.save_menu import save_menu
from components.html.terms import mark_terms
from components.js import script
from models.data.glossary import read_glossary
from pages.binding import example_chip
from pages.gradio_ui.bind import GPU, QUIET, Binding, Event, Options, Parts, Value
from pages.gradio_ui.saving import file_writer
from pages.gradio_ui.widgets import Widgets
from pages.prose import EXPLANATION, FAITHFULNESS, NETWORK, OUTDATED
from pages.screen import PLOT_FILES, AnyScreen, Offer
from pages.session import SessionStore

Sc = TypeVar("Sc", bound=AnyScreen)
RESULT = "result"
"""Class of everything that belongs to the result on screen, and is marked when that is out of date."""
IMAGE_SOURCES: Value = ["upload", "webcam", "clipboard"]
SHOW_OPACITY = """(opacity) => {
    if (Number.isFinite(opacity)) document.documentElement.style.setProperty('--map-opacity', opacity);
}"""
"""Client-side; an emptied field is not a number."""
WITHOUT_ALERT = """(notice) => [notice?.includes('role="alert"') ? '' : notice]"""
"""Client-side."""
VIDEO_FILES = ["video", ".gif", ".webp"]
CSV_FILES = [".csv", ".tsv", ".txt", ".xlsx"]


class PageUi(Widgets, Generic[Sc]):
    """Makes what a page consists of, in the order of the calls, and binds it to the screen.

    The id of an element is "<page>-<name>". parts: what actions update, by name. uploads: files that they get.
    """

    def __init__(self, screen: Sc, app: gr.Blocks, store: SessionStore):
        super().__init__(screen)
        self.screen, self.app, self.store = screen, app, store
        self.parts: Parts = {}
        self.uploads: Parts = {}
        self._saved: list[tuple[gr.HTML, gr.DownloadButton, Offer]] = []
        self._weights: gr.Radio | None = None
        self._terms: set[str] = set()

    def id(self, name: str) -> str:
        return f"{self.screen.name}-{name.replace('_', '-')}"

    def part(self, name: str, component: Value) -> Value:
        """Takes a component that was made elsewhere as the part of this name."""
        self.parts[name] = component
        return component

    # Parts that show results

    def markup_output(
        self,
        name: str,
        label: str = "",
        behavior: str = "",
        template: str = '<div class="picture-block">${value}</div>',
    ) -> gr.HTML:
        """Markup of a result. behavior: file of `components/js`; its `select` event carries what was clicked.

        label: heading above it, within the same frame.
        """
        if label:
            template = Markup('<div class="strip-block"><div class="strip-label">{}</div>${{value}}</div>').format(
                label
            )
        html = gr.HTML(
            value="",
            html_template=template,
            js_on_load=script(behavior) if behavior else None,
            elem_id=self.id(name),
            elem_classes=RESULT,
            apply_default_css=False,
            min_width=240,
        )
        # Else "inputs" in its script makes that an event, and Gradio copies all pages with the configuration.
        html.inputs = None  # pyright: ignore[reportAttributeAccessIssue]
        return self.part(name, html)

    def text_output(self, name: str, label: str) -> gr.HTML:
        """Text cells; `select` carries the `position` of the cell that was clicked."""
        return self.markup_output(name, label, "click.js")

    def image_output(self, name: str) -> gr.HTML:
        """Images and charts; `select` carries `row` and `column`, 0 to 1, and `place`, the flat index of a cell."""
        return self.markup_output(name, behavior="click_place.js")

    def comparison_output(self, name: str) -> gr.HTML:
        """Images, some with a divider between two that the visitor moves."""
        return self.markup_output(name, behavior="compare.js")

    def latents_output(self, name: str) -> gr.HTML:
        """Maps of single latents; `select` carries the `latent` that was clicked, or null for all."""
        return self.markup_output(name, behavior="click_latent.js")

    def plot_output(self, name: str) -> gr.HTML:
        """A `Plot`, or nothing."""
        return self.part(
            name, gr.HTML(elem_id=self.id(name), elem_classes=[RESULT, "plot-card"], apply_default_css=False)
        )

    def chart_output(self, name: str, **options: Value) -> gr.Plot:
        """A `Chart`."""
        plot = gr.Plot(
            show_label=False, container=False, elem_id=self.id(name), elem_classes=[RESULT, "cost-chart"], **options
        )
        return self.part(name, plot)

    def html(self, name: str, value: object = "", **options: Value) -> gr.HTML:
        """Markup that does not belong to a result."""
        return self.part(name, gr.HTML(str(value), elem_id=self.id(name), apply_default_css=False, **options))

    def code(self, name: str, label: str) -> gr.Code:
        """Python, with buttons that copy and download it."""
        shown = gr.Code(language="python", label=label, interactive=False, max_lines=24, elem_id=self.id(name))
        return self.part(name, shown)

    def notice(self, name: str = "notice") -> gr.HTML:
        return self.part(name, gr.HTML(elem_id=self.id(name)))

    def clear_alert(self, events: Sequence[Event]) -> None:
        """An alert about the inputs goes when they change; a hint stays."""
        notice = self.parts["notice"]
        gr.on(list(events), None, notice, notice, js=WITHOUT_ALERT, **QUIET)

    def run_line(self) -> None:
        """The line under a result: model, device and time; and the note that it is out of date."""
        gr.HTML(OUTDATED, elem_id=self.id("outdated"), elem_classes="outdated-note")
        self.part("run_line", gr.HTML(elem_id=self.id("run_line"), elem_classes=[RESULT, "run-line"]))

    def button(self, name: str, label: str, **options: Value) -> gr.Button:
        return self.part(name, gr.Button(label, elem_id=self.id(name), **options))

    def stop_button(self, **options: Value) -> gr.Button:
        return self.button("stop", "Stop", **{"interactive": False, "scale": 1, "min_width": 70} | options)

    # Inputs

    def image_upload(self, name: str, label: str, first: Path, height: int = 230) -> gr.Image:
        """A field for an image, `height` pixels high."""
        image = gr.Image(
            str(first),
            format="png",  # images that the page puts there stay exact
            type="filepath",
            label=label,
            sources=IMAGE_SOURCES,
            height=height,
            min_width=120,
            elem_id=self.id(name),
        )
        self.uploads[name] = image
        return image

    def file_upload(self, name: str, label: str, kinds: Sequence[str], value: Path | None = None) -> gr.File:
        """A file that the result depends on."""
        file = self._file(name, label, kinds, value)
        self.uploads[name] = file
        return file

    def file_part(self, name: str, label: str, kinds: Sequence[str], value: Path | None = None) -> gr.File:
        """A file that only some actions take."""
        return self.part(name, self._file(name, label, kinds, value))

    def _file(self, name: str, label: str, kinds: Sequence[str], value: Path | None) -> gr.File:
        return gr.File(value and str(value), label=label, file_types=list(kinds), height=112, elem_id=self.id(name))

    def drawing(self, name: str, behavior: str, **options: Value) -> gr.HTML:
        """What a visitor draws; `input` fires after each stroke. behavior: its files in `components/js`."""
        return gr.HTML(
            value=[],
            html_template=script(f"{behavior}.html"),
            js_on_load=script(f"{behavior}.js"),
            elem_id=self.id(name),
            apply_default_css=False,
            **options,
        )

    def examples(self, label: str = "Examples", pictures: Sequence[Path] = ()) -> gr.Dataset:
        """Examples to click, by their titles or pictures; events get the index."""
        titles = [example.title for example in self.screen.examples]
        samples = [example_chip(*each) for each in zip(pictures, titles, strict=True)] if pictures else titles
        component = gr.HTML(visible=False) if pictures else gr.Textbox(visible=False)
        rows = [[sample] for sample in samples]
        chips = gr.Dataset(
            label=label,
            components=[component],
            samples=rows,
            type="index",
            elem_id=self.id("examples"),
            elem_classes="examples",
            layout="gallery",
        )
        return self.part("examples", chips)

    def weights(self) -> None:
        self._weights = self.radio("weights", choices=self.screen.weights_choices(), min_width=200)

    # Layout. The classes are those that a link can hide, and that phones put in another order.

    def inputs(self, scale: int = 1) -> gr.Column:
        """The column of what the visitor gives, with the button that runs the model."""
        return gr.Column(scale=scale, min_width=300, elem_classes="inputs")

    def settings(self) -> gr.Column:
        """Below the inputs; on a phone below the result."""
        return gr.Column(elem_classes="settings")

    def results(self, scale: int = 1) -> gr.Column:
        """The column next to the inputs. It is shown once there is a result."""
        column = gr.Column(scale=scale, min_width=300, elem_classes="awaits")
        with column:
            gr.Markdown("## Result", elem_classes="sr-only")
        return column

    def section(self, heading: str, prose: str = "", kind: str = "attention") -> gr.Column:
        """Part of the result, with a heading. prose: a section of the page's prose."""
        section = gr.Column(elem_classes=[kind, "awaits"])
        with section:
            gr.Markdown(f"## {heading}")
            if prose:
                self.note(prose)
        return section

    def details(self, label: str, name: str) -> gr.Accordion:
        """Part of the result that is closed at first."""
        return gr.Accordion(label, open=False, elem_id=self.id(name), elem_classes=["details", "awaits"])

    # Sections

    def prose(self, section: str, css_class: str = "") -> None:
        """A section of the page's prose. The first use of a term on the page has a tooltip."""
        gr.Markdown(mark_terms(self.screen.prose[section], read_glossary(), self._terms), elem_classes=css_class)

    def note(self, section: str) -> None:
        """A section of the page's prose in small print."""
        self.prose(section, "note")

    def network(self, choice: str = "") -> None:
        """The run as a figure: what each input, latent and output attends to. choice: field that selects the model."""
        with self.section(NETWORK):
            self.note("network")
            if choice:
                self.radio(choice, container=False, show_label=False)
            self.markup_output("network", behavior="network.js")

    def trace_controls(self, latents: bool = True) -> None:
        """What attention is shown of a text. latents: whether single latents can be selected."""
        with gr.Row():
            method = self.radio("method", scale=3, min_width=300)
            self.radio("scale", scale=3, min_width=300)
            head = self.dropdown("head", min_width=140)
            latent = self.dropdown("latent", min_width=180, visible=latents)
            if "unit" in self.screen.state.model_fields:
                self.radio("unit", scale=2, min_width=200)
        method.change(_available, method, [head, latent], queue=False, preprocess=False, **QUIET)

    def map_controls(self) -> None:
        """How maps are laid over images: color scale, and opacity, which the browser applies."""
        self.radio("scale", scale=3, min_width=220)
        opacity = self.slider("opacity", scale=2, min_width=200)
        opacity.change(None, opacity, js=SHOW_OPACITY, **QUIET)

    def attention_footer(self, files: Offer, name: str = "") -> None:
        """What attention does not say, and the menu that saves it. name: as for `save_menu`."""
        with gr.Row(elem_classes="result-line"):
            self.note("caveat")
            self.save_menu("Save attention", files, name=name)

    def how_it_works(self) -> None:
        with self.details("How it works", "how"):
            for section in EXPLANATION:
                self.prose(section)
            if "architecture" in self.model:
                self.html("architecture", self.model["architecture"], elem_classes="drawing")

    def save_menu(self, label: str, files: Offer, kinds: Sequence[str] = PLOT_FILES, name: str = "") -> None:
        """A menu that saves what `files` offers. label: what that is. name: tells it from others on the page."""
        menu = gr.HTML(
            save_menu(label, kinds),
            js_on_load=script("save_menu.js"),
            elem_id=self.id(f"{name}-save" if name else "save"),
            elem_classes="save",
            apply_default_css=False,
        )
        self._saved.append((menu, gr.DownloadButton(visible="hidden"), files))

    # Binding

    def bind(self, values: Mapping[str, Callable[[Mapping[str, Value]], Value]] | None = None) -> Binding:
        """values: see `Binding`."""
        binding = Binding(self.screen, self.store, self.made, self.parts, self.uploads, values)
        for menu, download, files in self._saved:
            binding.save(menu, download, file_writer(self.screen, files))
        if self._weights:
            binding.on(self._weights.input, self.screen.choose_weights)
        return binding

    def faithfulness(self, *controls: str) -> None:
        """Attributions by several methods, measured on request. controls: radios of the section."""
        with self.details(FAITHFULNESS, "faithfulness-details"):
            self.note("faithfulness")
            with gr.Row():
                for name in controls:
                    self.radio(name, min_width=200)
                self.button("measure", "Measure faithfulness")
                self.button("randomize", "Randomize weights")
            self.markup_output("faithfulness")
            self.markup_output("random_models")
            self.save_menu("Save faithfulness", self.screen.attribution_files, name="faithfulness")  # pyright: ignore[reportAttributeAccessIssue]

    def measure(self, binding: Binding) -> None:
        """Binds the buttons of the section on faithfulness."""
        screen, parts = self.screen, self.parts
        binding.on(parts["measure"].click, screen.measure_faithfulness, **GPU)  # pyright: ignore[reportAttributeAccessIssue]
        binding.on(parts["randomize"].click, screen.randomize_weights, **GPU)  # pyright: ignore[reportAttributeAccessIssue]

    def intervene(self, binding: Binding) -> None:
        """Leaves out what a visitor chooses in the figure of the run."""
        screen, chosen = self.screen, self.parts["network"].select
        binding.on(chosen, screen.intervene, data=("without", "cells"), **GPU)  # pyright: ignore[reportAttributeAccessIssue]

    def open(self, binding: Binding, **options: Value) -> Event:
        """Shows the page as its address or its visitor wants it, when the browser loads it."""
        visitor = gr.Textbox(visible="hidden", label="Visitor")
        return binding.open(self.app.load, visitor, **options)


def _available(method: str) -> tuple[Options, Options]:
    """Rollout averages the heads; only the encoder has maps of single latents."""
    if method == "rollout":
        return gr.update(value="", interactive=False), gr.update(value="", interactive=False)
    return gr.update(interactive=True), gr.update(interactive=method == "encoder")
