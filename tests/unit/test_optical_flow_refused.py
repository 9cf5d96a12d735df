"""What the task of optical flow refuses, and that it says why in words for the visitor."""

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.schema import ByteAt, CheckpointUnavailable, InputError, PixelAt, Probe
from models.schema.optical_flow import LONGEST_SIDE, MAX_PIXELS
from tests.image_files import spy_on_decoders
from tests.noisy_frames import asked, frame
from tests.tiny_models import unavailable

GOOD = asked(20, 30)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"second": frame(1, 20, 31)}, "30x20 and 31x20"),
        ({"second": frame(1, 1000, 1200)}, "30x20 and 1,200x1,000"),
        ({"first": Image.new("RGB", (0, 20))}, "no pixels"),
        ({"weights": "mine"}, "embedded or published, not 'mine'"),
        ({"probe": Probe(PixelAt(20, 0))}, "row 20: .* 0 to 19"),
        ({"probe": Probe(PixelAt(0, 30))}, "column 30: .* 0 to 29"),
        ({"probe": Probe(PixelAt(0, -1))}, "column -1"),
        ({"probe": Probe(ByteAt(0))}, "PixelAt, not ByteAt"),
        ({"probe": Probe(), "step": 1}, "level 1.* 0 to 0"),
        ({"probe": Probe(), "step": -1}, "level -1"),
        ({"probe": Probe(None, "gradient")}, "not 'gradient'"),
        ({"probe": Probe(None, "rollout", head=0)}, "Rollout"),
        ({"probe": Probe(None, "encoder", latent=5)}, "no latent 5.* 0 to 4"),
    ],
)
def test_what_is_refused(service, changes, words):
    service.run(GOOD)
    with pytest.raises(InputError, match=words):
        service.run(replace(GOOD, **changes))


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((5000, MAX_PIXELS // 5000 + 1), "5,000x2,001.* 10 megapixels"),
        ((LONGEST_SIDE + 1, 1), "16,385x1 .* 16,384"),
        ((2, LONGEST_SIDE + 1), "2x16,385 .* 16,384"),
    ],
)
def test_a_frame_that_is_too_large_is_refused_before_it_is_decoded(service, monkeypatch, size, words):
    file = BytesIO()
    Image.new("1", size).save(file, "PNG")
    decoders = spy_on_decoders(monkeypatch)
    with Image.open(file) as large, pytest.raises(InputError, match=words):
        service.run(replace(GOOD, first=large, second=large))
    assert decoders == []


def test_frames_turned_by_their_exif_data_are_compared_as_they_are_seen(service):
    sideways = Image.new("RGB", (30, 20))
    exif = sideways.getexif()
    exif[0x0112] = 6
    sideways.info["exif"] = exif.tobytes()
    with pytest.raises(InputError, match="30x20 and 20x30"):
        service.run(replace(GOOD, second=sideways))


def test_published_weights_that_are_not_to_be_had():
    service = LocalBackend(Settings(device="cpu"), unavailable)
    with pytest.raises(CheckpointUnavailable, match="deepmind/optical-flow-perceiver"):
        service.run(replace(GOOD, weights="published"))
