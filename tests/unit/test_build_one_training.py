"""Training in slices: the same curve however it is cut, visitors kept apart, and questions to the trained model."""

import pickle
import threading
from dataclasses import replace

import numpy as np
import pytest

from models.backend.local import LocalBackend
from models.backend.wire import pack, unpack
from models.data.build_one import draw, preset, shapes, spec_of
from models.perceiver.build_one import BuildTrainer
from models.schema import (
    AskBuildRequest,
    Build,
    BuildRefused,
    InputError,
    Probe,
    TrainBuildProgress,
    TrainBuildRequest,
    TrainBuildResult,
    Training,
)

SMALL = Build(preprocessor="patches", patch=2, latents=4, channels=16, layers=1, bands=3)
TRAINING = Training(steps=12, batch_size=16)


@pytest.fixture(scope="module")
def backend() -> LocalBackend:
    return LocalBackend()


def trained(backend: LocalBackend, build: Build, training: Training, slices: list[int]) -> list[TrainBuildResult]:
    results, state = [], None
    for steps in slices:
        results.append(backend.run(TrainBuildRequest(build, training, steps, seconds=5.0, resume=state)))
        state = results[-1].state
    return results


def test_the_losses_do_not_depend_on_the_slices(backend):
    (whole,) = trained(backend, SMALL, TRAINING, [12])
    cut = trained(backend, SMALL, TRAINING, [1, 0, 7, 4])
    assert sum((each.losses for each in cut), ()) == whole.losses
    assert cut[-1].state == whole.state
    assert (cut[-1].loss, cut[-1].score) == (whole.loss, whole.score)
    assert [each.finished for each in cut] == [False, False, False, True]


def test_another_seed_gives_other_losses(backend):
    first, second = (trained(backend, SMALL, replace(TRAINING, seed=seed), [3])[0] for seed in (0, 1))
    assert first.losses != second.losses


