"""The pages as doors of the overview: a picture and a line for each."""

from collections.abc import Iterator

from markupsafe import Markup

from components.html.overview.doors import Door, photo, sketch
from models.data.examples import FOLDER
from models.data.images import open_image
from pages.prose import read_prose

CURVE = '<path d="M20 20C50 84 90 84 220 88"/>'
ARROW = '<path d="M150 58h60m-16-12l16 12l-16 12"/>'
WAVE = (
    '<path d="M14 88'
    + "".join(f"l6 -{height}l6 {height}" for height in (6, 14, 30, 44, 34, 24, 40, 28, 18, 24, 12, 16, 8, 10, 5, 6, 4))
    + '"/>'
)
PARTS = (
    '<path d="M52 20v64h22v-64zM82 52h24m-8-7l8 7l-8 7M116 40v24h22v-24zM146 52h24m-8-7l8 7l-8 7M180 34v36h12v-36z"/>'
)
LINES = {
    "masked_bytes": "Fill in the masked bytes of a text.",
    "sentiment": "Is a text positive or negative, and which words matter?",
    "fine_tuning": "Train a model on your own labels while you watch.",
    "text_generation": "Perceiver AR continues a text, token by token.",
    "image_classification": "Three models classify an image from its pixels.",
    "optical_flow": "Estimate the motion of every pixel between two frames.",
    "av_autoencoding": "Reconstruct video and sound from a few latents.",
    "build_one": "Put a Perceiver together, and train it in seconds.",
}


def _pictures() -> dict[str, Markup]:
    return {
        "masked_bytes": Markup('The <mark class="hidden">cat</mark> sat'),
        "sentiment": Markup("a <mark>warm</mark> film"),
        "fine_tuning": sketch(CURVE),
        "text_generation": Markup("Once <mark>upon</mark>"),
        "image_classification": photo(open_image(FOLDER / "image_classification" / "cat.jpg")),
        "optical_flow": photo(open_image(FOLDER / "optical_flow" / "occlusion_first.png"), ARROW),
        "av_autoencoding": photo(open_image(FOLDER / "av_autoencoding" / "bell.png"), WAVE),
        "build_one": sketch(PARTS),
    }


def read_doors() -> Iterator[Door]:
    pictures = _pictures()
    return (Door(name, read_prose(name)["title"], line, pictures[name]) for name, line in LINES.items())
