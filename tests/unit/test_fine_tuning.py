"""The task of fine-tuning: what comes of each step, what is held out, and what a visitor keeps."""

import math
import pickle
import threading

import numpy as np
import pytest

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.perceiver.fine_tuning import Evaluation, FineTuner, Rows
from models.schema import FineTuneStep
from models.tasks import fine_tuning
from tests.fine_tuning_rows import LABELS, ROWS, request
from tests.tiny_models import READS, load_tiny


@pytest.fixture(autouse=True)
def _slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is handed out by the clock, however busy the machine, unless a test wants it."""
    monkeypatch.setattr(fine_tuning, "KEEP_SECONDS", math.inf)


def curve(steps: list[FineTuneStep]) -> list[tuple[object, ...]]:
    """All that does not depend on the clock; NaN as a word, which is equal to itself."""
    return [(step.step, step.epoch, str(step.loss), str(step.accuracy), step.validation_loss) for step in steps]


def stream(service: LocalBackend, **changes: object) -> list[FineTuneStep]:
    return list(service.stream(request(**changes)))


def test_steps_and_where_the_held_out_rows_are_asked(service):
    steps = stream(service)
    assert [step.step for step in steps] == list(range(13))  # 24 rows in batches of 6, three times
    assert {step.steps for step in steps} == {12}
    assert [step.epoch for step in steps] == [0, *[1] * 4, *[2] * 4, *[3] * 4]
    asked = [step.step for step in steps if step.validation_loss is not None]
    assert asked == [0, 4, 8, 12]
    assert asked == [step.step for step in steps if step.held_out is not None]
    assert [step.step for step in steps if step.model is not None] == [4, 8, 12]
    assert math.isnan(steps[0].loss)
    assert all(0 <= step.accuracy <= 1 and step.loss > 0 for step in steps[1:])
    seconds = [step.seconds for step in steps]
    assert seconds == sorted(seconds)
    assert steps[-1].seconds_left == 0
    assert steps[-1].validation_loss < steps[0].validation_loss
    assert (steps[0].run.seed, steps[0].rows_shortened) == (0, 0)


class Clock:
    """Stands still but for training steps and evaluations. steps: seconds of each step, the last for all others."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, steps: list[float], evaluation: float):
        self.now, self.steps = 0.0, steps
        learn, evaluate = FineTuner._learn_from, FineTuner.evaluate

        def slow_learn(tuner: FineTuner, batch: list[int], step: int) -> tuple[float, float]:
            self.now += self.steps[min(step, len(self.steps)) - 1]
            return learn(tuner, batch, step)

        def slow_evaluate(tuner: FineTuner, rows: Rows) -> Evaluation:
            self.now += evaluation
            return evaluate(tuner, rows)

        monkeypatch.setattr(FineTuner, "_learn_from", slow_learn)
        monkeypatch.setattr(FineTuner, "evaluate", slow_evaluate)
        monkeypatch.setattr(fine_tuning._FineTuning, "_seconds", lambda tuning: self.now)


def test_the_first_forecast_waits_for_timed_steps_and_is_right(service, monkeypatch):
    """The first step takes as long as ten others, and is not what the forecast is made from."""
    Clock(monkeypatch, [20, 2], evaluation=3)
    steps = stream(service)
    assert [step.step for step in steps if step.seconds_left is None] == [0, 1, 2, 3]
    total = steps[-1].seconds
    assert total == 20 + 11 * 2 + 4 * 3
    for step in steps[4:]:
        assert step.seconds_left == pytest.approx(total - step.seconds)


def test_a_forecast_follows_recent_steps(service, monkeypatch):
    """Steps become five times as slow after the sixth; from the eighth on, only slow ones are recent."""
    monkeypatch.setattr(fine_tuning, "RECENT_STEPS", 2)
    monkeypatch.setattr(fine_tuning, "TIMED_STEPS", 2)
    Clock(monkeypatch, [1] * 6 + [5], evaluation=0)
    steps = stream(service)
    assert steps[6].seconds_left == pytest.approx(6)
    for step in steps[8:]:
        assert step.seconds_left == pytest.approx(steps[-1].seconds - step.seconds)


def test_a_forecast_does_not_exceed_the_time_limit(service, monkeypatch):
    monkeypatch.setattr(fine_tuning, "MAX_SECONDS", 12.0)
    Clock(monkeypatch, [1, 2], evaluation=0)
    forecasts = [step for step in stream(service) if step.seconds_left is not None]
    assert forecasts[0].seconds_left == pytest.approx(12 - forecasts[0].seconds)


def test_confusion_counts_what_was_taken_for_what(service):
    held = stream(service)[-1].held_out
    assert held.confusion.dtype == np.int64
    assert held.confusion.sum() == len(held.texts) == 6
    for label in range(3):
        for other in range(3):
            pairs = list(zip(held.labels, held.predicted, strict=True))
            assert held.confusion[label, other] == pairs.count((label, other))


def test_run_gives_the_last_step(service):
    last, steps = service.run(request()), stream(service)
    assert curve([last]) == curve(steps[-1:])
    assert last.model.name == steps[-1].model.name
    assert last.model.labels == LABELS
    assert (last.model.base, last.model.weights) == ("sentiment", "embedded")