def test_two_visitors_who_train_at_once_get_the_curves_of_each_alone(backend):
    builds = (SMALL, replace(SMALL, latents=2))
    alone = [trained(backend, build, TRAINING, [6, 6]) for build in builds]
    together: dict[Build, list[TrainBuildResult]] = {}
    threads = [
        threading.Thread(target=lambda build=build: together.update({build: trained(backend, build, TRAINING, [6, 6])}))
        for build in builds
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for build, results in zip(builds, alone, strict=True):
        assert [each.losses for each in together[build]] == [each.losses for each in results]


def test_a_stream_tells_of_all_updates_and_ends_with_the_model(backend):
    *parts, last = backend.stream(TrainBuildRequest(SMALL, TRAINING, 5, seconds=5.0))
    assert all(isinstance(part, TrainBuildProgress) for part in parts)
    assert sum((part.losses for part in parts), ()) == last.losses
    assert (last.state.step, len(last.losses)) == (5, 5)


def test_a_slice_ends_in_time(backend):
    result = backend.run(TrainBuildRequest(Build(), Training(steps=2000), 2000, seconds=0.1))
    assert 0 < result.state.step < 2000
    assert not result.finished


def test_a_state_of_other_settings_is_refused(backend):
    (result,) = trained(backend, SMALL, TRAINING, [1])
    for build, training in ((replace(SMALL, latents=5), TRAINING), (SMALL, replace(TRAINING, learning_rate=1e-3))):
        with pytest.raises(InputError):
            backend.run(TrainBuildRequest(build, training, 1, resume=result.state))
    with pytest.raises(InputError):
        backend.run(AskBuildRequest(replace(SMALL, latents=5), result.state, {}))


def test_a_loss_that_is_not_finite_ends_the_training(backend, monkeypatch):
    losses = iter((1.0, float("nan")))
    monkeypatch.setattr(BuildTrainer, "update", lambda trainer: next(losses))
    with pytest.raises(InputError) as error:
        backend.run(TrainBuildRequest(SMALL, TRAINING, 12, seconds=5.0))
    assert f"{TRAINING.learning_rate:g}" in str(error.value)


def test_parts_that_do_not_fit_are_refused_before_training(backend):
    with pytest.raises(BuildRefused):
        backend.run(TrainBuildRequest(replace(SMALL, decoder="video"), TRAINING))


@pytest.mark.parametrize("data", ["digits", "sort", "motion", "digit_tone_autoencoding", "picture"])
def test_results_have_the_shapes_that_the_data_set_states_and_travel(backend, data):
    build, _ = preset(data)
    build = replace(build, latents=4, channels=16, layers=1)
    spec, found = spec_of(build), shapes(build)
    request = TrainBuildRequest(build, Training(batch_size=2), 1, seconds=5.0)
    result = unpack(pack(backend.run(unpack(pack(request)))))
    assert pickle.loads(pickle.dumps(result.state)) == result.state
    assert result.attention.values.shape == (4, found.inputs)
    np.testing.assert_allclose(result.attention.values.sum(axis=1), 1, rtol=1e-5)
    _, validation = draw(build)
    for row, example in enumerate(result.examples):
        for name, values in example.targets.items():
            np.testing.assert_array_equal(values, validation.targets[name][row])
        for name, values in example.outputs.items():
            assert values.shape == (spec.outputs[name][:1] if name in ("label", "letters") else spec.outputs[name])


@pytest.mark.parametrize("data", ["digits", "reverse", "digit_tone_autoencoding"])
@pytest.mark.parametrize("query_positions", ["learned", "fourier"])
def test_a_question_to_a_trained_model_is_answered_as_in_its_examples(backend, data, query_positions):
    build, _ = preset(data)
    if query_positions == "fourier" and build.decoder != "multimodal":
        pytest.skip("only the multimodal decoder has Fourier queries")
    build = replace(build, latents=4, channels=16, layers=1, query_positions=query_positions)
    (result,) = trained(backend, build, Training(batch_size=2), [1])
    example, found = result.examples[0], shapes(build)
    for output in (0, found.outputs - 1):
        probe = Probe(stages=True)
        answer = backend.run(AskBuildRequest(build, result.state, example.inputs, output, probe))
        for name, values in example.outputs.items():
            np.testing.assert_allclose(answer.prediction.outputs[name], values, rtol=1e-4, atol=1e-5)
        attention = answer.attention
        assert attention.values.shape == (found.inputs,)
        assert attention.values.sum() + attention.latent_share + attention.query_share == pytest.approx(1, abs=1e-5)
        assert attention.stages.encoder.shape == (4, found.inputs)
    first = backend.run(AskBuildRequest(build, result.state, example.inputs, 0, Probe(method="encoder", latent=1)))
    np.testing.assert_allclose(first.attention.values, result.attention.values[1], rtol=1e-4, atol=1e-6)


def test_a_projection_decoder_has_the_attention_of_its_latents(backend):
    build = replace(SMALL, decoder="projection")
    (result,) = trained(backend, build, TRAINING, [1])
    answer = backend.run(AskBuildRequest(build, result.state, result.examples[0].inputs, probe=Probe(method="encoder")))
    np.testing.assert_allclose(answer.attention.values, result.attention.values.mean(axis=0), rtol=1e-4)


@pytest.mark.parametrize("inputs", [{"image": np.zeros((8, 8))}, {"image": np.full((1, 8, 8), np.nan)}])
def test_inputs_of_the_wrong_shape_are_refused(backend, inputs):
    (result,) = trained(backend, SMALL, TRAINING, [0])
    with pytest.raises(InputError):
        backend.run(AskBuildRequest(SMALL, result.state, inputs))


def test_points_have_probabilities_over_the_plane(backend):
    """Where y is large, at the top, the class is 1."""
    points = tuple((x, y, int(y > 0)) for x in (-0.9, -0.3, 0.3, 0.9) for y in (-0.9, -0.6, -0.3, 0.3, 0.6, 0.9))
    build = replace(preset("points")[0], points=points, latents=4)
    (result,) = trained(backend, build, Training(steps=60), [60])
    assert result.regions is not None
    assert result.regions.shape[2] == 2
    np.testing.assert_allclose(result.regions.sum(axis=2), 1, rtol=1e-5)
    upper, lower = np.split(result.regions[..., 1], 2)
    assert upper.mean() > 0.8
    assert lower.mean() < 0.2
    assert trained(backend, SMALL, TRAINING, [0])[0].regions is None
