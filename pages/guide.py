"""Links from steps of lessons name the step; the page that they open says what to look at."""

import re

from markupsafe import Markup

from components.html.lessons.guide import guide
from models.data.lessons import read_lessons

GUIDE = "guide"
"""Name in the query of a link; the value is, for example, 1.3 for lesson 1, step 3."""


def guide_of(value: str | None, page: str) -> Markup:
    """Empty if there is no such step, or if it opens another page."""
    found = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})", value or "", re.ASCII)
    for lesson in read_lessons():
        for number, step in enumerate(lesson.steps, 1):
            if found and (int(found[1]), int(found[2])) == (lesson.number, number) and step.open:
                return guide(lesson, number) if step.open.page == page else Markup()
    return Markup()
