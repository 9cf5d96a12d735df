"""The task of rebuilding clips: what the models' own forward makes of them, window by window, and how it is traced."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data import av_clip
from models.perceiver.engine import decode, encode
from models.perceiver.multimodal_places import video_places
from models.perceiver.patch_multimodal import video_of_patches
from models.perceiver.provenance import rollout
from models.schema import (
    AvAutoencodingRequest,
    AvPart,
    FramePixel,
    InputError,
    LabelAt,
    PixelAt,
    Probe,
    SoundAt,
    Weights,
)
from tests.tiny_models import Counting, load_tiny, served_model

WEIGHTS: tuple[Weights, ...] = ("embedded", "published")
FRAMES = {"embedded": 4, "published": 2}
SAMPLES = {"embedded": 256, "published": 1920}
RATE = {"embedded": 8_000, "published": 48_000}
SIDE = 8


@pytest.fixture(scope="module")
def service() -> LocalBackend:
    return LocalBackend(Settings(device="cpu"), load_tiny)


def asked(count: int, weights: Weights = "embedded", seed: int = 0, **options) -> AvAutoencodingRequest:
    """A noisy clip of so many frames, at the model's own rates."""
    draw = np.random.default_rng(seed)
    frames = draw.integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)
    audio = draw.uniform(-0.5, 0.5, count * SAMPLES[weights]).astype(np.float32)
    fps = RATE[weights] / SAMPLES[weights]
    return AvAutoencodingRequest(frames, fps, audio, RATE[weights], weights=weights, **options)


def model_of(weights: Weights):
    names = {"embedded": "PerceiverForPatchMultimodal", "published": "PerceiverForMultimodalAutoencoding"}
    return served_model(names[weights], WEIGHTS.index(weights))


def inputs_of(request: AvAutoencodingRequest, start: int = 0) -> dict[str, torch.Tensor]:
    """A window as the model's forward takes it."""
    count, samples = FRAMES[request.weights], SAMPLES[request.weights]
    sound = request.audio[start * samples : (start + count) * samples]
    return {
        "image": torch.from_numpy(request.frames[start : start + count] / np.float32(255)).permute(0, 3, 1, 2)[None],
        "audio": torch.from_numpy(sound)[None, :, None],
        "label": torch.zeros(1, 3),
    }


