"""Large inputs that are uploaded once: answers by key, what equal means, and what a full store drops."""

import pickle
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models.backend.inputs import LARGE, InputStore
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.digest import digest
from models.schema import (
    AvAutoencodingRequest,
    AvAutoencodingResult,
    ImageClassificationRequest,
    InputDropped,
    InputKey,
    MaskedBytesRequest,
    OpticalFlowRequest,
    Probe,
    Request,
)
from tests.noisy_frames import frame
from tests.tiny_models import Counting, load_tiny

DRAW = np.random.default_rng(0)
CLIP = AvAutoencodingRequest(
    DRAW.integers(0, 256, (5, 80, 80, 3), np.uint8),
    31.25,
    DRAW.uniform(-0.5, 0.5, 17_000).astype(np.float32),
    96_000,
    frame_indices=(),
)
FLOW = OpticalFlowRequest(frame(0, 150, 160), frame(1, 150, 160))
IMAGE = ImageClassificationRequest(frame(0, 200, 180))
LARGE_FIELDS: dict[str, tuple[Request[Any], tuple[str, ...]]] = {
    "clip": (CLIP, ("frames", "audio")),
    "flow": (FLOW, ("first", "second")),
    "image": (IMAGE, ("image",)),
}


@pytest.mark.parametrize("name", LARGE_FIELDS)
def test_a_second_question_by_key_is_the_same_without_reading_again(name):
    request, large = LARGE_FIELDS[name]
    counting = Counting()
    backend = LocalBackend(Settings(device="cpu"), counting)
    plain = LocalBackend(Settings(device="cpu"), load_tiny).run(replace(request, probe=Probe()))
    by_key = backend.upload(request)
    assert all(isinstance(getattr(by_key, each), InputKey) for each in large)
    assert len(pickle.dumps(by_key)) < 2_000
    backend.run(replace(by_key, probe=Probe()))
    reads = len(counting.reads)
    second = backend.run(replace(by_key, probe=Probe(method="encoder")))
    assert second.run.encoder_cached
    assert len(counting.reads) == reads
    again = backend.run(replace(by_key, probe=Probe()))
    np.testing.assert_array_equal(again.attention.values, plain.attention.values)


def test_a_stream_by_key(service):
    request = replace(CLIP, frame_indices=None)
    expected = service.run(request)
    *parts, whole = service.stream(service.upload(request))
    assert len(parts) == 2
    np.testing.assert_array_equal(whole.frames, expected.frames)
    np.testing.assert_array_equal(whole.audio, expected.audio)


def test_equal_pixels_have_one_key():
    store = InputStore(2**24)
    image = frame(0, 200, 180)
    as_png = BytesIO()
    image.save(as_png, "PNG", dpi=(300, 300))
    turned = Image.Exif()
    turned[0x0112] = 6  # to be shown turned clockwise by a quarter
    lying = BytesIO()
    image.transpose(Image.Transpose.ROTATE_90).save(lying, "PNG", exif=turned)
    same = (image, image.copy(), image.convert("RGBA"), Image.open(as_png), Image.open(lying))
    keys = [store.upload(ImageClassificationRequest(each)).image for each in same]
    assert set(keys) == {InputKey(keys[0].digest, (200, 180))}
    other = image.copy()
    other.putpixel((0, 0), (1, 2, 3))
    assert store.upload(ImageClassificationRequest(other)).image != keys[0]


def test_equal_frames_have_one_key():
    store, frames = InputStore(2**24), CLIP.frames
    fortran, padded = np.asfortranarray(frames), np.pad(frames, ((0, 0), (0, 0), (0, 9), (0, 0)))[:, :, :80]
    keys = [store.upload(replace(CLIP, frames=each)).frames for each in (frames, frames.copy(), fortran, padded)]
    assert set(keys) == {InputKey(keys[0].digest, (5, 80, 80, 3))}


@pytest.mark.parametrize(
    "other",
    [
        (np.uint8([1, 2, 3, 5]),),
        (np.uint8([[1, 2], [3, 4]]),),
        (np.int8([1, 2, 3, 4]),),
        (np.uint8([1, 2]), np.uint8([3, 4])),
        (np.uint8([1, 2, 3, 4]), np.uint8([])),
    ],
)
def test_a_digest_is_of_dtype_shape_and_values(other):
    assert digest(*other) != digest(np.uint8([1, 2, 3, 4]))


def test_small_inputs_and_other_requests_stay_as_they_are():
    store = InputStore(2**24)
    text = MaskedBytesRequest("words", ((0, 2),))
    assert store.upload(text) is text
    assert store.resolve(text) is text
    silent = store.upload(replace(CLIP, audio=np.zeros(LARGE // 4 - 1, np.float32)))
    assert isinstance(silent.audio, np.ndarray)
    assert isinstance(silent.frames, InputKey)


def test_what_is_held_does_not_change_with_the_callers_array():
    store, frames = InputStore(2**24), np.zeros((2, 200, 200, 3), np.uint8)
    by_key = store.upload(replace(CLIP, frames=frames))
    frames[:] = 9
    assert not store.resolve(by_key).frames.any()
    with pytest.raises(ValueError, match="read-only"):
        store.resolve(by_key).frames[:] = 1


# A full store


def clips(count: int) -> list[AvAutoencodingRequest]:
    """Each of 120,000 bytes of frames."""
    return [replace(CLIP, frames=np.full((1, 200, 200, 3), value, np.uint8)) for value in range(count)]


def test_the_least_recently_used_input_is_dropped():
    store = InputStore(2 * 120_000 + 70_000)
    first, second, third = clips(3)
    keys = [store.upload(first), store.upload(second)]
    store.resolve(keys[0])
    keys.append(store.upload(third))
    for each, expected in ((keys[0], first), (keys[2], third)):
        np.testing.assert_array_equal(store.resolve(each).frames, expected.frames)
    with pytest.raises(InputDropped):
        store.resolve(keys[1])
    assert store.upload(second) == keys[1]
    np.testing.assert_array_equal(store.resolve(keys[1]).frames, second.frames)


def test_what_does_not_fit_stays_in_the_request():
    request = clips(1)[0]
    assert InputStore(100_000).upload(request).frames is request.frames


def test_a_dropped_input_is_refused(service):
    other = LocalBackend(Settings(device="cpu"), load_tiny)
    by_key = other.upload(CLIP)
    with pytest.raises(InputDropped):
        service.run(by_key)
    with pytest.raises(InputDropped):
        next(service.stream(by_key))
    refused, answered = service.run_all([by_key, CLIP])
    assert isinstance(refused, InputDropped)
    assert isinstance(answered, AvAutoencodingResult)
