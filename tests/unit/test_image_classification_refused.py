"""What the task of image classification refuses, and that it says why in words for the visitor."""

from dataclasses import replace

import pytest
from PIL import Image

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data import images
from models.schema import CheckpointUnavailable, InputError, LabelAt, PixelAt, Probe
from models.tasks import TASKS
from tests.noisy_picture import GOOD, PICTURE, VARIANTS
from tests.tiny_models import SIDE, unavailable


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"variant": "cubic"}, "learned, fourier or conv, not 'cubic'"),
        ({"variant": ""}, "learned, fourier or conv, not ''"),
        ({"variant": "cubic", "weights": "published"}, "learned, fourier or conv, not 'cubic'"),
        ({"weights": "mine"}, "embedded or published, not 'mine'"),
        ({"weights": "mine", "variant": "cubic"}, "embedded or published, not 'mine'"),
        ({"top_k": 0}, "1 to 10, not 0"),
        ({"top_k": -1}, "1 to 10, not -1"),
        ({"top_k": 11}, "1 to 10, not 11"),
        ({"size": 0}, "8 to 64 pixels, not 0"),
        ({"size": -SIDE}, "8 to 64 pixels, not -32"),
        ({"size": SIDE // 4 - 1}, "8 to 64 pixels, not 7"),
        ({"size": 2 * SIDE + 1}, "8 to 64 pixels, not 65"),
        ({"probe": Probe(LabelAt(10))}, "no label 10: .* 0 to 9"),
        ({"probe": Probe(PixelAt(0, 0))}, "LabelAt, not PixelAt"),
        ({"probe": Probe(LabelAt(-1))}, "no label -1"),
        ({"place": -1}, "no input -1.* 32 x 32"),
        ({"place": SIDE**2}, "no input 1024.* 32 x 32"),
        ({"place": 49, "variant": "conv"}, "no input 49.* 7 x 7"),
        ({"place": 28 * 28, "size": 28}, "no input 784.* 28 x 28"),
        ({"latent_maps": -1}, "0 to 7, not -1"),
        ({"latent_maps": 8}, "0 to 7, not 8"),
        ({"probe": Probe(LabelAt(3), "gradient")}, "not 'gradient'"),
        ({"probe": Probe(LabelAt(3), "rollout", head=0)}, "Rollout"),
        ({"probe": Probe(LabelAt(3), "encoder", head=1)}, "no head 1.* 0 to 0"),
        ({"probe": Probe(LabelAt(3), "encoder", head=2), "variant": "conv"}, "no head 2.* 0 to 1"),
        ({"probe": Probe(LabelAt(3), "decoder", head=1)}, "no head 1.* 0 to 0"),
        ({"probe": Probe(LabelAt(3), "encoder", latent=7)}, "no latent 7.* 0 to 6"),
        ({"probe": Probe(LabelAt(3), "encoder", latent=-1)}, "no latent -1"),
        ({"probe": Probe(LabelAt(3), "encoder", head=1, weighted=False)}, "no head 1"),
        ({"cropped": True}, r"32x32 pixels, not 62x45"),
        ({"cropped": True, "image": Image.new("RGB", (28, 28))}, "32x32 pixels"),
        ({"cropped": True, "image": Image.new("RGB", (SIDE, SIDE)), "size": 28}, "28x28 pixels"),
        ({"image": Image.new("RGB", (0, 5))}, "no pixels"),
    ],
)
def test_what_is_refused(service, changes, words):
    service.run(GOOD)
    with pytest.raises(InputError, match=words):
        service.run(replace(GOOD, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"top_k": 10},
        {"size": SIDE // 4},
        {"size": 2 * SIDE},
        {"probe": Probe(LabelAt(9))},
        {"place": SIDE**2 - 1},
        {"place": 48, "variant": "conv"},
        {"latent_maps": 7},
        {"probe": Probe(LabelAt(3), "encoder", head=1, latent=6), "variant": "conv"},
        {"cropped": True, "image": Image.new("RGB", (SIDE, SIDE))},
    ],
)
def test_what_is_just_not_refused(service, changes):
    assert service.run(replace(GOOD, **changes)).labels


@pytest.mark.parametrize("cropped", [False, True])
def test_too_many_pixels(service, monkeypatch, cropped):
    """By the size that the picture states, before it is decoded or converted."""
    request = replace(GOOD, image=PICTURE.resize((SIDE, SIDE)), cropped=cropped)
    service.run(request)
    monkeypatch.setattr(images, "MAX_PIXELS", SIDE**2)
    service.run(request)
    monkeypatch.setattr(images, "MAX_PIXELS", SIDE**2 - 1)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(InputError, match="too many pixels"):
        service.run(request)


@pytest.mark.parametrize("variant", VARIANTS)
def test_missing_weights_are_named(variant):
    service = LocalBackend(Settings(device="cpu"), unavailable)
    with pytest.raises(CheckpointUnavailable, match=f"image_{variant} is not there"):
        service.run(replace(GOOD, variant=variant))
    with pytest.raises(CheckpointUnavailable, match=f"deepmind/vision-perceiver-{variant} is not there"):
        service.run(replace(GOOD, variant=variant, weights="published"))


def test_each_variant_has_its_model():
    task = next(task for task in TASKS if task.name == "image_classification")
    for weights in ("embedded", "published"):
        models = [task.checkpoint(weights, variant).model.__name__ for variant in VARIANTS]
        assert [name.removeprefix("PerceiverForImageClassification") for name in models] == [
            "Learned",
            "Fourier",
            "ConvProcessing",
        ]
