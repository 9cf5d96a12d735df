"""What a teaching looks like: curves that are the steps', a matrix that is the rows', tables that hold no markup."""

import re
import time
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas
import pytest

from components.analysis.learning import MAX_POINTS, Learning, chance_level, progress_in_words, smoothed
from components.html.charts.confusion import confusion_table
from components.html.charts.tables import PreviewRow, label_counts, mistakes_table, rows_preview
from components.plots.confusion import confusion_plot
from components.render import fine_tuning as render
from models.schema import FineTunedModel, FineTuneStep, HeldOut, RunInfo
from tests.markup import Elements
from tests.plots import assert_legible, words

RUN = RunInfo("sentiment_small", "embedded", "cpu", "float32", 0.1, False, 7)
MODEL = FineTunedModel("name", "base", "embedded", ("a", "b"), {})
NAN = float("nan")


def step(number: int, steps: int = 4, loss: float = 0.5, accuracy: float = 0.75, held: float | None = None):
    held_loss = None if held is None else 1 - held
    return FineTuneStep(number, steps, number, loss, accuracy, held_loss, held, number, 75.0, None, None, 0, RUN)


TAKEN = [step(0, loss=NAN, accuracy=NAN, held=0.4), step(1, loss=1.0, accuracy=0.25), step(2, held=0.6), step(3)]


# Curves


def test_curves_are_the_steps():
    learning = Learning.of([*TAKEN, replace(TAKEN[-1], model=MODEL, validation_accuracy=0.7)], 0.5)
    assert (learning.loss.at.tolist(), learning.loss.values.tolist()) == ([1, 2, 3], [1.0, 0.5, 0.5])
    assert (learning.accuracy.held_at.tolist(), learning.accuracy.held.tolist()) == ([0, 2, 3], [0.4, 0.6, 0.7])
    np.testing.assert_allclose(learning.loss.held, [0.6, 0.4])
    assert (learning.steps, learning.each) == (4, 1)


def test_many_steps_become_means():
    taken = [step(number, 1000, loss=float(number)) for number in range(1, 8)]
    learning = Learning.of(taken, 0.5)
    assert learning.each == 3
    np.testing.assert_allclose(learning.loss.values, [2, 5, 7])
    np.testing.assert_allclose(learning.loss.at, [2, 5, 7])


def test_smoothed_as_pandas_does():
    values = np.random.default_rng(0).normal(size=50)
    np.testing.assert_allclose(smoothed(values, 6.5), pandas.Series(values).ewm(span=6.5).mean())
    assert smoothed(np.zeros(0), 3).size == 0


@pytest.mark.parametrize(("labels", "chance"), [("aab", 2 / 3), ("ab", 0.5), ("", 0.0)])
def test_chance_is_the_share_of_the_most_common_label(labels, chance):
    assert chance_level(labels) == pytest.approx(chance)


def chart(html: str, number: int) -> ElementTree.Element:
    return ElementTree.fromstring(re.findall(r"<svg.*?</svg>", html)[number])


def drawn(svg: ElementTree.Element, name: str) -> np.ndarray:
    """Points of a line, as shares of the steps and of the height."""
    (path,) = (node.get("d") for node in svg.iter("path") if node.get("class") == name)
    points = np.array([pair.split() for pair in path[1:].split("L")], float)
    return np.stack([(points[:, 0] - 40) / 304, (166 - points[:, 1]) / 154], axis=1)


def test_charts_are_to_scale():
    html = render.fine_tuning(TAKEN, 0.5)
    loss, accuracy = chart(html, 0), chart(html, 1)
    np.testing.assert_allclose(drawn(loss, "batch")[:, 0], [0.25, 0.5, 0.75], atol=1e-3)
    np.testing.assert_allclose(drawn(loss, "batch")[:, 1], np.array([1, 0.5, 0.5]) / 1.05, atol=1e-3)
    np.testing.assert_allclose(drawn(accuracy, "batch")[:, 1], [0.25, 0.75, 0.75], atol=1e-3)
    np.testing.assert_allclose(drawn(accuracy, "held"), [[0, 0.4], [0.5, 0.6]], atol=1e-3)
    (chance,) = (node.get("d") for node in accuracy.iter("path") if node.get("class") == "chance")
    assert chance == f"M40 {166 - 154 / 2:.1f}H344"
    assert not [node for node in loss.iter("path") if node.get("class") == "chance"]
    assert "held-out rows 60% after step 2" in accuracy.get("aria-label")


def test_before_the_first_step_there_are_axes_and_no_nan():
    html = render.fine_tuning([step(0, loss=NAN, accuracy=NAN)], 0.5)
    assert "nothing measured yet" in html
    assert "nan" not in html.lower()
    assert render.fine_tuning([], 0.5) == ""


