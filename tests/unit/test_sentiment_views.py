"""What a classified text looks like: its strip, its votes, and what leaving out its words does."""

import re
from dataclasses import replace

import matplotlib
import numpy as np
import pytest

from components.analysis.occlusion import Effects, agreement_in_words, words_to_show
from components.analysis.text_units import fitted
from components.html.charts.occlusion import occlusion_bars
from components.html.charts.tables import results_table
from components.html.text.read import read_strip
from components.render import sentiment as render
from components.words.numbers import points
from models.schema import AttentionMap, LabelScore, Occlusion, RunInfo, SentimentResult, TextWindow
from tests.markup import Elements
from tests.plots import assert_legible, words

RUN = RunInfo("sentiment_small", "embedded", "cpu", "float32", 0.1, False)
TITLE = "Encoder, <b>mean</b> of heads"


def over(text: str, values=None) -> AttentionMap:
    count = len(text.encode()) + 2
    values = np.full(count, 1 / count) if values is None else np.array(values)
    return AttentionMap(values.astype(np.float32), 0.0, 0.0, "encoder", TITLE)


def result(text: str = "é <i> a", attention: AttentionMap | None = None, **more) -> SentimentResult:
    """Labels in the model's order: bad, <b>good</b>."""
    labels = (LabelScore("<b>good</b>", 0.75, 1), LabelScore("bad", 0.25, 0))
    window = TextWindow(0, len(text.encode()), np.float32([0.25, 0.75]))
    plain = {"windows": (window,), "label": 1, "occlusion": None}
    return SentimentResult(text=text, labels=labels, attention=attention, run=RUN, **(plain | more))


def occlusion(drops, attention=None, correlation: float = 0.42) -> Occlusion:
    """Of words of one letter, with a space behind each."""
    spans = np.array([[2 * at, 2 * at + 1] for at in range(len(drops))], np.int64).reshape(-1, 2)
    shares = None if attention is None else np.array(attention, np.float32)
    values = np.array(drops, np.float32)
    return Occlusion(spans, values, shares, correlation, 4 * values, correlation, len(drops))


# The strip


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        ("words", ["é ", "<i> ", "a"]),
        ("characters", ["é", "\u00a0", "<", "i", ">", "\u00a0", "a"]),
        ("bytes", ["C3", "A9", "␣", "<", "i", ">", "␣", "a"]),
    ],
)
def test_a_cell_a_unit(unit, shown):
    html = read_strip(result(attention=over("é <i> a")), unit)
    found = re.findall(r'<span class="byte"[^>]*>([^<]*)</span>', html)
    assert [cell.replace("&lt;", "<").replace("&gt;", ">") for cell in found] == shown
    assert Elements(html).of("i") != [{}]
    assert "<b>mean" not in html
    assert html.count("background:#") == len(shown) + 2


def test_a_word_is_colored_by_its_bytes_mean_and_says_its_sum():
    """[CLS] .12, é and its space .05 + .15 + .07, a .21, [SEP] .4, of six: 0.72, 0.54, 1.26 and 2.4 times uniform."""
    html = read_strip(result("é a", over("é a", [0.12, 0.05, 0.15, 0.07, 0.21, 0.4])))
    fills = matplotlib.colormaps["viridis"](np.array([0.72, 0.54, 1.26, 2.4]) / 2.4, bytes=True)
    expected = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue, _ in fills.tolist()]
    assert re.findall(r'style="background:(#\w+);', html) == expected
    assert "bytes 0 to 2, 27% of the attention (uniform: 50%)" in html
    assert 'aria-label="Text of 2 words. Most attention: “é”: 27% of' in html
    assert "40%" in Elements(html).text  # the upper end of the color bar: a byte of [SEP]


def test_without_attention_over_the_text_there_are_no_colors():
    decoder = AttentionMap(np.full(4, 0.25, np.float32), 0.0, 0.0, "decoder", "Decoder")
    for found in (None, decoder):
        html = read_strip(result(attention=found))
        assert "background:" not in html
        assert "é" in html


def test_windows_are_marked_where_they_begin_and_end():
    parts = tuple(TextWindow(a, b, np.float32([0.25, 0.75])) for a, b in ((0, 5), (3, 8), (6, 10)))
    shown = Elements(read_strip(result("ab cd ef gh", windows=parts), "words"))
    assert [mark["title"] for mark in shown.of("span", "window-mark")] == [
        "window 2 begins at byte 3",
        "window 1 ends before byte 5",
        "window 3 begins at byte 6",
        "window 2 ends before byte 8",
    ]  # fmt: skip
    assert "CLS" + "ab ▸2cd 1◂▸3ef 2◂gh" + "SEP" in shown.text
    assert "Read in 3 windows" in shown.text


