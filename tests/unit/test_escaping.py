"""Text from visitors, files and models is escaped exactly once in every markup."""

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from markupsafe import Markup
from PIL import Image

from components.analysis.sound import Sounds
from components.html.charts.bars import label_bars
from components.html.charts.tables import PreviewRow
from components.html.images.comparison import warp_check
from components.html.images.flow import arrows_picture, flow_pictures
from components.html.images.flow_maps import error_pictures, occlusion_picture
from components.html.images.sound import sound_pictures
from components.plots.architecture import Stage, draw_architecture
from components.plots.plot import Plot, to_svg
from components.render import av_autoencoding as av_render
from components.render import fine_tuning as fine_tuning_render
from components.render import image_classification as image_render
from components.render import masked_bytes as masked_bytes_render
from components.render import sentiment as sentiment_render
from components.render import text_generation as text_render
from components.render.text_generation import text_generation_alternatives, text_generation_context
from components.scale.flow_errors import ErrorColumn
from models.schema import HeldOut, LabelScore, SentimentResult
from tests import made_up_clip, written
from tests.unit import test_pictures, test_sentiment_views, test_views

HOSTILE = "<script>\"'&</script>"
FRAME = Image.new("RGB", (6, 4))
FLOW = np.ones((4, 6, 2), np.float32)
LABELS = (LabelScore(HOSTILE, 0.75, 1), LabelScore("other", 0.25, 0))
STAGE = Stage(HOSTILE, HOSTILE, HOSTILE)
PROMPT = f"{HOSTILE} a"
STEP = written.step(PROMPT, written.letters(HOSTILE), probe=written.attention(len(PROMPT)))


class Decoded(HTMLParser):
    """The tags of a markup, and its texts and attributes after decoding."""

    def __init__(self, markup: str):
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.texts += [value or "" for _, value in attrs]

    def handle_data(self, data):
        self.texts.append(data)


def clip():
    asked = made_up_clip.asked(made_up_clip.pixel_trace())
    windows = tuple(replace(window, labels=LABELS) for window in asked.windows)
    return replace(asked, labels=LABELS, windows=windows, attention=replace(asked.attention, title=HOSTILE))


def texts() -> SentimentResult:
    result = test_sentiment_views.result(f"{HOSTILE} a", test_sentiment_views.over(f"{HOSTILE} a"))
    effects = test_sentiment_views.occlusion([0.5, -0.25])
    words = replace(effects, words=np.array([[0, len(HOSTILE)], [len(HOSTILE) + 1, len(HOSTILE) + 2]]))
    return replace(result, labels=LABELS, occlusion=words, attention=replace(result.attention, title=HOSTILE))


def windows() -> SentimentResult:
    result = texts()
    return replace(result, windows=(result.windows[0], result.windows[0]))


def image():
    found = test_pictures.attention([[0.5, 0.5]], title=HOSTILE)
    return replace(test_pictures.result(found, (1, 2)), labels=LABELS)


def bytes_filled():
    result = test_views.result(HOSTILE.encode(), [0, 9], [0, 1])
    return replace(result, attention=replace(result.attention, title=HOSTILE))


RENDERED: dict[str, Callable[[], Markup | None]] = {
    "masked_bytes": lambda: masked_bytes_render.masked_bytes(bytes_filled(), 0)[0],
    "sentiment words": lambda: sentiment_render.sentiment(texts()).text,
    "sentiment characters": lambda: sentiment_render.sentiment(texts(), "characters").text,
    "sentiment bytes": lambda: sentiment_render.sentiment(texts(), "bytes").text,
    "sentiment labels": lambda: sentiment_render.sentiment(texts()).labels,
    "sentiment votes": lambda: sentiment_render.sentiment(windows()).labels,
    "sentiment_words": lambda: sentiment_render.sentiment_words(texts()),
    "sentiment_table": lambda: sentiment_render.sentiment_table([texts()]),
    "fine_tuning_rows header": lambda: fine_tuning_render.fine_tuning_rows([HOSTILE], [PreviewRow(1, ("a",))], 1),
    "fine_tuning_rows cell": lambda: fine_tuning_render.fine_tuning_rows(["a"], [PreviewRow(1, (HOSTILE,))], 1, [0]),
    "fine_tuning_rows problem": lambda: fine_tuning_render.fine_tuning_rows(["a"], [PreviewRow(1, ("a",), HOSTILE)], 1),
    "fine_tuning_labels": lambda: fine_tuning_render.fine_tuning_labels([HOSTILE, "a"]),
    "fine_tuning_confusion": lambda: fine_tuning_render.fine_tuning_confusion(held_out(), (HOSTILE, "b")),
    "image_classification": lambda: image_render.image_classification({"learned": image()})["learned"].prediction,
    "text_generation": lambda: text_render.text_generation(STEP).text,
    "text_generation_running": lambda: text_render.text_generation_running(STEP),
    "text_generation_alternatives": lambda: text_generation_alternatives(
        written.step("a", (written.written(HOSTILE.encode()),)), 0
    ),
    "text_generation_context": lambda: text_generation_context(STEP),
    "text_generation_comparison": lambda: text_render.text_generation_comparison([text_render.Compared(STEP)] * 2),
    "av_labels": lambda: av_render.av_labels(clip()),
    "av_attention": lambda: av_render.av_attention(clip()),
    "label_bars": lambda: label_bars(LABELS),
    "flow_pictures": lambda: flow_pictures({HOSTILE: FLOW}, (1, 1)),
    "arrows_picture": lambda: arrows_picture(FRAME, FLOW, HOSTILE),
    "warp_check": lambda: warp_check(FRAME, FRAME, 2.0, 1.0, None, HOSTILE),
    "occlusion_picture": lambda: occlusion_picture(FRAME, {HOSTILE: np.ones((4, 6), bool), "b": np.ones((4, 6), bool)}),
    "error_pictures": lambda: error_pictures([ErrorColumn("a", HOSTILE, np.ones((4, 6)), 1.0, 0.5)]),
    "sound_pictures": lambda: sound_pictures(Sounds({HOSTILE: np.ones(80, np.float32)}, 80)),
    "draw_architecture": lambda: draw_architecture(
        *[Stage(HOSTILE, HOSTILE, "c")] * 2, HOSTILE, *[Stage("a", "b", "c")] * 2
    ),
    "to_svg": lambda: to_svg(Plot(HOSTILE, HOSTILE)),
}


def held_out() -> HeldOut:
    return HeldOut((HOSTILE, "a"), (0, 1), (1, 1), np.array([[0, 1], [0, 1]]))


@pytest.mark.parametrize("name", RENDERED)
def test_hostile_text_is_escaped_once(name):
    markup = RENDERED[name]()
    assert isinstance(markup, Markup)
    page = Decoded(markup)
    assert "script" not in page.tags
    assert any(HOSTILE.lower() in text.replace("\n", " ").lower() for text in page.texts)
    assert not [text for text in page.texts if "&lt;" in text or "&amp;" in text or "&#3" in text]
