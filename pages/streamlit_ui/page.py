"""What a page is made of: the widgets of its state, uploads, parts that show results, and the sections of all pages."""

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Generic, TypeVar

import streamlit as st
from markupsafe import Markup
from PIL.Image import Image

from components.charts import CONFIG
from components.html.save_menu import KINDS
from components.html.terms import mark_terms
from components.html.text.mask_strip import follow_text
from components.js import script
from models.data.glossary import read_glossary
from models.data.images import open_image
from models.schema import InputError
from pages.binding import example_chip
from pages.prose import EXPLANATION, FAITHFULNESS, NETWORK, OUTDATED
from pages.screen import AnyScreen, Files, Offer
from pages.streamlit_ui.markup import show_markup
from pages.streamlit_ui.widgets import Draw, Steps, Value, Widgets
from pages.view import Action, Step, View, at_once

Sc = TypeVar("Sc", bound=AnyScreen)
VIDEO_FILES = ("mp4", "webm", "mov", "mkv", "avi", "m4v", "gif", "webp")
IMAGE_FILES = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff")
CSV_FILES = ("csv", "tsv", "txt", "xlsx")
POLL_SECONDS = 0.25
"""How often the browser asks for what is new while actions run."""
PREVIEW_SIDE = 480
"""Pixels of the longer side of an uploaded image on the page."""
In = TypeVar("In", bound=AnyScreen)
STRIP = Markup('<div class="strip-block"><div class="strip-label">{}</div>{}</div>')
BLOCK = Markup('<div class="picture-block">{}</div>')


