"""A clip on its way from its file to the model."""

from pathlib import Path

import numpy as np
import pytest

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.av_clip import frames_in, has_output
from models.data.media.reading import open_clip
from models.data.media.squares import RESOLUTIONS, av_request
from models.schema import FramePixel, InputError, ModelShape, SoundAt
from models.tasks.av_autoencoding import AV_AUTOENCODING
from models.tasks.av_reading import read_clip
from tests.clip_files import clip_bytes, numbered, tone


@pytest.fixture(scope="module")
def service() -> LocalBackend:
    return LocalBackend(Settings(device="cpu"))


def clip_of(folder: Path, fps: int, count: int):
    stamps = [round(1000 * number / fps) for number in range(count)]
    frames = [numbered(number % 30, (70, 50)) for number in range(count)]
    (folder / "clip.mp4").write_bytes(clip_bytes(frames=frames, stamps=stamps, sound=tone(440, count / fps, 44_100)))
    return open_clip(folder / "clip.mp4")


@pytest.fixture(scope="module")
def shape(service: LocalBackend) -> ModelShape:
    return service.describe().shape("av_autoencoding", "embedded")


@pytest.mark.parametrize("fps", [30, 25, 10])
def test_the_model_reads_the_same_at_each_output_resolution(service, shape, tmp_path, fps):
    clip = clip_of(tmp_path, fps, 2 * fps)
    with service.load(AV_AUTOENCODING.checkpoint("embedded")) as loaded:
        plain, pixels, frames = (
            read_clip(av_request(clip, shape, resolution=resolution), loaded) for resolution in RESOLUTIONS
        )
    assert plain.frames.shape == (frames_in(clip.duration, 15.625), 48, 48, 3)
    np.testing.assert_array_equal(frames.frames, plain.frames)
    np.testing.assert_array_equal(frames.audio, plain.audio)
    assert np.abs(pixels.frames.astype(int) - plain.frames).mean() < 1  # shrunk twice
    assert frames.answers.shape == (2 * len(plain.frames), 48, 48, 3)
    assert pixels.answers.shape == (len(plain.frames), 96, 96, 3)


def test_what_the_request_holds(shape, tmp_path):
    clip = clip_of(tmp_path, 25, 25)
    request = av_request(clip, shape, "published", ["audio"], 3, "pixels")
    assert (request.weights, request.blank, request.label, request.upsample) == (
        "published",
        frozenset({"audio"}),
        3,
        "pixels",
    )
    assert av_request(clip, shape).upsample is None


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_which_outputs_there_are(shape, tmp_path, resolution):
    request = av_request(clip_of(tmp_path, 25, 25), shape, resolution=resolution)
    last = [FramePixel(15, 47, 47), SoundAt(16 * 512 - 1)]
    beyond = [FramePixel(16, 0, 0), FramePixel(0, 48, 0), FramePixel(0, 0, 48), FramePixel(-1, 0, 0), SoundAt(16 * 512)]
    assert [has_output(request, shape, target) for target in [*last, *beyond]] == [True] * 2 + [False] * 5


def test_a_still_and_a_long_clip_are_refused(shape, tmp_path):
    with pytest.raises(InputError, match="still"):
        av_request(clip_of(tmp_path, 25, 1), shape)
    with pytest.raises(InputError, match=r"39.*30"):
        av_request(clip_of(tmp_path, 1, 40), shape)
