"""The request that attributes the output of another request, on tiny models."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.schema import (
    METHODS,
    AttributionRequest,
    ByteAt,
    ImageClassificationRequest,
    InputError,
    LabelAt,
    MaskedBytesRequest,
    Probe,
    SentimentRequest,
)
from models.tasks.sentiment import SENTIMENT
from tests.noisy_picture import PICTURE
from tests.tiny_models import served_model

TEXT = SentimentRequest("a good film, seen twice")
MASKED = MaskedBytesRequest("words are read here", ((6, 9),))
IMAGE = ImageClassificationRequest(PICTURE)
REQUESTS = {"sentiment": TEXT, "masked_bytes": MASKED, "image_classification": IMAGE}
QUICK = ("encoder", "gradient_x_input")


@pytest.mark.parametrize("name", REQUESTS)
def test_every_method_explains_what_the_task_predicts(service, name):
    request = REQUESTS[name]
    *earlier, result = service.stream(AttributionRequest(request, faithfulness=True, orders=4))
    maps = [len(part.attributions) for part in earlier if part.random is None]
    assert maps == [*range(1, len(METHODS) + 1)]
    curves = [sum(each.curves is not None for each in part.attributions) for part in earlier[len(maps) :]]
    assert curves == [*range(1, len(METHODS))]
    assert tuple(each.method for each in result.attributions) == METHODS
    plain = service.run(replace(request, probe=Probe()))
    predicted = plain.labels[0].probability if hasattr(plain, "labels") else plain.probabilities[0, 0]
    assert result.probability == pytest.approx(predicted, abs=1e-5)
    units = len(result.spans) if result.parts else np.prod(result.grid)
    for each in result.attributions:
        assert each.values.shape == (units,)
        assert each.curves.deletion[0] == pytest.approx(result.probability)
        assert each.curves.deletion[-1] == each.curves.insertion[0] == pytest.approx(result.without_any)
        assert 0 <= result.better_than_random(each) <= 1
    assert result.band.deletion.shape == (2, len(result.random.shares))
    assert result.random.deletion.shape[0] == 4


def test_the_parts_are_the_words(service):
    result = service.run(AttributionRequest(TEXT, QUICK))
    assert "".join(result.parts) == TEXT.text
    assert [TEXT.text.encode()[start:stop].decode() for start, stop in result.spans] == [*result.parts]
    assert (result.grid, result.image, result.random) == (None, None, None)


def test_a_text_of_one_word_is_explained_by_its_characters(service):
    assert service.run(AttributionRequest(SentimentRequest("wörter"), QUICK)).parts == ("w", "ö", "r", "t", "e", "r")


def test_masked_words_are_no_parts(service):
    assert service.run(AttributionRequest(MASKED, QUICK)).parts == ("words ", "read ", "here")
    with pytest.raises(InputError, match="fewer than 3"):
        service.run(AttributionRequest(MaskedBytesRequest("ab", ((0, 1),)), QUICK))


def test_a_byte_is_explained_as_it_was_when_it_was_filled(service):
    """The last of the bytes that iterative decoding fills is predicted from a text with the others."""
    request = replace(MASKED, decoding="iterative")
    filled = service.run(request)
    last = int(filled.positions[filled.order.argmax()])
    result = service.run(AttributionRequest(replace(request, probe=Probe(ByteAt(last))), QUICK))
    assert result.probability == pytest.approx(filled.probabilities[filled.order.argmax(), 0], abs=1e-5)


@pytest.mark.parametrize("name", ["sentiment", "image_classification"])
def test_another_label_has_another_explanation(service, name):
    request = REQUESTS[name]
    results = [
        service.run(AttributionRequest(replace(request, probe=Probe(LabelAt(index))), QUICK)) for index in (0, 1)
    ]
    assert results[0].output != results[1].output
    assert np.allclose(results[0].attributions[0].values, results[1].attributions[0].values)
    assert not np.allclose(results[0].attributions[1].values, results[1].attributions[1].values, rtol=0.1)


@pytest.mark.parametrize("baseline", ["mean", "blur"])
def test_what_replaces_an_image_is_what_was_chosen(service, baseline):
    result = service.run(AttributionRequest(IMAGE, QUICK, baseline))
    pixels = np.asarray(result.image)
    assert result.baseline == baseline
    if baseline == "mean":
        color = tuple(int(each) for each in pixels.mean(axis=(0, 1)).round())
        even = service.run(replace(IMAGE, image=Image.new("RGB", result.image.size, color), top_k=10))
        expected = {label.name: label.probability for label in even.labels}
        assert result.without_any == pytest.approx(expected[result.output], abs=1e-5)


def test_random_models_come_one_after_the_other(service):
    *_, last = parts = [*service.stream(AttributionRequest(TEXT, QUICK, randomize=True, seed=3))]
    assert [len(part.random_models) for part in parts] == [0, 0, 1, 2, 3, 4, 5]
    encoder, gradient = last.attributions
    assert encoder.randomized.shape == gradient.randomized.shape == (5, len(last.parts))
    assert encoder.rank_correlations[:3] == pytest.approx(1)
    assert (gradient.rank_correlations < 1).all()
    again = service.run(AttributionRequest(TEXT, QUICK, randomize=True, seed=3))
    assert np.array_equal(again.attributions[1].randomized, gradient.randomized)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"methods": ("saliency",)}, "no method 'saliency'"),
        ({"methods": ()}, "one or more methods"),
        ({"methods": ("encoder", "encoder")}, "each of them once"),
        ({"orders": 3}, "even, 2 to 200, not 3"),
        ({"orders": 0}, "even, 2 to 200, not 0"),
        ({"baseline": "blur"}, "must be mask, not 'blur'"),
        ({"request": replace(IMAGE, probe=Probe(LabelAt(10)))}, "no label 10"),
        ({"request": SentimentRequest(" ")}, "The text is empty"),
    ],
)
def test_refusals(service, changes: dict[str, Any], words):
    with pytest.raises(InputError, match=words):
        service.run(replace(AttributionRequest(TEXT, QUICK), **changes))


def test_served_models_keep_their_weights(service):
    """Gradients of inputs leave none on the weights."""
    service.run(AttributionRequest(TEXT))
    with service.load(SENTIMENT.checkpoint("embedded")) as loaded:
        for (name, parameter), expected in zip(
            loaded.model.named_parameters(),
            served_model("PerceiverForSequenceClassification").parameters(),
            strict=True,
        ):
            assert parameter.grad is None, name
            assert torch.equal(parameter, expected)
