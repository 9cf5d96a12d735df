"""What the bindings of all front ends share: errors for visitors, and their parts as markup."""

import logging
from pathlib import Path

import numpy as np
from markupsafe import Markup

from components import plots
from components.html.images.pixels import picture
from models.data.images import open_image
from models.schema import CheckpointUnavailable
from models.turns import CallerLeftError
from pages.screen import Notice, is_for_visitor

APOLOGY = "Something went wrong on our side. Your input is unchanged, and the error is in the log."
CHIP_SIDE = 96
"""Pixels of the longer side of an example's picture."""
log = logging.getLogger(__name__)


def format_error(error: Exception) -> str:
    """What went wrong, for the visitor: their own mistakes as they are, bugs as an apology and in the log."""
    if isinstance(error, CallerLeftError):
        return ""
    if isinstance(error, CheckpointUnavailable):
        log.warning("%s", error, exc_info=error.__cause__)
    if is_for_visitor(error):
        return str(error)
    log.error("a page failed", exc_info=error)
    return APOLOGY


def part_markup(value: object) -> object:
    """A notice or a plot as markup; any other value as it is."""
    if isinstance(value, Notice):
        role = "alert" if value.level == "alert" else "status"
        return Markup('<p class="notice {}" role="{}">{}</p>').format(value.level, role, value.text)
    return plots.to_page_svg(value) if isinstance(value, plots.Plot) else value


def example_chip(image: Path, title: str) -> Markup:
    """A small picture that says what it is."""
    small = open_image(image)
    small.thumbnail((CHIP_SIDE, CHIP_SIDE))
    return picture(np.asarray(small), title, "chip")
