"""What a written token was read from, as a sheet."""

from pathlib import Path

import numpy as np
import pytest

from components import render as views
from models.schema.common import Method
from tests.sheets import assert_legible, saved, words
from tests.written import TITLE, attention, letters, step

PROMPT = "The $key$ of the café had lain there for years — <b>nobody</b> asked.\n漢字 " * 3


def shown(count: int, method: Method = "encoder", latents: int = 20, **more):
    values = np.random.default_rng(0).dirichlet(np.full(count, 0.5))
    return step(PROMPT, letters("x"), latents=latents, probe=attention(count, values, method), **more)


@pytest.mark.parametrize(("unit", "scale"), [("words", "linear"), ("bytes", "log")])
def test_the_figure_is_legible_and_says_where_the_border_is(unit, scale):
    count = len(PROMPT.encode())
    sheet = views.text_generation_attention(shown(count), unit, scale).sheet
    assert_legible(sheet)
    said = words(sheet)
    for each in (TITLE, "uniform", f"1/{count}", "method encoder", "not by itself", "20 latents, which begin at the"):
        assert each in said
    assert f"{count - 20} bytes of prefix" in said
    assert sheet.arrays["shares"].sum() == pytest.approx(1, abs=1e-5)
    assert sheet.arrays["prefix"] == count - 20
    assert "is on the 20 latents" in sheet.alt


def test_the_border_stands_before_the_first_latent():
    """Of "ab cd", latents are "cd": the second of two words."""
    sheet = views.text_generation_attention(
        step("ab cd", letters("x"), latents=2, probe=attention(5, [0.1, 0.1, 0.1, 0.3, 0.4]))
    ).sheet
    cells = next(axes for axes in sheet.axes if axes.lines and len(axes.texts) >= 2 and axes.collections)
    (line,) = cells.lines
    at = float(np.asarray(line.get_xdata())[0])
    first, second = (text for text in cells.texts if text.get_text() in ("ab", "cd"))
    assert first.get_position()[0] < at < second.get_position()[0]
    assert "prefix 30 %" in words(sheet)
    assert "latents 70 %" in words(sheet)


def test_a_map_over_latents_has_no_prefix():
    sheet = views.text_generation_attention(shown(20, "decoder", dropped=30), "bytes").sheet
    assert_legible(sheet)
    assert len(sheet.arrays["units"]) == 20
    assert "the latents alone are shown" in words(sheet)
    assert "30 bytes before them were out of sight" in words(sheet)


def test_the_export_has_all_three_files(tmp_path: Path):
    sheet = views.text_generation_attention(shown(len(PROMPT.encode()))).sheet
    _, svg, npz = saved(sheet, tmp_path)
    assert "<b>" not in svg.read_text("utf-8")
    with np.load(npz) as arrays:
        np.testing.assert_array_equal(arrays["values"], sheet.arrays["values"])
        assert arrays["units"][0] == "The "


def test_many_bytes_are_shown_coarser():
    text = "so it goes " * 200
    sheet = views.text_generation_attention(step(text, letters("x"), probe=attention(2200)), "bytes").sheet
    assert "2,200 bytes are too many to tell apart" in words(sheet)
    # The last latent is the space behind the last of 600 words, which the border cuts off.
    assert len(sheet.arrays["units"]) == 601