@torch.no_grad()
def forward(request: AvAutoencodingRequest, start: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """transformers' own forward of a window: frames uint8, sound, probabilities of the labels."""
    model, count = model_of(request.weights), FRAMES[request.weights]
    numbers = count * (SIDE**2 if request.weights == "published" else 4)
    patches = count * SAMPLES[request.weights] // model.config.samples_per_patch
    wanted = {"image": torch.arange(numbers), "audio": torch.arange(patches), "label": None}
    found = model(inputs=inputs_of(request, start), subsampled_output_points=wanted).logits
    if request.weights == "published":
        frames = found["image"][0].unflatten(0, (count, SIDE, SIDE))
    else:
        frames = video_of_patches(found["image"], (count, 2, 2))[0].movedim(1, -1)
    sound = found["audio"].flatten().clamp(-1, 1)
    return (frames.clamp(0, 1) * 255).round().byte().numpy(), sound.numpy(), found["label"][0].softmax(-1).numpy()


def alike(found: np.ndarray, expected: np.ndarray) -> None:
    """uint8 frames: some lie on the border between two levels."""
    assert np.abs(found.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_window_equals_the_models_own_forward(service, weights):
    request = asked(FRAMES[weights], weights, top_k=3)
    result = service.run(request)
    frames, sound, labels = forward(request)
    assert np.ptp(frames) > 50
    assert np.ptp(labels) > 0.01
    alike(result.frames, frames)
    np.testing.assert_allclose(result.audio, sound, atol=1e-4)
    assert [score.probability for score in result.labels] == pytest.approx(sorted(labels, reverse=True), abs=1e-4)
    assert [score.index for score in result.labels] == np.argsort(-labels).tolist()
    assert result.windows[0].labels == result.labels
    assert np.array_equal(result.original_frames, request.frames)
    assert np.array_equal(result.original_audio, request.audio)
    assert result.numbers == request.frames.size + request.audio.size
    assert (result.fps, result.sample_rate) == (request.fps, request.sample_rate)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_long_clip_is_its_windows_one_after_the_other(service, weights):
    window, samples = FRAMES[weights], SAMPLES[weights]
    request = asked(2 * window + 1, weights, top_k=3)
    result = service.run(request)
    assert [each.start for each in result.windows] == [0, window, window + 1]
    parts = [forward(request, each.start) for each in result.windows]
    alike(result.frames, np.concatenate([parts[0][0], parts[1][0], parts[2][0][-1:]]))
    sound = np.concatenate([parts[0][1], parts[1][1], parts[2][1][-samples:]])
    np.testing.assert_allclose(result.audio, sound, atol=1e-4)
    mean = np.mean([labels for _, _, labels in parts], axis=0)
    assert {score.index: score.probability for score in result.labels} == pytest.approx(dict(enumerate(mean)), abs=1e-4)
    model = model_of(weights)
    assert result.latent_numbers == 3 * model.config.num_latents * model.config.d_latents


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_clip_shorter_than_a_window_is_held(service, weights):
    count = FRAMES[weights]
    request = asked(count - 1, weights)
    frames = np.concatenate([request.frames, request.frames[-1:]])
    audio = np.concatenate([request.audio, np.zeros(SAMPLES[weights], np.float32)])
    result, held = service.run(request), service.run(replace(request, frames=frames, audio=audio))
    assert len(result.frames) == count - 1
    assert np.array_equal(result.frames, held.frames[:-1])
    assert np.array_equal(result.audio, held.audio[: len(result.audio)])


@pytest.mark.parametrize("weights", WEIGHTS)
def test_only_the_frames_that_are_wanted(weights):
    counting = Counting()
    counted = LocalBackend(Settings(device="cpu"), counting)
    request = asked(3 * FRAMES[weights], weights)
    some = counted.run(replace(request, frame_indices=(FRAMES[weights], 1)))
    assert len(counting.reads) == 2
    whole = counted.run(request)
    assert len(counting.reads) == 3
    assert np.array_equal(some.frames, whole.frames[[1, FRAMES[weights]]])
    assert np.array_equal(some.original_frames, whole.original_frames[[1, FRAMES[weights]]])
    assert not len(some.audio)
    with pytest.raises(InputError, match=f"frames 0 to {3 * FRAMES[weights] - 1}"):
        counted.run(replace(request, frame_indices=(3 * FRAMES[weights],)))


@pytest.mark.parametrize("weights", WEIGHTS)
def test_parts_make_the_whole(service, weights):
    request = asked(2 * FRAMES[weights] + 1, weights)
    *parts, whole = service.stream(request)
    assert all(isinstance(part, AvPart) for part in parts)
    assert [number for part in parts for number in part.numbers] == list(range(len(whole.frames)))
    assert np.array_equal(np.concatenate([part.frames for part in parts]), whole.frames)
    assert [part.window for part in parts] == sorted(part.window for part in parts)
    assert {part.windows for part in parts} == {3}
    assert whole.run.seconds > 0
    if weights == "published":
        assert parts[0].numbers == (0,)
    again = service.run(request)
    assert np.array_equal(again.frames, whole.frames)
    assert np.array_equal(again.audio, whole.audio)
    assert again.run.encoder_cached


def test_who_closes_a_stream_lets_go_of_the_model():
    """With no room to keep models, one is held while it is used and no longer."""
    counting = Counting()
    service = LocalBackend(Settings(device="cpu", model_cache_mib=0), counting)
    stream = service.stream(asked(40))
    next(stream)
    service.run(asked(4))
    assert counting.loads == ["av_autoencoding"]
    stream.close()
    service.run(asked(4))
    assert counting.loads == ["av_autoencoding"] * 2


def test_between_two_parts_nothing_is_held_on_to(service):
    stream = service.stream(asked(8))
    next(stream)
    assert not torch.is_inference_mode_enabled()
    stream.close()


def test_what_is_refused_is_refused_in_a_stream_too(service):
    with pytest.raises(InputError, match="no frames"):
        list(service.stream(replace(asked(4), frames=np.zeros((0, 8, 8, 3), np.uint8))))


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("hidden", ["image", "audio"])
def test_what_is_hidden_is_black_or_silent(service, weights, hidden):
    request = asked(FRAMES[weights], weights)
    result = service.run(replace(request, blank=frozenset({hidden})))
    gone = {"image": "frames", "audio": "audio"}[hidden]
    expected = service.run(replace(request, **{gone: np.zeros_like(getattr(request, gone))}))
    assert np.array_equal(result.frames, expected.frames)
    assert np.array_equal(result.audio, expected.audio)
    assert not np.array_equal(result.frames, service.run(request).frames)
    assert np.array_equal(result.original_frames, request.frames)


def test_a_label_is_told(service):
    request = asked(4, label=2)
    told = inputs_of(request) | {"label": torch.tensor([[0.0, 0, 1]])}
    model = model_of("embedded")
    with torch.no_grad():
        expected = decode(model, encode(model, told))["label"][0].softmax(-1).numpy()
    found = {score.index: score.probability for score in service.run(request).labels}
    assert found == pytest.approx(dict(enumerate(expected)), abs=1e-4)
    blank = service.run(replace(request, blank=frozenset({"label"}))).labels
    assert blank == service.run(replace(request, label=None)).labels


def test_between_the_frames(service):
    request = asked(6, upsample="frames")
    result = service.run(request)
    assert result.frames.shape == (12, SIDE, SIDE, 3)
    assert result.fps == 2 * request.fps
    assert [window.start for window in result.windows] == [0, 4]
    model = model_of("embedded")
    with torch.no_grad():
        encoded = encode(model, inputs_of(request))
        places = video_places(model.config, torch.tensor([-0.25, 0.25, 2.75]))
        found = decode(model, encoded, {"image": places, "audio": torch.arange(1), "label": None})["image"]
    expected = (video_of_patches(found, (3, 2, 2))[0].clamp(0, 1) * 255).round().byte().movedim(1, -1).numpy()
    alike(result.frames[[0, 1, 6]], expected)
    assert np.array_equal(result.original_frames, request.frames.repeat(2, axis=0))


def test_between_the_pixels(service):
    request = asked(4, upsample="pixels")
    result = service.run(request)
    assert result.frames.shape == (4, 2 * SIDE, 2 * SIDE, 3)
    model = model_of("embedded")
    with torch.no_grad():
        encoded = encode(model, inputs_of(request))
        places = video_places(model.config, torch.arange(4), 0.25, -0.25)  # below and left of the middles of pixels
        found = decode(model, encoded, {"image": places, "audio": torch.arange(1), "label": None})["image"]
    expected = (video_of_patches(found, (4, 2, 2))[0].clamp(0, 1) * 255).round().byte().movedim(1, -1).numpy()
    alike(result.frames[:, 1::2, ::2], expected)


def test_other_rates_and_shapes(service):
    """Twice the model's rate, wider than high, sound at another rate and shorter than the picture."""
    plain = asked(4)
    frames = np.repeat(np.pad(plain.frames, ((0, 0), (0, 0), (3, 3), (0, 0))), 2, axis=0)
    request = replace(plain, frames=frames, fps=2 * plain.fps, audio=plain.audio[:512])
    result = service.run(request)
    assert np.array_equal(result.original_frames, plain.frames)
    assert len(result.audio) == 1024
    assert not result.original_audio[512:].any()
    at_double = service.run(replace(request, sample_rate=16_000))
    assert np.abs(at_double.original_audio[256:]).max() < 0.5
    assert not at_double.original_audio[300:].any()


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("kind", ["image", "audio", "label"])
def test_what_an_output_was_read_from(service, weights, kind):
    window, samples = FRAMES[weights], SAMPLES[weights]
    request = asked(window + 2, weights)
    frame, row, column, sample = window + 1, 5, 2, (window + 1) * samples + 100
    target = {"image": FramePixel(frame, row, column), "audio": SoundAt(sample), "label": None}[kind]
    result = service.run(replace(request, probe=Probe(target), frame_indices=()))
    trace, attention = result.trace, result.attention
    assert trace.modality == kind
    start = 0 if kind == "label" else 2
    assert (trace.start, trace.frames) == (start, window)
    model = model_of(weights)
    local, patch = frame - start, model.config.samples_per_patch
    embedded = weights == "embedded"
    number = local * 4 + 2 if embedded else (local * SIDE + row) * SIDE + column
    moment = (sample - start * samples) // patch
    wanted = {
        "image": {"image": torch.tensor([number]), "audio": torch.arange(1), "label": None},
        "audio": {
            "image": torch.arange(1),
            "audio": torch.tensor([moment]),
            "label": None,
        },
        "label": {"image": torch.arange(1), "audio": torch.arange(1), "label": None},
    }[kind]
    with torch.no_grad():
        expected = rollout(model, encode(model, inputs_of(request, start), keep_mixing=True), wanted)
    at = {"audio": 0, "image": 1, "label": 2}[kind]
    np.testing.assert_allclose(attention.values, expected.inputs[at].numpy(), atol=1e-6)
    total = trace.image.sum() + trace.audio.sum() + trace.label + attention.latent_share + attention.query_share
    assert total == pytest.approx(1, abs=1e-5)
    sounds = len(trace.audio)
    assert trace.image.shape == (2, 2, 2)
    np.testing.assert_array_equal(trace.audio, attention.values[:sounds])
    np.testing.assert_array_equal(trace.image.ravel(), attention.values[sounds:-1])
    assert sounds == window * samples // (128 if embedded else 16)
    first = sample // patch * patch
    areas = {
        "image": (frame, 4, 0, 4, 4) if embedded else (frame, row, column, 1, 1),
        "audio": (first, patch),
        "label": (),
    }
    assert trace.area == areas[kind]


def test_a_named_label_is_read_like_the_best_one(service):
    """One query answers for all labels: the index only names one."""
    best, named = (service.run(asked(4, probe=Probe(target), frame_indices=())) for target in (None, LabelAt(1)))
    np.testing.assert_array_equal(named.attention.values, best.attention.values)
    assert named.trace.modality == "label"


def test_an_area_is_counted_as_the_answer_is(service):
    target = FramePixel(5, 6, 1)  # in the lower left patch
    areas = {
        upsample: service.run(asked(6, upsample=upsample, probe=Probe(target), frame_indices=())).trace
        for upsample in (None, "pixels", "frames")
    }
    assert [areas[upsample].area for upsample in (None, "pixels", "frames")] == [
        (5, 4, 0, 4, 4),
        (5, 8, 0, 8, 8),
        (10, 4, 0, 4, 4),
    ]
    assert [(areas[upsample].start, areas[upsample].frames) for upsample in ("pixels", "frames")] == [(2, 4), (4, 8)]


def test_decoder_and_encoder_alone(service):
    decoder = service.run(asked(4, probe=Probe(None, "decoder"), frame_indices=()))
    assert decoder.attention.values.shape == (7,)
    assert decoder.trace is None
    encoder = service.run(asked(4, probe=Probe(FramePixel(0, 0, 3), "encoder", latent=2), frame_indices=()))
    assert encoder.attention.values.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_result_can_be_pickled(service, weights):
    result = service.run(asked(FRAMES[weights], weights, probe=Probe(FramePixel(0, 0, 3))))
    assert np.array_equal(pickle.loads(pickle.dumps(result)).frames, result.frames)


REFUSED = {
    "no frames": {"frames": np.zeros((0, 8, 8, 3), np.uint8)},
    "RGB": {"frames": np.zeros((2, 8, 8, 3), np.float32)},
    "array \\[t, h, w, 3\\]": {"frames": np.zeros((2, 8, 8), np.uint8)},
    "30 seconds": {"fps": 0.1},
    "1000, not -1": {"fps": -1},
    "one channel": {"audio": np.zeros((8, 2), np.float32)},
    "finite samples": {"audio": np.array([np.nan], np.float32)},
    "Hz, not 0": {"sample_rate": 0},
    "not 'smell'": {"blank": frozenset({"smell"})},
    "not 'sharper'": {"upsample": "sharper"},
    "labels 0 to 2": {"label": 3},
    "sample 1,024: .* 0 to 1,023": {"probe": Probe(SoundAt(1024))},
    "sample -1": {"probe": Probe(SoundAt(-1))},
    "frame 4: .* 0 to 3": {"probe": Probe(FramePixel(4, 0, 0))},
    "row 8: .* 0 to 7": {"probe": Probe(FramePixel(0, 8, 0))},
    "column 8: .* 0 to 7": {"probe": Probe(FramePixel(0, 0, 8))},
    "label 3: .* 0 to 2": {"probe": Probe(LabelAt(3))},
    "FramePixel or SoundAt or LabelAt, not PixelAt": {"probe": Probe(PixelAt(0, 0))},
    "no latent 7": {"probe": Probe(None, "encoder", latent=7)},
}


@pytest.mark.parametrize("said", REFUSED)
def test_refused(service, said):
    with pytest.raises(InputError, match=said):
        service.run(replace(asked(4), **REFUSED[said]))


def test_the_published_model_is_told_no_label(service):
    with pytest.raises(InputError, match="label"):
        service.run(asked(2, "published", label=1))


def test_long_clips_are_not_asked_for_in_finest_detail(service, monkeypatch):
    monkeypatch.setattr(av_clip, "MAX_OUTPUT_PIXELS", 3 * 16 * SIDE**2)
    request = asked(16)  # 0.5 seconds
    for upsample in (None, "frames"):
        assert len(service.run(replace(request, upsample=upsample)).frames)
    with pytest.raises(InputError, match="limit is 0 seconds"):
        service.run(replace(request, upsample="pixels"))
