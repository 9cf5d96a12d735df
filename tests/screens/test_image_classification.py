"""The screen of image classification, with a backend that has no models."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from PIL import Image

from models.schema import (
    AttentionMap,
    CheckpointUnavailable,
    ImageClassificationRequest,
    ImageClassificationResult,
    InputError,
    LabelScore,
    LatentMaps,
    Probe,
)
from pages.image_classification.screen import EXAMPLES, SIZES, VARIANTS, ImageClassificationScreen
from pages.screen import Notice, Update, updates
from pages.session import Session
from tests.fake_backend import RUN, SHAPE, FakeBackend
from tests.noisy_frames import frame

REQUEST = ImageClassificationRequest(frame(0, 32, 32), top_k=3, probe=Probe(), latent_maps=2, place=3, positions=True)
"""For tests over all tasks, with the models of `tests.tiny_models`."""
LINK = {"example": "2", "scale": "relative", "point": "[0.25,0.5]", "latents": "[1,null,2]"}
"""The query of a view."""
BUTTON, PART = "classify", "prediction-fourier"
"""What sends the request of the page, and what shows its result."""
GRID = (4, 4)
SHIP = EXAMPLES[0].file


def answer(request: ImageClassificationRequest) -> ImageClassificationResult:
    """Two labels, and uniform attention over a grid of 4 x 4."""
    uniform = np.full(GRID, 1 / 16, np.float32)
    method: Any = request.probe.method if request.probe else "encoder"
    maps = LatentMaps(np.arange(3), np.full(3, 1 / 6, np.float32), np.stack([uniform] * 3))
    return ImageClassificationResult(
        labels=(LabelScore("ship", 0.75, 1), LabelScore("bird", 0.25, 0))[: request.top_k],
        input_image=Image.new("RGB", (32, 32)),
        grid=GRID,
        extent=(0.0, 1.0),
        attention=AttentionMap(uniform, 0.0, 0.0, method, "Title") if request.probe else None,
        latent_maps=maps if request.latent_maps else None,
        attending_latents=None if request.place is None else np.full(SHAPE.latents, 1 / 16, np.float32),
        positions=np.zeros((*GRID, 10), np.float32) if request.positions else None,
        run=RUN,
    )


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend({ImageClassificationRequest: answer})


@pytest.fixture
def screen(backend: FakeBackend) -> ImageClassificationScreen:
    return ImageClassificationScreen(backend)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file that is none of the examples."""
    Image.effect_noise((50, 40), 90).save(tmp_path / "own.png")
    return tmp_path / "own.png"


def without(variant: str) -> FakeBackend:
    """A backend without the model of one variant."""

    def available(request: ImageClassificationRequest) -> Any:
        return CheckpointUnavailable("no such model") if request.variant == variant else answer(request)

    return FakeBackend({ImageClassificationRequest: available})


def opened(screen: ImageClassificationScreen, session: Session, query: str) -> Update:
    """All parts after a page was opened by a link."""
    shown: Update = {}
    for update in updates(screen.open(session, dict(parse_qsl(query, keep_blank_values=True)))):
        shown |= update
    return shown


def test_one_image_is_classified_by_all_variants(
    screen: ImageClassificationScreen, backend: FakeBackend, session: Session
) -> None:
    update = screen.submit(session, screen.initial.changed(size=48, method="mean"), SHIP)
    assert tuple(request.variant for request in backend.requests) == VARIANTS
    assert {(request.size, request.latent_maps, request.image.size) for request in backend.requests} == {
        (48, 8, Image.open(SHIP).size)
    }
    assert {(request.probe.method, request.probe.weighted) for request in backend.requests} == {("encoder", False)}
    assert all("ship" in update[f"prediction_{variant}"] for variant in VARIANTS)
    assert update["answered"]
    assert update["notice"] == Notice(EXAMPLES[session.get().state.example].notice)


def test_links_name_an_example_but_not_an_uploaded_image(
    screen: ImageClassificationScreen, session: Session, own: Path
) -> None:
    for file, example in ((EXAMPLES[2].file, 2), (own, None)):
        state = screen.initial.changed(size=16, method="rollout")
        link = screen.submit(session, state, file)["link"]
        params = dict(parse_qsl(link, keep_blank_values=True))
        assert screen.state.from_query(params, screen.state())[0] == state.changed(example=example)


def test_without_an_image_everything_stays(screen: ImageClassificationScreen, session: Session) -> None:
    assert set(screen.submit(session, screen.initial, None)) == {"notice"}


