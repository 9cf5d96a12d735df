"""The kinds of things that a view is made of; a front-end decides only where they stand."""

from dataclasses import dataclass

from components.plots.plot import Sheet


@dataclass(frozen=True, slots=True)
class MarkupPanel:
    """HTML that needs the style sheets of `components/strips` or `components/pictures`."""

    html: str


@dataclass(frozen=True, slots=True)
class FigurePanel:
    """A figure that can be shown as SVG and saved."""

    sheet: Sheet