@pytest.mark.parametrize("seed", [0, 7])
def test_a_fifth_of_each_label_is_held_out_by_the_seed(service, seed):
    held = next(iter(service.stream(request(seed=seed)))).held_out
    assert sorted(held.labels) == [0, 0, 1, 1, 2, 2]
    assert all(dict(ROWS)[text] == LABELS[label] for text, label in zip(held.texts, held.labels, strict=True))
    again = next(iter(service.stream(request(seed=seed)))).held_out
    assert again.texts == held.texts
    assert next(iter(service.stream(request(seed=seed + 1)))).held_out.texts != held.texts


@pytest.mark.parametrize("frozen", [False, True])
def test_the_same_seed_gives_the_same_curve(service, frozen):
    first, again = stream(service, frozen=frozen), stream(service, frozen=frozen)
    assert curve(first) == curve(again)
    assert first[-1].model.name == again[-1].model.name
    assert curve(stream(service, frozen=frozen, seed=1)) != curve(first)


def test_published_weights_learn_in_the_decoder(service):
    last = service.run(request(weights="published", frozen=True))
    assert (last.model.base, last.run.weights) == ("addy88/perceiver_imdb", "published")
    assert all("decoder" in name for name in last.model.changed)


def test_two_visitors_at_once_do_not_mix(service):
    """Two threads of one service, as two clients: each gets what it gets alone, and the base answers as before."""
    requests = [request(seed=1), request(seed=2, learning_rate=1e-2)]
    alone = [curve(list(service.stream(each))) for each in requests]
    together: dict[int, list[FineTuneStep]] = {}

    def teach(number: int) -> None:
        together[number] = list(service.stream(requests[number]))

    threads = [threading.Thread(target=teach, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [curve(together[number]) for number in (0, 1)] == alone
    assert alone[0] != alone[1]


def test_the_shared_model_stays_what_it_was(service):
    with service.load(fine_tuning.FINE_TUNING.checkpoint("embedded")) as loaded:
        before = {name: tensor.clone() for name, tensor in loaded.model.state_dict().items()}
        stream(service, learning_rate=1e-2)
        assert all((tensor == before[name]).all() for name, tensor in loaded.model.state_dict().items())


def test_values_go_through_a_pipe(service):
    """As on ZeroGPU, where another process teaches."""
    for step in stream(service):
        copy = pickle.loads(pickle.dumps(step))
        assert curve([copy]) == curve([step])
        for name, array in (step.model.changed if step.model else {}).items():
            assert (copy.model.changed[name] == array).all()


# Ends before the end


def test_who_stops_has_what_was_learnt(service, monkeypatch):
    """Within an epoch it is handed out every so often; closing the stream ends the work."""
    monkeypatch.setattr(fine_tuning, "KEEP_SECONDS", 0)
    monkeypatch.setattr(fine_tuning, "KEEP_SHARE", math.inf)
    steps = service.stream(request())
    assert next(steps).model is None
    assert next(steps).model.labels == LABELS
    steps.close()
    assert list(steps) == []


def test_judging_takes_no_more_than_its_share(service, monkeypatch):
    monkeypatch.setattr(fine_tuning, "KEEP_SECONDS", 0)
    monkeypatch.setattr(fine_tuning, "KEEP_SHARE", 1e-9)
    assert [step.step for step in stream(service) if step.model] == [4, 8, 12]


def test_the_time_is_limited(service, monkeypatch):
    monkeypatch.setattr(fine_tuning, "MAX_SECONDS", 0)
    steps = stream(service)
    assert [step.step for step in steps] == [0, 1]
    assert steps[-1].model is not None
    assert steps[-1].held_out is not None
    assert steps[-1].steps == 12


def test_a_loan_of_a_gpu_limits_the_time(monkeypatch):
    service = LocalBackend(Settings(device="cpu", gpu_seconds=60), load_tiny)
    assert service.time_limit(request()) is None
    monkeypatch.setattr(type(service), "time_limit", lambda *_: 1e-9)
    assert len(list(service.stream(request()))) == 2


# Rows that are longer than the model reads


def test_of_long_rows_the_first_part_is_learnt_and_that_is_said(service):
    """What lies behind makes no difference."""
    tails = "☕xy" * 10
    long = tuple((f"{text:{READS}}{tail}", label) for (text, label), tail in zip(ROWS, tails, strict=True))
    cut = tuple((text[:READS], label) for text, label in long)
    found, expected = stream(service, rows=long), stream(service, rows=cut)
    assert {step.rows_shortened for step in found} == {30}
    assert {step.rows_shortened for step in expected} == {0}
    assert curve(found) == curve(expected)
    assert found[-1].held_out.texts[0] in dict(long)


def test_a_character_is_not_cut(service):
    rows = (("x" * (READS - 1) + "☕", ROWS[0][1]), *ROWS[1:])
    as_if = (("x" * (READS - 1), ROWS[0][1]), *ROWS[1:])
    assert curve(stream(service, rows=rows)) == curve(stream(service, rows=as_if))
