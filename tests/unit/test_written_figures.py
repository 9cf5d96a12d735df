"""What a written token was read from, as a plot."""

from pathlib import Path

import numpy as np
import pytest

from components.render import text_generation as render
from models.schema.common import Method
from tests.plots import assert_legible, saved, words
from tests.written import TITLE, attention, letters, step

PROMPT = "The $key$ of the café had lain there for years — <b>nobody</b> asked.\n漢字 " * 3


def shown(count: int, method: Method = "encoder", latents: int = 20, **more):
    values = np.random.default_rng(0).dirichlet(np.full(count, 0.5))
    return step(PROMPT, letters("x"), latents=latents, probe=attention(count, values, method), **more)


@pytest.mark.parametrize(("unit", "scale"), [("words", "share"), ("bytes", "log")])
def test_the_figure_is_legible_and_says_where_the_border_is(unit, scale):
    count = len(PROMPT.encode())
    plot = render.text_generation_attention(shown(count), unit, scale)
    assert_legible(plot)
    said = words(plot)
    for each in (TITLE, "uniform", "method encoder", "not by itself", "20 latents, which begin at the"):
        assert each in said
    assert f"Prefix of {count - 20} bytes" in said
    assert plot.arrays["shares"].sum() == pytest.approx(1, abs=1e-5)
    assert plot.arrays["prefix"] == count - 20
    assert "on the 20 latents" in plot.alt


def test_the_border_stands_before_the_first_latent():
    """Of "ab cd", latents are "cd": the second of two words."""
    plot = render.text_generation_attention(
        step("ab cd", letters("x"), latents=2, probe=attention(5, [0.1, 0.1, 0.1, 0.3, 0.4]))
    )
    cells = next(axes for axes in plot.axes if axes.lines and len(axes.texts) >= 2 and axes.collections)
    (line,) = cells.lines
    at = float(np.asarray(line.get_xdata())[0])
    first, second = (text for text in cells.texts if text.get_text() in ("ab", "cd"))
    assert first.get_position()[0] < at < second.get_position()[0]
    assert "prefix 30%" in words(plot)
    assert "latents 70%" in words(plot)


def test_a_map_over_latents_has_no_prefix():
    plot = render.text_generation_attention(shown(20, "decoder", dropped=30), "bytes")
    assert_legible(plot)
    assert len(plot.arrays["units"]) == 20
    assert "only the latents are shown" in words(plot)
    assert "first 30 bytes were truncated" in words(plot)


def test_the_export_has_all_three_files(tmp_path: Path):
    plot = render.text_generation_attention(shown(len(PROMPT.encode())))
    _, svg, npz = saved(plot, tmp_path)
    assert "<b>" not in svg.read_text("utf-8")
    with np.load(npz) as arrays:
        np.testing.assert_array_equal(arrays["values"], plot.arrays["values"])
        assert arrays["units"][0] == "The "


def test_many_bytes_are_shown_coarser():
    text = "so it goes " * 200
    plot = render.text_generation_attention(step(text, letters("x"), probe=attention(2200)), "bytes")
    assert "2,200 bytes are too many" in words(plot)
    # The last latent is the space behind the last of 600 words, which the border cuts off.
    assert len(plot.arrays["units"]) == 601