def test_curves_are_drawn_fast_however_long_the_teaching():
    taken = [step(number, 10_000) for number in range(1, 10_001)]
    times = []
    for _ in range(3):
        begun = time.process_time()
        html = render.fine_tuning(taken, 0.5)
        times.append(time.process_time() - begun)
    assert min(times) < 0.1  # 20 ms are wanted; a busy machine gets some more
    assert html.count("L") < 6 * MAX_POINTS


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (step(2), "Step 2 of 4, epoch 2 · 2 s so far, about 1 min 15 s left"),
        (replace(step(4), model=MODEL), "Step 4 of 4, epoch 4 · 4 s, done"),
        (replace(step(3), model=MODEL), "Step 3 of 4, epoch 3 · 3 s, stopped"),
        (replace(step(0), seconds_left=None), "Step 0 of 4 · 0 s so far"),
        (replace(step(1), seconds_left=None), "Step 1 of 4, epoch 1 · 1 s so far"),
    ],
)
def test_progress(now, said):
    assert progress_in_words(now) == said


def test_the_sheet_of_curves_is_legible_and_holds_its_numbers():
    plot = render.fine_tuning_figure(TAKEN, 0.5)
    assert_legible(plot)
    for said in ("loss in nats", "accuracy in %", "most common label), 50%", "seed 7", "3 of 4 steps in 3 s"):
        assert said in words(plot)
    np.testing.assert_allclose(plot.arrays["held_out_accuracy"], [0.4, 0.6])


# Confusion matrix

CONFUSION = np.array([[3, 1], [0, 0]])


def test_a_matrix_has_counts_shares_and_outlined_right_answers():
    html = confusion_table(CONFUSION, ["<b>a</b>", "b"])
    page = Elements(html)
    assert [each["title"] for each in page.of("td", "right")] == [
        "3 of 4 “<b>a</b>” predicted as “<b>a</b>”", "0 of 0 “b” predicted as “b”"
    ]  # fmt: skip
    assert re.findall(r"<b>(\d+)</b><small>([^<]+)<", html) == [("3", "75%"), ("1", "25%"), ("0", "–"), ("0", "–")]
    assert len(page.of("b")) == 4
    assert re.search(r"3 of 4 held-out rows\b.*\b75%.*\b100%", page.text)
    assert html.count("background:#") == 2  # a row without rows has no color


def test_a_matrix_of_nothing_says_so():
    assert "No rows were held out." in confusion_table(np.zeros((2, 2), int), ["a", "b"])


@pytest.mark.parametrize("count", [2, 20])
def test_the_sheet_of_a_matrix_is_legible(count):
    confusion = np.random.default_rng(count).integers(0, 30, (count, count))
    labels = [f"a rather long label, number {at}" for at in range(count)]
    plot = confusion_plot(confusion, labels, RUN)
    assert_legible(plot)
    wrong = confusion - np.diag(np.diag(confusion))
    row, column = np.unravel_index(wrong.argmax(), wrong.shape)
    assert f": “{labels[row]}” predicted as “{labels[column]}” ({wrong.max()})" in plot.alt


# Tables


def test_a_preview_shows_rows_with_their_problems_and_no_markup():
    rows = [PreviewRow(2, ("<script>", "pos")), PreviewRow(3, ("only text",), "row 3: no <label>"), PreviewRow(9, ())]
    page = Elements(rows_preview(["text", "<b>"], rows, 40, chosen={1}))
    assert "rowtext<b>2<script>pos3only textrow 3: no <label>9" in page.text
    assert re.search(r"3 of 40 rows\. 1 [^0-9]*$", page.text)
    assert (page.of("script"), len(page.of("tr", "wrong")), len(page.of("td", "chosen"))) == ([], 1, 3)


def test_mistakes_are_those_that_were_taken_wrongly():
    held = HeldOut(("right", "<i>wrong", "wrong, too"), (0, 1, 1), (0, 0, 0), np.array([[1, 0], [2, 0]]))
    page = Elements(mistakes_table(held, ["a", "b"], most=1))
    assert re.search(r"<i>wrongba.*1 of 2 mistakes in 3 held-out rows", page.text)
    right = replace(held, predicted=held.labels)
    assert "No held-out row" in mistakes_table(right, ["a", "b"])


def test_labels_are_counted_most_first():
    assert (
        Elements(label_counts(["b", "<a>", "<a>", "<a>"])).text == "<a>3 · 75%b1 · 25%" + "0%50%100%share of the rows"
    )
