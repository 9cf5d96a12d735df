"""Effects in the figure of a run: what visitors see, and what the browser gets."""

import base64
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from PIL import Image

from components.html.charts.network import network
from components.html.charts.network_cells import byte_cells, image_cells, text_cells
from components.html.charts.network_effects import BINS
from models.schema import EachHead, EachLatent, Effects, InputsAt, Intervention, Stages
from tests.fake_backend import SHAPE
from tests.markup import Elements

LATENTS, OUTPUTS = 3, 2
LAST = SHAPE.blocks * SHAPE.layers + 1


def shares(rng: np.random.Generator, *shape: int) -> np.ndarray:
    rows = rng.random(shape).astype(np.float32) ** 4
    return rows / rows.sum(axis=-1, keepdims=True)


def staged(inputs: int, outputs: int = OUTPUTS, latents: int = LATENTS) -> Stages:
    rng = np.random.default_rng(0)
    return Stages(
        np.arange(latents), latents, shares(rng, outputs, latents), shares(rng, latents, inputs),
        shares(rng, outputs, inputs), shares(rng, LAST, outputs, latents), effects={},
    )  # fmt: skip


def effects(parts: int, outputs: int = OUTPUTS, maps: int = 0, attention: bool = False) -> Effects:
    rng = np.random.default_rng(parts)
    return Effects(
        rng.random(outputs, np.float32),
        rng.random((parts, outputs), np.float32),
        rng.random((outputs, parts), np.float32) if attention else None,
        np.full(outputs, np.nan, np.float32),
        shares(rng, parts, outputs, maps) if maps else None,
    )


def figure(stages: Stages, inputs: Any = None) -> tuple[Markup, dict[str, Any]]:
    content = byte_cells(b"a" * (stages.inputs.shape[1] - 2)) if inputs is None else inputs
    outputs = text_cells("outputs", [f"<{number}>" for number in range(len(stages.decoder))], "bytes")
    markup = network(stages, SHAPE, content, outputs)
    return markup, json.loads(Elements(markup).of("figure")[0]["data-maps"] or "")["effects"]


def with_effects(stages: Stages, found: dict[Intervention, Effects]) -> Stages:
    return replace(stages, effects=found)


def rows_of_table(markup: Markup, after: str) -> list[list[str]]:
    table = str(markup).split(after)[1].split("</table>")[0].split("<tbody>")[1]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("</tr>")[:-1]]


def test_nothing_is_offered_where_outputs_have_no_probabilities():
    markup, data = figure(replace(staged(6), effects=None))
    assert data is None
    assert not [each for each in Elements(markup).of("button") if "data-play" not in each]


def test_heads_of_a_large_model_are_not_offered():
    stages = staged(6)
    offered = [Elements(figure(each)[0]).of("button") for each in (stages, replace(stages, layers=None))]
    parts = [[each["data-without"] for each in buttons if "data-without" in each] for buttons in offered]
    assert parts == [["inputs", "latents", "heads"], ["inputs", "latents"]]


def test_a_table_compares_all_outputs_with_and_without_inputs():
    found = effects(1, attention=True)
    markup, data = figure(with_effects(staged(6), {InputsAt((1, 4)): found}))
    assert data["inputs"]["cells"] == [1, 4]
    assert found.attention is not None
    rows = rows_of_table(markup, "network-comparison")
    columns = found.probability, found.without[0], found.attention[:, 0]
    for row, before, after, attention in zip(rows, *columns, strict=True):
        numbers = [float(re.sub(r"[^\d.+-]", "", cell.split()[0])) for cell in row[1:]]
        assert numbers == pytest.approx([100 * before, 100 * after, 100 * (after - before), 100 * attention], abs=0.06)
    assert [row[0] for row in rows] == ["&lt;0&gt;", "&lt;1&gt;"]


def test_cells_of_an_image_stand_for_all_inputs_that_share_them():
    cells = image_cells(Image.new("RGB", (32, 32)), (32, 32), "pixels")
    indices = tuple(row * 32 + column for row in (2, 3) for column in (4, 5))
    _, data = figure(with_effects(staged(32 * 32), {InputsAt(indices): effects(1, attention=True)}), cells)
    assert data["inputs"]["cells"] == [1 * 16 + 2]


def test_the_grid_has_a_row_for_each_layer_and_a_cell_for_each_head():
    found = {EachHead(LAST): effects(3, maps=LATENTS), EachHead(1): effects(2)}
    markup, data = figure(with_effects(staged(6), found))
    rows = rows_of_table(markup, "network-grid")
    assert [row[0] for row in rows] == ["Encoder", *map(str, range(1, LAST)), "Decoder"]
    assert [row[1:] for row in rows] == [["…"] * 3, ["", ""], ["…"] * 3, [""] * 3]
    for layer, expected in ((1, found[EachHead(1)]), (LAST, found[EachHead(LAST)])):
        assert np.allclose(data["heads"][str(layer)], expected.without, atol=1e-4)


@pytest.mark.parametrize(("inputs", "size"), [(100, 1), (BINS, 1), (2 * BINS + 5, 3)])
def test_maps_of_heads_come_back_in_bins_of_neighbors(inputs, size):
    found = effects(3, maps=inputs)
    _, data = figure(with_effects(staged(inputs), {EachHead(0): found}))
    packed = data["maps"]["encoder"]
    levels = np.frombuffer(base64.b64decode(packed["rows"]), np.uint8).reshape(3 * OUTPUTS, -1)
    rows = (levels / 255) ** 2 * packed["most"]
    assert found.maps is not None
    maps = found.maps.reshape(3 * OUTPUTS, -1)
    expected = [[row[start : start + size].sum() for start in range(0, inputs, size)] for row in maps]
    assert packed["bin"] == size
    assert np.abs(rows - expected).max() < 0.005 * np.max(expected)
    assert "decoder" not in data["maps"]


def test_a_page_gets_less_than_500_kb_with_all_effects():
    inputs, outputs, latents, layers = 2048, 32, 24, 26
    found: dict[Intervention, Effects] = {EachHead(layer): effects(8, outputs) for layer in range(1, layers + 1)}
    found[EachHead(0)], found[EachHead(layers + 1)] = effects(8, outputs, inputs), effects(8, outputs, latents)
    found[EachLatent()] = effects(latents, outputs, attention=True)
    found[InputsAt(tuple(range(64)))] = effects(1, outputs, attention=True)
    markup, _ = figure(with_effects(staged(inputs, outputs, latents), found))
    assert len(markup.encode()) < 500_000
