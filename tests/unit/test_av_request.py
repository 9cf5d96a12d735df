"""A clip on its way from its file to the model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.av_clip import frames_in
from models.data.media.reading import open_clip
from models.schema import InputError
from models.tasks.av_autoencoding import AV_AUTOENCODING
from models.tasks.av_reading import read_clip
from pages.av_clip import av_request, outputs_of
from pages.link import AvView
from tests.clip_files import clip_bytes, numbered, tone

VIEW = AvView(None, "embedded", (), None, "", "rollout", "linear")


@pytest.fixture(scope="module")
def service() -> LocalBackend:
    return LocalBackend(Settings(device="cpu"))


def clip_of(folder: Path, fps: int, count: int):
    stamps = [round(1000 * number / fps) for number in range(count)]
    frames = [numbered(number % 30, (70, 50)) for number in range(count)]
    (folder / "clip.mp4").write_bytes(clip_bytes(frames=frames, stamps=stamps, sound=tone(440, count / fps, 44_100)))
    return open_clip(folder / "clip.mp4")


@pytest.mark.parametrize("fps", [30, 25, 10])
def test_asked_for_finer_answers_the_model_reads_the_same(service, tmp_path, fps):
    clip = clip_of(tmp_path, fps, 2 * fps)
    with service.load(AV_AUTOENCODING.checkpoint("embedded")) as loaded:
        plain, pixels, frames = (
            read_clip(av_request(service, clip, replace(VIEW, finer=finer)), loaded)
            for finer in ("", "pixels", "frames")
        )
    assert plain.frames.shape == (frames_in(clip.duration, 15.625), 48, 48, 3)
    np.testing.assert_array_equal(frames.frames, plain.frames)
    np.testing.assert_array_equal(frames.audio, plain.audio)
    assert np.abs(pixels.frames.astype(int) - plain.frames).mean() < 1  # shrunk twice
    assert frames.answers.shape == (2 * len(plain.frames), 48, 48, 3)
    assert pixels.answers.shape == (len(plain.frames), 96, 96, 3)


def test_how_many_outputs_there_are(service, tmp_path):
    clip = clip_of(tmp_path, 25, 25)
    shape = service.shape("av_autoencoding", "embedded")
    for finer in ("", "pixels", "frames"):
        assert outputs_of(av_request(service, clip, replace(VIEW, finer=finer)), shape) == 16 * (48 * 48 + 512)


def test_a_still_and_a_long_clip_are_refused(service, tmp_path):
    with pytest.raises(InputError, match="one still picture"):
        av_request(service, clip_of(tmp_path, 25, 1), VIEW)
    with pytest.raises(InputError, match="at most 30 seconds can be rebuilt, and it has 39"):
        av_request(service, clip_of(tmp_path, 1, 40), VIEW)
