"""Browser behavior of the markup, as `js_on_load` of a `gr.HTML` component."""

from pathlib import Path


def script(name: str) -> str:
    """The source of a file of this folder, such as "mask_strip.js"."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
