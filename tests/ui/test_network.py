"""The figure of a run, as a student uses it, compared with what the engine computes."""

import re

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.schema import EachHead, EachLatent, InputsAt, MaskedBytesRequest, Probe, Stages
from pages.masked_bytes.screen import EXAMPLES
from tests.ui.visitor import Visit

pytestmark = pytest.mark.ui
LEFT_OUT = InputsAt((3, 4, 5, 9))


@pytest.fixture(scope="module")
def stages() -> Stages:
    """Of the first example, as the page runs it."""
    example = EXAMPLES[0]
    probe = Probe(method="encoder", stages=True, without=(EachLatent(), LEFT_OUT, *map(EachHead, range(12))))
    request = MaskedBytesRequest(example.text, example.spans, decoding="iterative", probe=probe)
    attention = LocalBackend(Settings(device="cpu")).run(request).attention
    assert attention is not None
    assert attention.stages is not None
    return attention.stages


@pytest.fixture
def page(visit: Visit) -> Page:
    page = visit("masked_bytes")
    expect(says(page)).not_to_be_empty(timeout=60_000)
    return page


def says(page: Page) -> Locator:
    return page.locator(".network-says")


def side(page: Page, name: str) -> Locator:
    return page.locator(f".network [data-stage={name}]")


def shares(text: str, name: str) -> dict[int, float]:
    """Percentages in a description, such as "latent 6 (33%)", by number."""
    return {int(number): float(share) for number, share in re.findall(name + r" (\d+) \(([\d.]+)%\)", text)}


def strongest_bytes(shares: np.ndarray) -> list[int]:
    """Bytes of the text, counted from 0: the first input is [CLS]."""
    return ((-shares).argsort(kind="stable")[:5] - 1).tolist()


def test_pointing_at_an_output_a_latent_and_an_input_tells_their_attention(page: Page, stages: Stages) -> None:
    side(page, "outputs").locator(".cell").nth(3).hover()
    expect(says(page)).to_contain_text("Output “d”")
    found = shares(says(page).inner_text(), "latent")
    expected = dict(zip(stages.latents.tolist(), stages.decoder[3], strict=True))
    assert list(found) == sorted(expected, key=lambda latent: -expected[latent])[:3]
    for latent, percent in found.items():
        assert percent == pytest.approx(100 * expected[latent], abs=0.6)
    assert list(shares(says(page).inner_text(), "at")) == strongest_bytes(stages.inputs[3])

    side(page, "latents").locator(".cell").first.hover()
    expect(says(page)).to_contain_text(re.compile(f"latent {stages.latents[0]}:", re.I))
    inputs = shares(says(page).inner_text().split("outputs to it")[0], "at")
    assert list(inputs) == strongest_bytes(stages.encoder[0])

    side(page, "inputs").locator(".cell").nth(15).hover()
    expect(says(page)).to_contain_text("at 14: attention of the latents to it")
    found = shares(says(page).inner_text(), "latent")
    assert next(iter(found)) == stages.latents[stages.encoder[:, 15].argmax()]


def test_the_keyboard_moves_through_a_side_and_through_the_layers(page: Page, stages: Stages) -> None:
    outputs = side(page, "outputs").get_by_role("listbox")
    outputs.focus()
    page.keyboard.press("End")
    expect(says(page)).to_contain_text("Output “s”")
    page.keyboard.press("ArrowLeft")
    expect(says(page)).to_contain_text("Output “i”")
    expect(side(page, "outputs").get_by_role("option", selected=True)).to_have_text("i")
    layers = page.locator(".network-steps input")
    layers.focus()
    page.keyboard.press("Home")
    expect(says(page)).to_contain_text("traced back to layer 0")
    assert stages.layers is not None
    first = stages.latents[stages.layers[0][-2].argmax()]
    assert next(iter(shares(says(page).inner_text(), "latent"))) == first


def test_playing_moves_through_all_layers_and_stops(page: Page, stages: Stages) -> None:
    assert stages.layers is not None
    play = page.locator(".network [data-play]")
    play.click()
    expect(play).to_have_text("Pause")
    expect(page.locator(".network-steps output")).to_have_text(re.compile("^[01] of"))
    expect(page.locator(".network-steps output")).to_have_text(
        "{0} of {0}".format(len(stages.layers) - 1), timeout=15_000
    )
    expect(play).to_have_text("Play")