def test_the_visitor_is_told_that_only_the_first_frame_is_used(
    screen: ImageClassificationScreen, session: Session, tmp_path: Path
) -> None:
    frames = [Image.new("L", (8, 8), shade) for shade in (0, 90)]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    assert isinstance(screen.submit(session, screen.initial, tmp_path / "two.gif")["notice"], Notice)


@pytest.mark.parametrize("refusal", [InputError("too large"), CheckpointUnavailable("no such model")])
def test_what_all_models_refuse_is_raised_for_the_binding(session: Session, refusal: Exception) -> None:
    screen = ImageClassificationScreen(FakeBackend({ImageClassificationRequest: lambda request: refusal}))
    with pytest.raises(type(refusal), match=str(refusal)):
        screen.submit(session, screen.initial, SHIP)
    assert session.get() is None


def test_a_model_that_is_not_available_leaves_the_others(session: Session) -> None:
    backend = without("conv")
    screen = ImageClassificationScreen(backend)
    update = screen.submit(session, screen.initial, SHIP)
    assert update["notice"] == Notice("no such model", "alert")
    assert ["ship" in update[f"prediction_{variant}"] for variant in VARIANTS] == [True, True, False]
    before = len(backend.requests)
    screen.trace(session, screen.initial.changed(method="rollout"))
    assert [request.variant for request in backend.requests[before:]] == ["learned", "fourier"]


def test_a_first_result_that_is_incomplete_is_computed_again(session: Session) -> None:
    backend = without("conv")
    screen = ImageClassificationScreen(backend)
    for opening in range(1, 3):
        opened(screen, session.store.session(str(opening), "page"), "")
        assert len(backend.requests) == len(VARIANTS) * opening


def test_opens_with_the_first_example_for_everybody(
    screen: ImageClassificationScreen, backend: FakeBackend, session: Session
) -> None:
    assert opened(screen, session, "")["link"] == ""
    opened(screen, session.store.session("another", "page"), "")
    assert len(backend.requests) == len(VARIANTS)


def test_another_method_traces_the_image_that_was_seen(
    screen: ImageClassificationScreen, backend: FakeBackend, session: Session
) -> None:
    assert screen.trace(session, screen.initial) == {}
    screen.submit(session, screen.initial, SHIP)
    screen.select_latent(session, screen.initial, latent=2, variant="conv")
    screen.trace(session, screen.initial.changed(method="rollout", size=16))
    last = backend.requests[-3:]
    assert all(request.cropped and request.image.size == (32, 32) and request.size is None for request in last)
    assert {(request.probe.method, request.probe.latent) for request in last} == {("rollout", None)}


def test_a_point_selects_the_input_below_it(
    screen: ImageClassificationScreen, backend: FakeBackend, session: Session
) -> None:
    screen.submit(session, screen.initial, SHIP)
    update = screen.select_point(session, screen.initial, row=0.3, column=0.9)
    assert [request.place for request in backend.requests[-3:]] == [1 * 4 + 3] * 3
    other = opened(screen, session.store.session("another", "page"), update["link"])
    assert [request.place for request in backend.requests[-3:]] == [1 * 4 + 3] * 3
    assert other["latents_fourier"] == update["latents_fourier"]


def test_a_latent_of_one_model_leaves_the_others(
    screen: ImageClassificationScreen, backend: FakeBackend, session: Session
) -> None:
    screen.submit(session, screen.initial.changed(method="rollout"), SHIP)
    state = screen.initial.changed(method="rollout")
    screen.select_latent(session, state, latent=2, variant="fourier")
    assert (backend.requests[-1].variant, backend.requests[-1].probe.latent) == ("fourier", 2)
    assert len(backend.requests) == len(VARIANTS) + 1
    assert session.get().state.latents == (None, 2, None)
    screen.select_latent(session, state, latent=None, variant="fourier")
    assert (backend.requests[-1].probe.method, session.get().state.latents) == ("rollout", (None, None, None))


def test_another_scale_needs_no_model(
    screen: ImageClassificationScreen, backend: FakeBackend, session: Session
) -> None:
    screen.submit(session, screen.initial, SHIP)
    before = len(backend.requests)
    update = screen.redraw(session, screen.initial.changed(scale="relative", opacity=0.2))
    assert len(backend.requests) == before
    assert {"scale=relative", "opacity=0.2"} <= set(update["link"].split("&"))


