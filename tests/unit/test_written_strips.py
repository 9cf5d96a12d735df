"""Generated text: its cells, the alternatives of a token, and the attention of one of them."""

import re
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

from components.analysis.generated_text import bits_each, read_text, token_name, tokens_after_prompt
from components.analysis.text_units import pieces
from components.html.text.alternatives import alternative_bars
from components.html.text.cells import in_words, kept_together
from components.html.text.compared import Compared
from components.html.text.traced import traced_strip
from components.html.text.written import running_strip, written_strip
from components.render import text_generation as render
from components.render.text_generation import text_generation_alternatives
from models.schema import GeneratedToken
from tests.markup import Elements
from tests.written import attention, letters, step, written

SHEET = Path(__file__).parents[2] / "components" / "html" / "text" / "text.css"


# Cells


def test_bytes_of_a_character_stay_together():
    contents = [b"a", b"\xc3", b"\xa9", b"", b"\xe2", b"\x82"]
    found = [(text, list(run)) for text, run in kept_together(contents)]
    assert found == [("a", [0]), ("é", [1, 2]), ("", [3]), (None, [4]), (None, [5])]


def test_tokens_of_several_characters_stay_together_only_where_they_must():
    found = [(text, list(run)) for text, run in kept_together([b" the", b" caf\xc3", b"\xa9s", b"", b"!"])]
    assert found == [(" the", [0]), (" cafés", [1, 2]), ("", [3]), ("!", [4])]
    assert list(kept_together([])) == []


def test_lines_break_between_words_and_where_the_text_has_it():
    cells = [("a", "1"), ("b", "2"), (" ", "3"), ("c", "4"), ("\n", "5"), (" the", "6"), ("m", "7")]
    words = ["123", "45", "67"]
    expected = [f'<span class="word">{word}</span>' for word in words]
    assert in_words(cells) == f"{expected[0]}{expected[1]}<br>{expected[2]}"


def test_the_style_sheet_has_the_colors_of_the_legend():
    rules = re.findall(r"\.written \.p(\d+) \{ background: (#\w+); color: (#\w+); \}", SHEET.read_text("utf-8"))
    assert [int(level) for level, _, _ in rules] == list(range(21))
    shown = [to_hex(matplotlib.colormaps["cividis"](at / 20)) for at in range(21)]
    assert [fill for _, fill, _ in rules] == shown
    for _, fill, ink in rules:
        assert contrast(fill, ink) >= 4.5


def contrast(one: str, other: str) -> float:
    """WCAG 2.1."""
    channels = np.array([[int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)] for color in (one, other)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    light, dark = sorted(linear @ (0.2126, 0.7152, 0.0722), reverse=True)
    return (light + 0.05) / (dark + 0.05)


# The written text


def test_a_cell_a_byte_that_says_how_it_was_written():
    tokens = (written(b"<", 0.62, ((b"e", 0.3), (b"<", 0.62), (b"\n", 0.05), (b'"', 0.01), (b"q", 0.001))),)
    html = written_strip(step(tokens=tokens))
    cell = Elements(html).of("button")[0]
    assert cell["class"] == "p12"
    assert cell["data-position"] == "0"
    assert cell["title"] == '“<” 62%; alternatives: “e” 30%, new line 5.0%, “"” 1.0%'
    assert ">&lt;</button>" in html


def test_positions_count_all_that_follows_the_prompt():
    before = letters("ab")
    shown = step(tokens=letters("é\n"), written_tokens=(b"a", b"b"))
    page = Elements(written_strip(shown, before, selected=3))
    cells = page.of("button")
    assert [cell["data-position"] for cell in cells] == ["0", "1", "2", "3", "4"]
    assert [cell["tabindex"] for cell in cells] == ["-1", "-1", "-1", "0", "-1"]
    assert page.of("button", "selected") == [cells[3]]
    assert len(page.of("span", "character")) == 1
    assert "abéC3A9↵" in page.text
    assert page.of("br") == [{}]


def test_what_was_taken_over_has_no_probability():
    shown = step(tokens=letters("b"), written_tokens=(b"a",))
    cells = Elements(written_strip(shown)).of("button")
    assert [cell["class"] for cell in cells] == ["known", "p10"]
    assert cells[0]["title"] == "“a”, generated earlier"
    with pytest.raises(ValueError, match="1 earlier tokens are not the 1"):
        written_strip(shown, letters("x"))


def test_a_strip_says_what_it_shows():
    """Two bytes of probability 1/4 and 1: one bit a byte, as 1/2 twice."""
    html = written_strip(step("<i>", (written(b"a", 0.25), written(b'"', 1.0))))
    said = Elements(html).of("div", "written")[0]["aria-label"]
    assert re.search(r': a" 2 bytes\..*\b1\.00 bits per byte\b.*\b50%', said)
    assert re.search(r"2 bytes\..*\b1\.00 bits per byte\b.*\b50%[^%]*$", Elements(html).text)
    assert Elements(html).of("i") == []
    assert "&lt;i&gt;" in html


def test_a_long_prompt_is_folded():
    page = Elements(written_strip(step("x" * 90 + "é" * 300, letters("a"))))
    assert "90 earlier characters of the prompt" + "x" * 90 + "é" * 300 + "a" in page.text
    assert page.of("details", "prompt")
    short = Elements(written_strip(step("é" * 300, letters("a"))))
    assert not short.of("details")
    running = Elements(running_strip(step("x" * 90 + "é" * 300, letters("a"))))
    assert "prompt …" + "é" * 300 + "a" in running.text


def test_an_empty_text_and_an_end():
    assert Elements(written_strip(step("Once"))).of("button") == []
    assert "Once" in Elements(running_strip(step("Once"))).text
    ended = Elements(written_strip(step("Once", (written(b"", 0.9),))))
    assert "∅" in ended.text
    assert (ended.of("button")[0]["title"] or "").startswith("end of the text 90%")


def test_a_page_of_text_stays_light():
    tokens = letters("it was so, and on it went " * 77)[:2000]
    few, many = step("a", letters("ab")), step("a", tokens)
    bare = len(running_strip(few).encode())
    assert (len(running_strip(many).encode()) - bare) / 2000 < 30
    assert (len(written_strip(many).encode()) - bare) / 2000 < 160
    assert not Elements(running_strip(many)).of("button")


# Names


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"e", "“e”"), (b" ", "space"), (b"\n", "new line"), (b"\t", "tab"), (b"", "end of the text"),
        (b"\xc3", "byte C3"), (b"\xe2\x82", "bytes E2 82"), (b"\x07", "byte 07"), ("é".encode(), "“é”"),
        (b" the\n", "“␣the↵”"),
    ],
)  # fmt: skip
def test_tokens_have_names(content, name):
    assert token_name(content) == name


