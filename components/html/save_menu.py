"""A menu of the files that a result can be saved as; `js/save_menu.js` makes it work."""

from collections.abc import Sequence

from markupsafe import Markup

KINDS = {
    "png": "Figure (PNG)",
    "svg": "Figure (SVG)",
    "npz": "Data (NPZ)",
    "html": "Interactive page (HTML)",
    "csv": "Table (CSV)",
    "flo": "Flow (.flo)",
    "mp4": "Video (MP4)",
    "wav": "Sound (WAV)",
    "flac": "Sound (FLAC)",
    "ogg": "Sound (Ogg Vorbis)",
    "zip": "Model (ZIP)",
    "ipynb": "Notebook (IPYNB)",
    "py": "Script (PY)",
}
"""What each kind of file holds."""


def save_menu(label: str, kinds: Sequence[str]) -> Markup:
    """label: what is saved, such as "Save attention"."""
    item = Markup('<li><button type="button" data-kind="{}">{}</button></li>')
    items = Markup("").join(item.format(kind, KINDS[kind]) for kind in kinds)
    return Markup('<details class="save-menu"><summary>{}</summary><ul>{}</ul></details>').format(label, items)