def test_a_long_text_stays_small_and_says_how():
    text = "so it goes " * 1489
    html = read_strip(result(text, over(text)), "bytes")
    assert len(html) < 600_000
    assert fitted(text, "bytes").note in html
    assert html.count('class="byte"') == 1489


# Labels and votes


def test_several_windows_show_their_votes():
    text = "word <i> " * 4
    parts = (TextWindow(0, 20, np.float32([0.1, 0.9])), TextWindow(10, 36, np.float32([0.4, 0.6])))
    alone, several = (render.sentiment(result(text, windows=each)).labels for each in (parts[:1], parts))
    assert "Window by window" not in alone
    page = Elements(several)
    assert "bytes 0–20word <i> word <i> w" in page.text
    assert [each["style"] for each in page.of("i")][2:] == [
        f"left:0.00%;width:{width}%" for width in ("90.00", "10.00", "60.00", "40.00")
    ]
    assert page.of("b") == []


def test_several_texts_are_rows():
    page = Elements(results_table([result(), result("=1+1 <script>")], 5))
    assert "1é <i> a<b>good</b>75%2=1+1 <script><b>good</b>75%" in page.text
    assert page.text.endswith("2 of 5 texts.")
    assert page.of("script") == []


# Leaving out words


def test_two_bars_a_word_in_reading_order():
    found = occlusion([0.1, -0.05, 0.0], [0.2, 0.4, 0.1])
    page = Elements(occlusion_bars(result("a b <", over("a b <"), occlusion=found), "probability"))
    styles = [each["style"] for each in page.of("i")]
    assert styles[0::2][:3] == [f"left:0.00%;width:{width}%" for width in ("50.00", "100.00", "25.00")]
    bars = [re.sub(r";background.*", "", style) for style in styles[1::2]]
    assert bars[:3] == ["left:50.00%;width:50.00%", "left:25.00%;width:25.00%", "left:50.00%;width:0.00%"]
    # Uniform is 1/7 of the attention for a word of one byte, and bars are full at 40%.
    assert [each["style"] for each in page.of("b")] == ["left:35.71%"] * 3
    assert "−100+10" in page.text  # the axis
    for said in ("a20%+10 points", "b40%−5.0 points", "<10%0.0 points", "rank correlation is +0.42", "itself an expl"):
        assert said in page.text


def test_part_of_the_words_says_of_how_many_and_does_not_rank_them():
    whole = occlusion([0.1, -0.2, 0.3], [0.1, 0.2, 0.3])
    for found, ranked in ((whole, True), (replace(whole, words_in_text=1_234), False)):
        page = Elements(occlusion_bars(result("a b c d e", over("a b c d e"), occlusion=found)))
        assert len(page.of("td", "effect")) == 3
        assert ("+0.42" in page.text) == ranked
        assert ("3 of 1,234" in page.text) == (not ranked)


def test_effects_are_in_log_odds_unless_points_are_asked_for():
    found = result("a b <", over("a b <"), occlusion=occlusion([0.1, -0.05, 0.0], [0.2, 0.4, 0.1]))
    page = Elements(occlusion_bars(found))
    for number in ("a20%+0.40", "b40%−0.20", "<10%0.00", "−0.4−0.20+0.2+0.4"):
        assert number in page.text
    assert "points" not in page.text
    plots = [render.sentiment_occlusion(found, unit) for unit in ("log_odds", "probability")]
    assert ["points" in words(plot) for plot in plots] == [False, True]
    assert ["log-odds" in words(plot) for plot in plots] == [True, False]


def test_attention_on_words_is_in_the_unit_of_the_scale():
    found = result("a b <", over("a b <"), occlusion=occlusion([0.1, -0.05, 0.0], [0.2, 0.4, 0.1]))
    page = Elements(occlusion_bars(found, scale="relative"))
    for number in ("a1.4×", "b2.8×", "<0.7×"):  # uniform is 1/7
        assert number in page.text
    assert [each["style"] for each in page.of("b")] == ["left:35.71%"] * 3
    log = Elements(occlusion_bars(found, scale="log"))
    assert "b+0.45" in log.text
    assert [each["style"] for each in log.of("b")] == ["left:50.00%"] * 3