def test_switching_latents_off_tells_what_the_engine_computes(page: Page, stages: Stages) -> None:
    assert stages.effects is not None
    effects = stages.effects[EachLatent()]
    page.locator(".network [data-without=latents]").click()
    side(page, "latents").locator(".cell[data-change]").first.wait_for()
    side(page, "outputs").locator(".cell").first.hover()
    expect(says(page)).to_contain_text("Rank correlation")
    changes = abs(effects.without[:, 0] - effects.probability[0])
    top = int(changes.argmax())
    before, after = 100 * effects.probability[0], 100 * effects.without[top, 0]
    found = re.search(
        r"most without latent (\d+): from ([\d.]+)% to ([\d.]+)%.*: (−?-?[\d.]+)\.$", says(page).inner_text()
    )
    assert found is not None
    assert int(found[1]) == stages.latents[top]
    assert float(found[2]) == pytest.approx(before, abs=0.6)
    assert float(found[3]) == pytest.approx(after, abs=0.6)
    assert float(found[4]) == pytest.approx(effects.rank_correlation[0], abs=0.01)


def test_inputs_that_are_marked_are_left_out(page: Page, stages: Stages) -> None:
    assert stages.effects is not None
    effects = stages.effects[LEFT_OUT]
    assert effects.attention is not None
    run = page.locator(".network [data-without=inputs]")
    expect(run).to_be_disabled()
    inputs = side(page, "inputs")
    page.locator(".network [data-mark]").click()
    inputs.locator(".cell").nth(3).hover()
    page.mouse.down()
    for place in (4, 5, 6):
        inputs.locator(".cell").nth(place).hover()
    page.mouse.up()
    inputs.get_by_role("listbox").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "Space"):  # from 6, which is marked, to 9
        page.keyboard.press(key)
    inputs.locator(".cell").nth(6).click()
    expect(inputs.locator(".left-out")).to_have_count(4)
    run.click()
    comparison = page.locator(".network-comparison")
    expect(comparison).to_contain_text("Without 4 of 59 inputs")
    for output, row in enumerate(comparison.locator("tbody tr").all()):
        found = [float(each) for each in re.findall(r"[+-]?[\d.]+(?=%| percentage)", row.inner_text())]
        before, after = 100 * effects.probability[output], 100 * effects.without[0, output]
        attention = 100 * effects.attention[output, 0]
        assert found == pytest.approx([before, after, after - before, attention], abs=0.11)

    side(page, "outputs").locator(".cell").nth(2).hover()
    widths = [bar.evaluate("bar => parseFloat(bar.style.width)") for bar in comparison.locator("i").all()]
    before, after = 100 * effects.probability[2], 100 * effects.without[0, 2]
    assert widths == pytest.approx([before, after, abs(after - before)], abs=0.11)

    page.locator(".network [data-reset]").click()
    expect(comparison).to_have_count(0)
    expect(inputs.locator(".left-out")).to_have_count(0)


def test_each_head_is_switched_off_and_its_attention_shown(page: Page, stages: Stages) -> None:
    assert stages.effects is not None
    page.locator(".network-blocks summary").click()
    page.locator(".network [data-without=heads]").click()
    grid = page.locator(".network-grid")
    expect(grid.locator("td", has_text=re.compile(r"\d"))).to_have_count(12 * 8, timeout=90_000)
    side(page, "outputs").locator(".cell").nth(1).hover()
    for layer, row in enumerate(grid.locator("tbody tr").all()):
        effects = stages.effects[EachHead(layer)]
        found = [float(cell.replace("−", "-")) for cell in row.locator("td").all_inner_texts()]
        expected = 100 * (effects.without[:, 1] - effects.probability[1])
        assert found == pytest.approx(expected, abs=0.6)
    for name, layer in (("encoder", 0), ("decoder", 11)):
        maps = page.locator(f".network-maps[data-heads={name}] canvas").all()
        expected = stages.effects[EachHead(layer)].maps
        assert expected is not None
        shares_of_first = [re.search(r"\(([\d.]+)%\)", each.get_attribute("aria-label") or "") for each in maps]
        found = [float(each[1]) for each in shares_of_first if each]
        assert found == pytest.approx(100 * expected[:, 1].max(axis=1), abs=0.6)