def test_bits_are_of_known_tokens():
    shown = step(tokens=(written(b"a", 0.125), written(b"b", 0.5)), written_tokens=(b"x",))
    assert bits_each(tokens_after_prompt(shown)) == pytest.approx(2.0)
    assert bits_each(tokens_after_prompt(step(written_tokens=(b"x",)))) is None


# Alternatives


def test_the_written_token_is_marked_among_its_alternatives():
    page = Elements(alternative_bars(written(b" ", 0.3, ((b"<", 0.6), (b" ", 0.3)))))
    assert "“<”60%space generated30%0%50%100%probabilityAll other tokens: 10%" in page.text
    assert len(page.of("li", "chosen")) == 1
    assert [each["style"] for each in page.of("i")] == ["left:0.00%;width:60.00%", "left:0.00%;width:30.00%"]


def test_an_unlikely_token_comes_after_its_alternatives():
    page = Elements(alternative_bars(written(b"q", 0.01, ((b"a", 0.6), (b"b", 0.3)))))
    assert page.text.index("“b”30%") < page.text.index("“q” generated1.0%")


# What a token was read from


def test_the_border_is_before_the_first_latent():
    """Prefix "ab c" and latents "d é", before "x": the word "cd" is cut in two."""
    shown = step("ab cd é", letters("x"), latents=4, probe=attention(8))
    read = read_text(shown)
    assert [piece.text for piece in read.pieces] == ["ab ", "c", "d ", "é"]
    assert read.border == 2
    html = traced_strip(shown)
    before, _, behind = html.partition('<span class="border-mark"')
    assert [text for part in (before, behind) for text in re.findall(r'class="byte"[^>]*>([^<]*)<', part)] == [
        "ab ", "c", "d ", "é"
    ]  # fmt: skip
    assert before.count('class="byte"') == 2
    assert "byte 4 is the first latent" in behind
    assert ">“x”</b>" in behind


@pytest.mark.parametrize("prefix", [0, 3, 7])
@pytest.mark.parametrize("unit", ["bytes", "characters", "words"])
def test_shares_are_sums_over_prefix_and_latents(unit, prefix):
    values = np.random.default_rng(prefix).dirichlet(np.ones(8)) * 0.7
    shown = step("ab cd é", letters("x"), latents=8 - prefix, probe=attention(8, values, latent_share=0.3))
    read = read_text(shown, unit)
    assert read.prefix_share == pytest.approx(values[:prefix].sum(), abs=1e-6)
    assert read.latents_share == pytest.approx(values[prefix:].sum(), abs=1e-6)
    assert read.shares.sizes.sum() == 8
    at = next(at for at, piece in enumerate(read.pieces) if piece.stop == 8)
    piece = read.pieces[at]
    assert read.shares.shares[at] == pytest.approx(values[piece.start :].sum(), abs=1e-6)
    assert "residual share 30%" in traced_strip(shown, unit)