def test_no_effect_is_the_middle_of_the_colors():
    page = Elements(occlusion_bars(result("a b c", occlusion=occlusion([0.5, -0.5, 0.0]))))
    colors = [style.rpartition(":")[2] for style in (each["style"] for each in page.of("i")) if "background:" in style]
    expected = [matplotlib.colors.to_hex(matplotlib.colormaps["PuOr_r"](at)) for at in (1.0, 0.0, 0.5)]
    assert colors[:3] == expected


def test_of_many_words_those_that_stand_out_are_shown():
    drops, shares = np.zeros(30), np.full(30, 0.01)
    drops[[29, 3]], shares[[12, 3]] = (-0.4, 0.2), (0.3, 0.2)
    found = occlusion(drops, shares)
    effects = Effects.of(found, "probability")
    assert words_to_show(effects, 3) == [3, 12, 29]
    assert words_to_show(effects, 30) == list(range(30))
    assert words_to_show(replace(effects, attention=None), 2) == [3, 29]
    html = occlusion_bars(result("x " * 30, occlusion=found))
    assert "24 of 30 words" in html
    assert html.count("<tr>") == 1 + 24 + 1


@pytest.mark.parametrize(
    ("correlation", "count", "said"),
    [
        (0.42, 17, "partly agree"),
        (0.9, 26, "largely agree"),
        (-0.1, 26, "says little about its effect"),
        (-0.5, 26, "disagree"),
        (1.0, 3, "With only 3 words"),
        (float("nan"), 2, "there are fewer than three words"),
        (float("nan"), 5, "one of them is the same for all words"),
    ],
)  # fmt: skip
def test_agreement_is_worded_with_care(correlation, count, said):
    effects = Effects.of(occlusion(np.ones(count), np.ones(count), correlation), "log_odds")
    assert said in agreement_in_words(effects)


def test_without_attention_there_is_no_agreement_to_speak_of():
    effects = Effects.of(occlusion([0.1], correlation=float("nan")), "log_odds")
    assert "no attention" in agreement_in_words(effects)


@pytest.mark.parametrize(
    ("drop", "said"),
    [(0.124, "+12 points"), (-0.031, "−3.1 points"), (0.0, "0.0 points"), (-0.0001, "−< 0.1 points")],
)
def test_points(drop, said):
    assert points(drop) == said


def test_a_text_without_words_has_nothing_to_leave_out():
    assert "no word" in occlusion_bars(result("", occlusion=occlusion([], [], float("nan"))))
    with pytest.raises(ValueError, match="no leave-one-out"):
        occlusion_bars(result())


# Figures


@pytest.mark.parametrize(("unit", "scale"), [("words", "share"), ("characters", "log")])
def test_figures_of_units_are_legible(unit, scale):
    text = "Warm, $funny$ and — against all odds — a café comedy;\nnot one dull minute. 漢字 " + "w" * 90
    values = np.random.default_rng(0).dirichlet(np.full(len(text.encode()) + 2, 0.5))
    plot = render.sentiment_attention(result(text, over(text, values)), unit, scale)
    assert_legible(plot)
    for said in (TITLE, "uniform", "method encoder", "not by itself", "odds" if unit == "words" else "↵"):
        assert said in words(plot)
    assert plot.arrays["shares"].sum() == pytest.approx(1, abs=1e-5)
    assert plot.arrays["sizes"].sum() == len(text.encode()) + 2


def test_a_figure_says_that_it_shows_coarser_units():
    text = "so it goes " * 200
    plot = render.sentiment_attention(result(text, over(text)), "bytes")
    assert "2,200 bytes are too many" in words(plot)
    assert len(plot.arrays["units"]) == 2 + 600


def test_bytes_and_latents_have_the_figures_of_masked_bytes():
    assert "C3" in words(render.sentiment_attention(result("é", over("é")), "bytes"))
    decoder = AttentionMap(np.full(4, 0.25, np.float32), 0.0, 0.0, "decoder", "Decoder")
    assert "latent" in words(render.sentiment_attention(result("é", decoder)))
    with pytest.raises(ValueError, match="no attention"):
        render.sentiment_attention(result())


@pytest.mark.parametrize("count", [1, 40])
def test_the_figure_of_occlusion_is_legible(count):
    drops, shares = np.random.default_rng(count).normal(0, 0.1, count), np.full(count, 1 / (2 * count + 2))
    text = "w " * count
    found = occlusion(drops, shares, 0.5 if count > 2 else float("nan"))
    plot = render.sentiment_occlusion(result(text, over(text), occlusion=found))
    assert_legible(plot)
    np.testing.assert_array_equal(plot.arrays["drops"], found.drops)
    assert "not by itself an explanation" in words(plot)
    assert ("fewer than three" if count == 1 else "24 of 40 words") in words(plot)
