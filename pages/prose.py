"""What pages say to visitors: `page.md` of a task, on top of `pages/page.md`, which all pages share."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
EXPLANATION = ("how it works", "attention maps")
"""Sections of "How it works", in order."""
ATTENTION = "Attention: maps, methods and scales"
"""Heading of what is closed at first: the controls of attention, and maps that the figure of a run shows coarsely."""
NETWORK = "From inputs to latents to outputs"
"""Heading of the figure of a run."""
FAITHFULNESS = "Faithfulness: compare attributions"
"""Heading of the section that measures attributions."""
EXPLANATIONS = "Which explanation should I believe?"
"""Heading of the section that compares attribution methods over data."""
OUTDATED = '<p class="notice hint" role="status">Out of date: the inputs have changed since this run.</p>'
"""Markup that is shown while the result does not belong to the inputs."""
HEADING = re.compile(r"^#{1,2} (.+)$", re.MULTILINE)


@cache
def read_prose(task: str) -> Mapping[str, str]:
    """Markdown by section: "title", "lead", which is the text under the title, and the headings of level 2 in lower
    case."""
    return _sections(FOLDER / "page.md") | _sections(FOLDER / task / "page.md")


def _sections(file: Path) -> dict[str, str]:
    title, lead, *rest = HEADING.split(file.read_text(encoding="utf-8").strip())[1:]
    sections = dict(zip(map(str.lower, rest[::2]), map(str.strip, rest[1::2]), strict=True))
    return {"title": title, "lead": lead.strip(), **sections}
