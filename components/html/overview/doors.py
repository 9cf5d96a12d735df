"""Links to the pages, each with a picture and a line."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from PIL import Image, ImageOps

SIZE = (240, 104)
"""Pixels of a photo."""


@dataclass(frozen=True, slots=True)
class Door:
    """name: path of the page. picture: markup, for decoration."""

    name: str
    title: str
    line: str
    picture: Markup


def doors(pages: Sequence[Door]) -> Markup:
    links = Markup("").join(
        Markup(
            '<li><a href="{}"><span class="door-picture" aria-hidden="true">{}</span><b>{}</b><span>{}</span></a></li>'
        ).format(page.name, page.picture, page.title, page.line)
        for page in pages
    )
    return Markup('<ul class="doors">{}</ul>').format(links)


def more_links(lessons: int) -> Markup:
    """Next to the heading above the doors. lessons: how many there are."""
    return Markup(
        '<p class="more-links"><span>Or <a href="lessons">take the {} lessons</a>, '
        '<a href="build_one">build one yourself</a>, or <a href="#explanations">compare explanations</a></span></p>'
    ).format(lessons)


def photo(image: Image.Image, drawing: str = "") -> Markup:
    """drawing: SVG elements over it, 240 by 104 units."""
    written = io.BytesIO()
    ImageOps.fit(image.convert("RGB"), SIZE).save(written, format="jpeg", quality=80)
    uri = "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode("ascii")
    return Markup('<img src="{}" alt="">{}').format(uri, sketch(drawing) if drawing else "")


def sketch(drawing: str) -> Markup:
    """SVG elements, 240 by 104 units."""
    return Markup('<svg viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>').format(*SIZE, Markup(drawing))  # noqa: S704