def test_a_word_is_colored_by_its_bytes_mean():
    """Of three bytes, "a " got 0.2 of 1/3 each and "b" 0.8: 0.3 and 2.4 times uniform."""
    html = traced_strip(step("a b", letters("c"), latents=1, probe=attention(3, [0.05, 0.15, 0.8])))
    fills = re.findall(r'style="background:(#\w+);', html)
    colors = matplotlib.colormaps["viridis"](np.array([0.3, 2.4]) / 2.4, bytes=True)
    assert fills[:2] == [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue, _ in colors.tolist()]
    assert "bytes 0 to 1, 20% of the attention (uniform: 66.7%)" in html
    said = Elements(html).of("div", "traced-strip")[0]["aria-label"] or ""
    assert "Context of “c”, 2 words. Most attention: “b”: 80% of the attention (uniform: 33.3%)" in said
    assert "80% on the 1 latent, 20% on the prefix (2 bytes)." in said


def test_what_is_out_of_sight_is_struck_and_counted():
    shown = step("<i>bcd", letters("x"), dropped=3, latents=2, probe=attention(3))
    page = Elements(traced_strip(shown, "bytes"))
    assert "first 3 bytes: truncated<i>blatents begin ▸cd“x”" in page.text
    assert len(page.of("s")) == 1
    assert (page.of("span", "byte")[0]["title"] or "").startswith("byte 3, ")


def test_a_map_over_latents_leaves_the_prefix_out():
    probe = attention(2, [0.25, 0.75], method="decoder")
    page = Elements(traced_strip(step("abcd", letters("x"), latents=2, probe=probe), "characters"))
    assert re.search(r"prefix \(2 bytes\).*ablatents begin ▸cd", page.text)
    assert [cell["title"] for cell in page.of("span", "byte")] == [
        "byte 2, 25% of the attention (uniform: 50%)", "byte 3, 75% of the attention (uniform: 50%)"
    ]  # fmt: skip


def test_a_token_within_the_text_was_read_from_what_is_before_it():
    shown = replace(step("ab", letters("cde"), probe=attention(4), latents=4, prefix=0), traced=2)
    assert "".join(piece.text for piece in read_text(shown, "bytes").pieces) == "abcd"
    with pytest.raises(ValueError, match="no attention over"):
        read_text(replace(shown, traced=1))
    with pytest.raises(ValueError, match="no attention"):
        read_text(replace(shown, attention=None))


def test_special_tokens_and_stray_bytes_have_their_own_pieces():
    """A token without text, then é cut by the border, of which each byte alone is no UTF-8."""
    shown = replace(step("", letters("x"), probe=attention(4), latents=2), prompt_tokens=(b"", b"a", b"\xc3", b"\xa9"))
    read = read_text(replace(shown, prefix_length=3, latents=1))
    assert [piece.text for piece in read.pieces] == ["∅", "a\ufffd", "\ufffd"]
    assert read.border == 2
    assert [piece.text for piece in pieces("\udcc3é", "bytes")] == ["C3", "C3", "A9"]


def test_larger_tokens_are_read_whole():
    tokens = (GeneratedToken(5, b"s", 0.5, (), 0, 1, 2, False),)
    shown = replace(step("", tokens, latents=2, probe=attention(3)), prompt_tokens=(b"The", b" ca", b"t"))
    read = read_text(replace(shown, prefix_length=1), "words")
    assert [piece.text for piece in read.pieces] == ["The", " cat"]
    assert read.shares.sizes.tolist() == [1, 2]
    assert read.each == "token"


# Two texts


def test_two_texts_beside_each_other():
    little = step("ab", letters("same <", prefix=0))
    much = step("ab", letters("same, &", prefix=7))
    page = Elements(render.text_generation_comparison([Compared(little), Compared(much)]))
    assert "No prefix" in page.text
    assert "Prefix of 7 bytes" in page.text
    assert "the same 4 bytes." in page.text
    assert len(page.of("div", "written")) == 2
    nothing = Elements(render.text_generation_comparison([Compared(step("a")), Compared(much)]))
    assert "There is nothing to compare yet." in nothing.text


# All of it


def test_a_text_has_panels_for_what_was_asked_for():
    plainly = render.text_generation(step("ab", letters("cd")))
    assert (plainly.alternatives, plainly.attention) == (None, None)
    traced = step("ab", letters("c"), latents=1, probe=attention(2))
    panels = render.text_generation(traced)
    assert panels.alternatives is not None
    assert panels.attention is not None
    assert Elements(panels.text).of("button", "selected")
    assert text_generation_alternatives(step("a", written_tokens=(b"b",)), 0) is None
    assert Elements(render.text_generation_running(traced)).of("b", "p10")