def test_an_example_is_shown_and_then_classified(screen: ImageClassificationScreen, session: Session) -> None:
    update = screen.choose_example(session, screen.initial, index=1)
    assert update == {"image": EXAMPLES[1].file, "notice": Notice(EXAMPLES[1].notice)}
    assert screen.submit(session, screen.initial, EXAMPLES[1].file)["notice"] == Notice(EXAMPLES[1].notice)
    assert session.get().state.example == 1


def test_other_models_have_sizes_and_classes_of_their_own(session: Session) -> None:
    shape = replace(SHAPE, image_size=224, labels=tuple(map(str, range(1000))))
    shapes = {("image_classification", "published", variant): shape for variant in VARIANTS}
    screen = ImageClassificationScreen(FakeBackend({}, shapes))
    update = screen.choose_weights(session, screen.initial.changed(weights="published"))
    choices = [value for _, value in update["size"].properties["choices"]]
    assert choices == ["" if size == 224 else size for size in SIZES["published"]]
    assert update["size"].properties["value"] == ""
    assert "1,000" in update["classes"]


def test_a_link_is_fitted_to_its_models(screen: ImageClassificationScreen, session: Session) -> None:
    update = opened(screen, session, "example=3&size=224&latents=[1,99,null]&method=mean&point=[0.5,0.25]")
    state = session.get().state
    assert (state.example, state.size, state.latents, state.method) == (3, None, (1, None, None), "mean")
    assert state.point == (0.5, 0.25)
    assert (update["image"], update["size"].properties["value"]) == (EXAMPLES[3].file, "")


@pytest.mark.parametrize("written", ["example=99", "point=[1,2,3]", "point=[1.5,0]", "latents=[1]", "latents=[-1,0,0]"])
def test_values_of_a_link_that_do_not_fit_are_replaced(
    screen: ImageClassificationScreen, session: Session, written: str
) -> None:
    update = opened(screen, session, written)
    assert update["notice"].level == "alert"
    assert session.get().state == screen.state()


def test_a_link_to_an_uploaded_image_opens_an_example(
    screen: ImageClassificationScreen, session: Session, own: Path
) -> None:
    link = screen.submit(session, screen.initial.changed(method="rollout"), own)["link"]
    update = opened(screen, session.store.session("another", "page"), link)
    assert (update["image"], update["method"]) == (SHIP, "rollout")
    assert isinstance(update["notice"], Notice)


def test_an_uploaded_image_is_there_again_while_its_file_exists(
    screen: ImageClassificationScreen, session: Session, own: Path
) -> None:
    screen.submit(session, screen.initial, own)
    assert opened(screen, session, "")["image"] == own
    own.unlink()
    update = opened(screen, session, "")
    assert update["image"] is None
    assert "ship" in update["prediction_conv"]


def test_position_encodings_take_the_place_of_latents(
    screen: ImageClassificationScreen, backend: FakeBackend, session: Session
) -> None:
    shown = screen.submit(session, screen.initial.changed(size=16), SHIP)
    assert shown["latents_conv"]
    assert not shown["positions"]
    before = len(backend.requests)
    shown = screen.redraw(session, screen.initial.changed(sheet="positions"))
    assert not shown["latents_conv"]
    assert shown["positions"]
    asked = backend.requests[before:]
    assert [(request.variant, request.positions, request.size) for request in asked] == [
        (variant, True, 16) for variant in VARIANTS
    ]


def test_maps_are_saved_as_opaque_as_they_are_shown(
    screen: ImageClassificationScreen, session: Session, tmp_path: Path
) -> None:
    screen.submit(session, screen.initial, SHIP)
    drawn = []
    for opacity in (0.1, 1.0):
        files = screen.files(session, screen.initial.changed(opacity=opacity), screen.attention_files)
        assert set(files.write) == {"html", "png", "svg", "npz"}
        files.write["png"](tmp_path / "maps.png")
        drawn.append(np.asarray(Image.open(tmp_path / "maps.png").convert("RGB"), float))
    assert np.abs(drawn[0] - drawn[1]).mean() > 1


@pytest.mark.parametrize("size", [None, 0, 48])
def test_a_program_gets_one_variant(
    screen: ImageClassificationScreen, backend: FakeBackend, own: Path, size: int | None
) -> None:
    result = screen.call(screen.initial.changed(variant="conv", top_k=1, size=size), own)
    (request,) = backend.requests
    assert (request.variant, request.size, request.latent_maps) == ("conv", size or None, 0)
    assert [label.name for label in result["labels"]] == ["ship"]
    assert result["attention"].values.shape == result["grid"] == GRID
