"""The task of image classification: what transformers' processor and forward make of the same picture."""

import pickle
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers import PerceiverImageProcessorPil

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.engine import Encoded
from models.schema import ImageClassificationResult, LabelAt, LabelScore, Probe
from models.tasks.image_classification import CROPS, _grid, crop
from tests.masked_sentence import assert_close
from tests.noisy_picture import (
    CLASSES,
    GOOD,
    GRID,
    OTHER,
    PICTURE,
    VARIANTS,
    WEIGHTS,
    forward,
    processed,
    seen_by_processor,
)
from tests.tiny_models import SIDE, Counting, load_tiny, served_model, tiny_model


def probabilities(result: ImageClassificationResult) -> np.ndarray:
    """In the order of the model's classes."""
    by_index = {label.index: label.probability for label in result.labels}
    return np.array([by_index[index] for index in range(len(by_index))])


# Predictions


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("size", [None, 14, 28, 2 * SIDE])
def test_equals_transformers(service, variant, weights, size):
    """At other sizes than in training, too: Fourier features extend, learned positions are stretched."""
    result = service.run(replace(GOOD, variant=variant, weights=weights, size=size))
    expected = forward(variant, weights, size=size or SIDE)
    assert np.ptp(expected.probabilities) > 0.1
    assert_close(probabilities(result), expected.probabilities)
    assert result.input_image.size == (size or SIDE,) * 2


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", [None, 2 * SIDE])
def test_the_grid_lies_where_the_inputs_read(service, variant, size):
    """Measured: the middle of the pixels that an input of the model changes with."""
    result = service.run(replace(GOOD, variant=variant, size=size))
    side, pixels = result.grid[0], size or SIDE
    preprocessor = deepcopy(tiny_model(CLASSES[variant], image_size=SIDE)).perceiver.input_preprocessor
    (start, stop), middle = result.extent, side // 2
    for row, column in ((middle, middle), (1, side - 2)):
        reached = []
        for _ in range(20):  # a maximum passes on one place at a time
            image = torch.rand(1, 3, pixels, pixels, requires_grad=True)
            content = preprocessor(image, interpolate_pos_encoding=True)[2].reshape(side, side, -1)
            content[row, column].abs().sum().backward()
            reached.append(image.grad.abs().sum(dim=(0, 1)) > 0)
        seen = torch.stack(reached).any(dim=0)
        for index, along in ((row, seen.any(dim=1)), (column, seen.any(dim=0))):
            touched = along.nonzero().flatten()
            measured = (touched.min() + touched.max() + 1).item() / 2 / pixels
            assert start + (stop - start) * (index + 0.5) / side == pytest.approx(measured, abs=0.5 / pixels)


def test_what_is_compared_differs():
    """Between variants, weights, pictures and sizes, by far more than the tolerance."""
    all_of_them = [
        forward(variant, weights, image, size).probabilities
        for variant in VARIANTS
        for weights in WEIGHTS
        for image in (PICTURE, OTHER)
        for size in (28, SIDE)
    ]
    for index, one in enumerate(all_of_them):
        assert all(np.abs(one - other).max() > 1e-3 for other in all_of_them[:index])


def test_learned_positions_must_be_stretched():
    model = served_model(CLASSES["learned"])
    with pytest.raises(RuntimeError), torch.no_grad():
        model(inputs=processed(PICTURE, "embedded", 28))


@pytest.mark.parametrize("top_k", [1, 3, 10])
def test_best_classes_come_first(service, top_k):
    labels = service.run(replace(GOOD, top_k=top_k)).labels
    expected = forward("fourier").probabilities
    assert [label.index for label in labels] == np.argsort(-expected)[:top_k].tolist()
    assert all(isinstance(label, LabelScore) and type(label.probability) is float for label in labels)
    names = served_model(CLASSES["fourier"]).config.id2label
    assert [label.name for label in labels] == [names[label.index] for label in labels]


def test_five_fourier_classes_unless_asked_otherwise(service):
    result = service.run(type(GOOD)(PICTURE))
    assert_close([label.probability for label in result.labels], -np.sort(-forward("fourier").probabilities)[:5])
    assert (result.attention, result.latent_maps, result.attending_latents, result.positions) == (None,) * 4
    assert (result.grid, result.run.model, result.run.weights) == ((SIDE, SIDE), "image_fourier", "embedded")


# The crop


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", [14, 28, 2 * SIDE])
def test_seen_is_what_the_processor_saw(service, weights, variant, size):
    seen = service.run(replace(GOOD, weights=weights, variant=variant, size=size)).input_image
    assert seen.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(seen), seen_by_processor(PICTURE, weights, size))