class PageUi(Widgets, Generic[Sc]):
    """Draws what a page consists of, in the order of the calls, as its view has it by now.

    The key of an element is "<page>-<name>".
    """

    screen: Sc

    def __init__(self, screen: Sc, view: View):
        super().__init__(screen, view)
        self.parts = view.parts
        self._terms: set[str] = set()
        self._busy = st.empty()

    # Parts that show results

    def markup_output(self, name: str, label: str = "", behavior: str = "", *steps: Action | Step) -> None:
        """Markup of a result. behavior: file of `components/js`; what was clicked runs the steps.

        label: heading above it, within the same frame.
        """
        markup = self._part(name)
        if markup:
            markup = STRIP.format(label, markup) if label else BLOCK.format(markup)
        self._result(name, markup, behavior, steps)

    def text_output(self, name: str, label: str, *steps: Action | Step) -> None:
        """Text cells; a click gives the `position` of the cell."""
        self.markup_output(name, label, "click.js", *steps)

    def image_output(self, name: str, *steps: Action | Step) -> None:
        """Images and charts; a click gives `row` and `column`, 0 to 1."""
        self.markup_output(name, "", "click_place.js", *steps)

    def comparison_output(self, name: str) -> None:
        """Images, some with a divider between two that the visitor moves."""
        self.markup_output(name, "", "compare.js")

    def latents_output(self, name: str, *steps: Action | Step) -> None:
        """Maps of single latents; a click gives the `latent`, or None for all."""
        self.markup_output(name, "", "click_latent.js", *steps)

    def plot_output(self, name: str) -> None:
        """A `Plot`, or nothing."""
        self._result(name, self._part(name), kind="plot-card")

    def chart_output(self, name: str) -> None:
        """A `Chart`."""
        if chart := self.parts.get(name):
            st.plotly_chart({"data": chart.data, "layout": chart.layout}, key=self.key(name), config=CONFIG)

    def static(self, name: str, markup: Markup) -> None:
        """Markup that is always the same."""
        show_markup(self.key(name), markup)

    def html(self, name: str, kind: str = "") -> None:
        """Markup that does not belong to a result."""
        if markup := self._part(name):
            show_markup(self.key(name), markup, kind=kind)

    def film(self, name: str, label: str, **options: Value) -> None:
        """A film that belongs to a result, with a caption above it."""
        if self.visible(name) and (content := self.parts.get(name)):
            st.caption(label)
            st.video(content, alt=label, loop=True, **options)

    def code(self, name: str, label: str) -> None:
        """Python, with a button that copies it."""
        st.caption(label)
        st.code(self.parts.get(name) or "", language="python", height=480)

    def notice(self, name: str = "notice") -> None:
        """The sentence next to a button. The page's own also shows that actions are running."""
        if name == "notice":
            self._busy = st.empty()
        if markup := self._part(name):
            st.html(markup)

    def run_line(self) -> None:
        """The line under a result: model, device and time; and the note that it is out of date."""
        if self.view.outdated:
            st.html(OUTDATED)
        self._result("run_line", self._part("run_line"), kind="run-line")

    def _result(self, name: str, markup: Markup, behavior: str = "", steps: Steps = (), kind: str = "") -> None:
        def click(clicked: dict[str, Value]) -> None:
            self.perform(steps, **clicked)

        outdated = self.view.outdated
        show_markup(self.key(name), markup, behavior, click, kind=f"result {kind}", outdated=outdated)

    def _part(self, name: str) -> Markup:
        return Markup(self.parts.get(name) or "")  # noqa: S704 screens give markup

    # Inputs

    def button(self, name: str, label: str, *steps: Action | Step, **options: Value) -> None:
        """options: `interactive`, until an action sets it, and Streamlit's."""
        interactive = {"interactive": options.pop("interactive", True)} | self.properties(name)
        options = {"width": "stretch", "disabled": not interactive["interactive"]} | options
        st.button(label, self.key(name), on_click=partial(self.perform, steps), **options)

    def run_button(self, name: str, label: str, *steps: Action | Step, **options: Value) -> None:
        """The button that runs the model."""
        self.button(name, label, *steps, type="primary", shortcut="Ctrl+Enter", **options)

    def stop_button(self, action: Action) -> None:
        self.button("stop", "Stop", at_once(action), interactive=False)

    def drawing(self, name: str, behavior: str, *steps: Action | Step) -> None:
        """What a visitor draws. behavior: its files in `components/js`."""

        def take(value: Value) -> None:
            self.view.values[name] = value
            self.perform(steps)

        if self.visible(name):
            show_markup(
                self.key(name), script(f"{behavior}.html"), f"{behavior}.js", take, value=self.view.values[name]
            )

    def mask_strip(self, name: str, text: str) -> None:
        """The strip on which a visitor hides parts of a text. text: the field that holds it."""
        values = self.view.values
        values[name] = follow_text(values[name], values[text])
        take = partial(values.__setitem__, name)
        show_markup(self.key(name), script("mask_strip.html"), "mask_strip.js", take, value=values[name])

    def image_upload(self, name: str, label: str, *steps: Action | Step) -> None:
        """A field for an image, with the image that it holds."""
        if image := _preview(self.view.values[name]):
            st.image(image, alt=label, width="stretch")
        self.file_upload(name, label, IMAGE_FILES, *steps)

    def file_upload(self, name: str, label: str, kinds: Sequence[str], *steps: Action | Step) -> None:
        """A field for a file; its value is the path."""
        view = self.view
        if name in view.written:  # an action gave a file, or took it: the field is empty again
            view.written.discard(name)
            view.properties[name] = {"emptied": self.properties(name).get("emptied", 0) + 1}
        key = f"{self.key(name)}-{self.properties(name).get('emptied', 0)}"
        st.file_uploader(label, kinds, key=key, on_change=partial(self._take_file, name, key, steps))
        if (file := view.values[name]) and not st.session_state[key]:
            st.caption(f"Current file: {file.name}")

    def _take_file(self, name: str, key: str, steps: Steps) -> None:
        upload = st.session_state[key]
        self.view.values[name] = upload and self.view.keep_file(
            upload.name, lambda file: file.write_bytes(upload.getbuffer())
        )
        self.perform(steps)

    def examples(self, *steps: Action | Step, label: str = "Examples", pictures: Sequence[Path] = ()) -> None:
        """Examples to click, by their titles or pictures; the steps get the `index`."""
        titles = [example.title for example in self.screen.examples]
        with st.container(key="example-list"):
            st.caption(label)
            if pictures:
                self._example_pictures(map(example_chip, pictures, titles), steps)
                return
            with st.container(horizontal=True, gap="small"):
                for index, title in enumerate(titles):
                    click = partial(self.perform, steps, index=index)
                    st.button(title, self.key(f"example-{index}"), on_click=click)

    def _example_pictures(self, chips: Iterable[Markup], steps: Steps) -> None:
        def choose(clicked: dict[str, Value]) -> None:
            self.perform(steps, index=int(clicked["position"]))

        button = Markup('<button type="button" class="example" data-position="{}">{}</button>')
        markup = Markup("").join(button.format(index, chip) for index, chip in enumerate(chips))
        show_markup(self.key("examples"), markup, "click.js", choose, kind="examples")

    def weights(self) -> None:
        self.radio("weights", choices=self.screen.weights_choices(), horizontal=False)

    # Sections

    def settings(self) -> AbstractContextManager[Value]:
        """Below the inputs; on a phone below the result."""
        return st.container(key="settings")

    def section(self, heading: str, prose: str = "", kind: str = "attention") -> AbstractContextManager[Value]:
        """Part of the result, with a heading. prose: a section of the page's prose. kind: what a link hides it by."""
        section = st.container(key=f"{kind}-{heading}")
        with section:
            st.header(heading, anchor=False)
            if prose:
                self.note(prose)
        return section

    def details(self, label: str) -> AbstractContextManager[Value]:
        """Part of the page that is closed at first."""
        return st.expander(label)

    def prose(self, section: str, draw: Draw = st.markdown) -> None:
        """A section of the page's prose. The first use of a term on the page has a tooltip."""
        draw(mark_terms(self.screen.prose[section], read_glossary(), self._terms), unsafe_allow_html=True)

    def note(self, section: str) -> None:
        """A section of the page's prose in small print."""
        with st.container(key=f"note-{section}"):
            self.prose(section, st.caption)

    def network(self, intervene: Action | None = None, choice: str = "") -> None:
        """The run as a figure: what each input, latent and output attends to.

        intervene: the action that leaves out a part of the run. choice: field that selects the model.
        """
        with self.section(NETWORK):
            self.note("network")
            if choice:
                self.radio(choice)
            self.markup_output("network", "", "network.js", *([intervene] if intervene else []))

    def faithfulness(self, measure: Action, randomize: Action, offer: Offer, *controls: str) -> None:
        """Attributions by several methods, measured on request. controls: radios of the section."""
        with self.details(FAITHFULNESS):
            self.note("faithfulness")
            for name in controls:
                self.radio(name)
            left, right = st.columns(2)
            with left:
                self.button("measure", "Measure faithfulness", measure)
            with right:
                self.button("randomize", "Randomize weights", randomize)
            self.markup_output("faithfulness")
            self.markup_output("random_models")
            self.save_menu("Save faithfulness", offer)

    def trace_controls(self, *after: Action | Step, latents: bool = True) -> None:
        """What attention is shown of a text. after: actions that follow. latents: whether one can be selected."""
        method, steps = self.view.values["method"], (self.screen.trace, *after)
        choices, more = st.columns([3, 2])
        with choices:
            self.radio("method", steps=steps)
            self.radio("scale")
        with more:
            self.dropdown("head", steps=steps, interactive=method != "rollout")
            if latents:
                self.dropdown("latent", steps=steps, interactive=method == "encoder")
        if "unit" in self.screen.state.model_fields:
            self.radio("unit")

    def map_controls(self) -> None:
        """How maps are laid over images: color scale and opacity."""
        scale, opacity = st.columns([3, 2])
        with scale:
            self.radio("scale")
        with opacity:
            self.slider("opacity")
        st.html(f"<style>:root {{ --map-opacity: {self.view.values['opacity']}; }}</style>")

    def attention_footer(self, offer: Offer) -> None:
        """Below attention: what saves it, and what it does not say."""
        self.save_menu("Save attention", offer)
        self.note("caveat")

    def how_it_works(self) -> None:
        with self.details("How it works"):
            for section in EXPLANATION:
                self.prose(section)
            self.html("architecture", "drawing")

    def save_menu(self, label: str, offer: Offer) -> None:
        """A menu that saves what the offer has. A file is written when it is requested."""
        try:
            files = self._files(offer)
        except InputError:  # there is nothing to save
            return
        with st.popover(label):
            for kind in files.write:
                content, key = partial(self._content, offer, kind), f"{label.lower()}-{kind}".replace(" ", "-")
                name = f"{files.stem}.{kind}"
                st.download_button(KINDS[kind], content, name, key=self.key(key), on_click="ignore", width="stretch")

    def _files(self, offer: Offer) -> Files:
        return self.screen.files(self.view.session, self.view.state(strict=False), offer)

    def _content(self, offer: Offer, kind: str) -> bytes:
        files = self._files(offer)
        with tempfile.TemporaryDirectory(prefix="perceiver-") as folder:
            return files.write_to(kind, Path(folder)).read_bytes()

    def inner(self, screen: In, uploads: Sequence[str] = ()) -> "PageUi[In]":
        """A section with a screen of its own."""
        return PageUi(screen, self.view.inner(screen, uploads))

    # The end of a page

    def share(self) -> None:
        """The address of the view, to copy: on a Space the address bar is that of the page around the app."""
        with st.popover("Copy link"):
            st.code(f"{st.context.url}?{self.view.link}", language=None)

    def follow(self) -> None:
        """While actions run, looks whether there is something to show. The rest of the page waits for the visitor."""
        if self.view.running or self.view.changed.is_set():
            with self._busy:
                _wait(self.view)


@st.fragment(run_every=POLL_SECONDS)
def _wait(view: View) -> None:
    st.html('<p class="notice running" role="status">Running …</p>')
    if view.changed.is_set():
        st.rerun()


@lru_cache(maxsize=64)
def _preview(file: Path | None) -> Image | None:
    """An image as its field shows it; None if there is none, or if it cannot be read."""
    if file is None:
        return None
    with suppress(InputError):
        image = open_image(file)
        image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
        return image
    return None
