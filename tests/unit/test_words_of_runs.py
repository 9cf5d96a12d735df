"""How trainings and generations go and end, in words: the numbers and outcomes that they name."""

from typing import Any

import numpy as np
import pytest

from components.words.generation import ENDINGS, generation_progress, generation_summary
from components.words.training import training_progress, training_summary
from models.schema import FineTuneStep, TextGenerationStep


class Fields:
    """Stands for a step: only what a test names."""

    def __init__(self, **fields: Any):
        self.__dict__.update(fields)


def training_step(**fields: Any) -> FineTuneStep:
    defaults = {"step": 5, "steps": 9, "epoch": 2, "seconds": 7.4, "held_out": None, "rows_shortened": 0}
    step: Any = Fields(**{**defaults, "validation_accuracy": None, **fields})
    return step


def generation_step(**fields: Any) -> TextGenerationStep:
    defaults = {"tokens": (1, 2, 3), "tokens_per_second": 41.0, "first_seconds": 0.25, "cut": 0}
    step: Any = Fields(**{**defaults, "finish_reason": "length", **fields})
    return step


def test_progress_names_the_step_and_the_latest_accuracy() -> None:
    steps = [training_step(validation_accuracy=0.25), training_step(validation_accuracy=0.5), training_step()]
    text = training_progress(steps)
    assert all(number in text for number in ("5", "9", "2", "50%"))
    assert "25%" not in text


def test_a_training_ends_by_itself_by_a_stop_or_by_the_time_limit() -> None:
    done, stopped = training_summary(training_step(step=9), True), training_summary(training_step(), False)
    limited, nothing = training_summary(training_step(), True), training_summary(None, False)
    assert len({done, stopped, limited, nothing}) == 4
    assert "7 s" in done
    assert all("5" in text for text in (stopped, limited))


def test_rows_that_were_truncated_are_counted() -> None:
    shortened = training_summary(training_step(step=9, rows_shortened=1234), True)
    assert "1,234" in shortened
    assert "1,234" not in training_summary(training_step(step=9), True)


def test_the_accuracy_is_that_of_the_held_out_rows() -> None:
    held_out: Any = Fields(labels=tuple("aaaabbbb"), confusion=np.array([[3, 1], [0, 4]]))
    text = training_summary(training_step(step=9, held_out=held_out), True)
    assert "88%" in text
    assert "7 of 8" in text


@pytest.mark.parametrize("reason", ENDINGS)
def test_each_ending_of_a_text_is_told_apart(reason: Any) -> None:
    step = generation_step(finish_reason=reason)
    assert generation_summary(step, stopped=False).startswith(ENDINGS[reason])
    assert not generation_summary(step, stopped=True).startswith(ENDINGS[reason])


def test_a_text_that_was_stopped_has_no_reason_of_its_own() -> None:
    text = generation_summary(generation_step(finish_reason=None, cut=12), stopped=True)
    assert all(number in text for number in ("3 tokens", "41", "0.25 s", "12"))


def test_before_the_first_token_no_speed_is_named() -> None:
    assert "41" in generation_progress(generation_step())
    assert "41" not in generation_progress(generation_step(tokens=()))