def test_published_crop_is_that_of_the_processor_as_it_comes():
    """224 of 256 pixels, at 224 pixels."""
    processor = PerceiverImageProcessorPil()
    expected = processor(PICTURE, do_rescale=False, do_normalize=False, return_tensors="np")["pixel_values"][0]
    np.testing.assert_array_equal(np.asarray(crop(PICTURE, 224, CROPS["published"])), expected.transpose(1, 2, 0))


@settings(max_examples=40)
@given(
    width=st.integers(2, 90),
    height=st.integers(2, 90),
    size=st.sampled_from([28, 56]),
    weights=st.sampled_from(WEIGHTS),
    seed=st.integers(0, 9),
)
def test_crop_of_any_picture_is_the_processors(width, height, size, weights, seed):
    image = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))
    found = np.asarray(crop(image, size, CROPS[weights]))
    np.testing.assert_array_equal(found, seen_by_processor(image, weights, size))


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_one_pixel(service, variant, weights):
    result = service.run(replace(GOOD, image=Image.new("RGB", (1, 1), (9, 80, 200)), variant=variant, weights=weights))
    assert result.input_image.getcolors() == [(SIDE * SIDE, (9, 80, 200))]
    assert_close(probabilities(result).sum(), 1)


@pytest.mark.parametrize("size", [(1, 300), (300, 1)])
def test_a_line_of_pixels(service, size):
    """The crop is one pixel, the middle one."""
    image = Image.new("RGB", size)
    for place in range(300):
        image.putpixel((place, 0) if size[0] > 1 else (0, place), (place // 2, 7, 7))
    assert service.run(replace(GOOD, image=image)).input_image.getcolors() == [(SIDE * SIDE, (149 // 2, 7, 7))]


def test_pictures_that_are_not_rgb(service):
    """Whatever the mode, and turned upright: the service takes pictures that nobody opened with care, too."""
    clear = PICTURE.convert("RGBA")
    clear.putalpha(0)
    assert service.run(replace(GOOD, image=clear)).input_image.getcolors() == [(SIDE * SIDE, (255, 255, 255))]
    gray = PICTURE.convert("L")
    np.testing.assert_array_equal(
        np.asarray(service.run(replace(GOOD, image=gray)).input_image),
        seen_by_processor(gray.convert("RGB"), "embedded", SIDE),
    )
    turned = PICTURE.copy()
    turned.getexif()[0x0112] = 6
    upright = Image.fromarray(np.rot90(np.asarray(PICTURE), -1).copy())
    np.testing.assert_array_equal(
        np.asarray(service.run(replace(GOOD, image=turned)).input_image), seen_by_processor(upright, "embedded", SIDE)
    )


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("size", [None, 28])
def test_a_crop_is_not_cropped_again(weights, size):
    counting = Counting()
    service = LocalBackend(Settings(device="cpu"), counting)
    first = service.run(replace(GOOD, weights=weights, size=size))
    second = service.run(replace(GOOD, image=first.input_image, cropped=True, weights=weights, size=size))
    assert (len(counting.reads), second.run.encoder_cached) == (1, True)
    assert second.labels == first.labels
    np.testing.assert_array_equal(np.asarray(second.input_image), np.asarray(first.input_image))


def test_the_visitors_picture_stays_as_it_is(service):
    image = PICTURE.copy()
    seen = service.run(replace(GOOD, image=image)).input_image
    seen.paste((0, 0, 0), (0, 0, SIDE, SIDE))
    again = service.run(replace(GOOD, image=image))
    np.testing.assert_array_equal(np.asarray(image), np.asarray(PICTURE))
    np.testing.assert_array_equal(np.asarray(again.input_image), seen_by_processor(PICTURE, "embedded", SIDE))


def test_the_smallest_size(service):
    """A convolution leaves one input of it."""
    for variant, grid in (("learned", 8), ("fourier", 8), ("conv", 1)):
        result = service.run(
            replace(GOOD, variant=variant, size=SIDE // 4, probe=Probe(LabelAt(0)), place=0, positions=True)
        )
        assert result.grid == result.attention.values.shape == result.positions.shape[:2] == (grid, grid)
        assert_close(probabilities(result), forward(variant, size=SIDE // 4).probabilities)


# The grid


@pytest.mark.parametrize("variant", VARIANTS)
def test_grid_of_the_inputs(service, variant):
    result = service.run(replace(GOOD, variant=variant, probe=Probe(LabelAt(0)), latent_maps=2))
    assert result.grid == (GRID[variant],) * 2
    assert result.attention.values.shape == result.latent_maps.maps.shape[1:] == result.grid


@pytest.mark.parametrize(("size", "grid"), [(224, 55), (32, 7), (33, 8), (64, 15), (448, 111), (56, 13)])
def test_grid_that_a_convolution_leaves(size, grid):
    """The published size, and others: never a quarter of the pixels."""
    with torch.no_grad():
        inputs, _, _ = served_model(CLASSES["conv"]).perceiver.input_preprocessor(torch.zeros(1, 3, size, size))
    assert _grid(Encoded(inputs, None, ())) == (grid, grid)


# What is kept, and what results are


def asked(variant: Any = "fourier", **changes: Any) -> Any:
    question = {"probe": Probe(LabelAt(3)), "latent_maps": 3, "place": 4, "positions": True}
    return replace(GOOD, variant=variant, **{**question, **changes})


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_other_pictures_models_and_sizes_run_the_encoder(variant):
    counting = Counting()
    service = LocalBackend(Settings(device="cpu"), counting)
    first = service.run(replace(GOOD, variant=variant))
    questions = [
        asked(variant),
        asked(variant, top_k=2, place=7),
        asked(variant, probe=Probe(LabelAt(2), "encoder", latent=5)),
        asked(variant, probe=Probe(LabelAt(2), "encoder", weighted=False), latent_maps=7),
        asked(variant, probe=Probe(LabelAt(2), "decoder"), size=SIDE),
    ]
    for question in questions:
        result = service.run(question)
        assert (result.run.encoder_cached, counting.reads) == (True, [f"image_{variant}"])
        assert result.labels == first.labels[: question.top_k]
    others = [{"image": OTHER}, {"weights": "published"}, {"size": 28}]
    others += [{"variant": other} for other in VARIANTS if other != variant]
    for number, change in enumerate(others, 2):
        result = service.run(asked(**{"variant": variant, **change}))
        assert (result.run.encoder_cached, len(counting.reads)) == (False, number)
        assert result.labels != first.labels
    assert service.run(asked(variant)).run.encoder_cached
    assert len(counting.loads) == 4


def test_run_info(service):
    for weights, names in (("embedded", "image_{}"), ("published", "deepmind/vision-perceiver-{}")):
        for variant in VARIANTS:
            run = service.run(replace(GOOD, variant=variant, weights=weights)).run
            assert (run.model, run.weights) == (names.format(variant), weights)
            assert (run.device, run.dtype, run.encoder_cached, run.seed) == ("cpu", "float32", False, None)
            assert 0 < run.seconds < 60


def arrays(result: ImageClassificationResult) -> list[np.ndarray]:
    maps = result.latent_maps
    return [result.attention.values, maps.latents, maps.weights, maps.maps, result.attending_latents, result.positions]


@pytest.mark.parametrize("variant", VARIANTS)
def test_types_of_the_arrays(service, variant):
    side, channels = GRID[variant], 256 if variant == "learned" else 258
    assert [(array.dtype, array.shape) for array in arrays(service.run(asked(variant)))] == [
        (np.float32, (side, side)),
        (np.int64, (3,)),
        (np.float32, (3,)),
        (np.float32, (3, side, side)),
        (np.float32, (7,)),
        (np.float32, (side, side, channels)),
    ]


def test_arrays_belong_to_the_result(service):
    """Whoever writes into one does no harm to the next."""
    first = service.run(asked())
    expected = pickle.loads(pickle.dumps(first))
    for array in arrays(first):
        array[:] = 0
    second = service.run(asked())
    for found, wanted in zip(arrays(second), arrays(expected), strict=True):
        assert_close(found, wanted)
        assert np.ptp(wanted) > 0


def test_results_pickle(service):
    """As ZeroGPU sends them."""
    result = service.run(asked())
    copy = pickle.loads(pickle.dumps(result))
    assert (copy.labels, copy.grid, copy.run) == (result.labels, result.grid, result.run)
    np.testing.assert_array_equal(np.asarray(copy.input_image), np.asarray(result.input_image))
    for found, wanted in zip(arrays(copy), arrays(result), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", [None, 28])
def test_dtype_of_the_settings(service, variant, size):
    low = LocalBackend(Settings(device="cpu", dtype="bfloat16"), load_tiny)
    request = asked(variant, size=size)
    result, exact = low.run(request), service.run(request)
    assert result.run.dtype == "bfloat16"
    assert 1e-5 < np.abs(probabilities(result) - probabilities(exact)).max() < 0.1
    shares = result.attention.values.sum() + result.attention.latent_share + result.attention.query_share
    assert shares == pytest.approx(1, abs=1e-2)
    assert all(array.dtype in (np.float32, np.int64) for array in arrays(result))
    assert_close(result.latent_maps.maps.sum(axis=(1, 2)), 1)
    np.testing.assert_allclose(result.positions, exact.positions, rtol=0, atol=0.1)
    again = low.run(replace(request, probe=Probe(LabelAt(0), "encoder", weighted=False)))
    assert again.run.encoder_cached
    assert again.attention.values.sum() == pytest.approx(1, abs=1e-3)
