"""What the prepared experiments claim is so."""

import pytest

from models.data.build_one import check, claim_holds, experiments
from models.perceiver.build_one import BuildTrainer
from models.schema import Build, Experiment, ScoreClaim, Training

EXPERIMENTS = experiments()


def final_score(build: Build, training: Training) -> float:
    check(build, training)
    trainer = BuildTrainer(build, training)
    for _ in range(training.steps):
        trainer.update()
    return trainer.evaluate().score


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_the_claims_hold(experiment: Experiment):
    scores = {name: final_score(*run) for name, run in experiment.runs.items()}
    failed = [claim for claim in experiment.claims if not claim_holds(claim, scores)]
    assert not failed, scores


def test_every_experiment_is_a_question_with_a_comparison():
    assert len({experiment.name for experiment in EXPERIMENTS}) == 6
    for experiment in EXPERIMENTS:
        assert len(experiment.runs) >= 2
        assert 0 <= experiment.answer < len(experiment.choices)
        named = {claim.run for claim in experiment.claims} | {claim.than for claim in experiment.claims}
        assert named - {""} <= set(experiment.runs)


def test_a_claim_is_about_a_score_or_a_difference():
    scores = {"a": 0.9, "b": 0.5}
    assert claim_holds(ScoreClaim("a", 0.8, 1.0), scores)
    assert not claim_holds(ScoreClaim("b", 0.8, 1.0), scores)
    assert claim_holds(ScoreClaim("a", 0.3, 0.5, than="b"), scores)
    assert not claim_holds(ScoreClaim("b", 0.3, 0.5, than="a"), scores)
