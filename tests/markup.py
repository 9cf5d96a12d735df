"""What tests ask of a picture that is HTML: its elements, its words, the pixels of its images."""

import base64
import io
from html.parser import HTMLParser

import numpy as np
from PIL import Image


class Elements(HTMLParser):
    """All elements of a markup, as their tag and attributes; and its text."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(str(html))

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def of(self, tag: str, name: str = "") -> list[dict[str, str | None]]:
        """Attributes of those with this tag and, where it is given, this class."""
        named = [(attrs, (attrs.get("class") or "").split()) for found, attrs in self.found if found == tag]
        return [attrs for attrs, names in named if not name or name in names]


def decoded(attrs: dict[str, str | None]) -> np.ndarray:
    head, _, body = (attrs["src"] or "").partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(body))).convert("RGB"))
