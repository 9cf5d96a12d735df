"""What the prepared experiments claim is so."""

import pytest

from benchmarks.build_one import final_scores
from models.data.build_one import check, claim_holds, experiments
from models.schema import Experiment, ScoreClaim

EXPERIMENTS = experiments()
QUICK = ("latents", "bands", "one-latent")
"""`python -m benchmarks.build_one --experiments` checks all of them."""


@pytest.mark.parametrize("experiment", [each for each in EXPERIMENTS if each.name in QUICK], ids=lambda each: each.name)
def test_the_claims_hold(experiment: Experiment):
    scores = final_scores(experiment)
    failed = [claim for claim in experiment.claims if not claim_holds(claim, scores)]
    assert not failed, scores


def test_every_experiment_is_a_question_with_a_comparison():
    assert len({experiment.name for experiment in EXPERIMENTS}) == 6
    for experiment in EXPERIMENTS:
        assert len(experiment.runs) >= 2
        for run in experiment.runs.values():
            check(*run)
        assert 0 <= experiment.answer < len(experiment.choices)
        named = {claim.run for claim in experiment.claims} | {claim.than for claim in experiment.claims}
        assert named - {""} <= set(experiment.runs)


def test_a_claim_is_about_a_score_or_a_difference():
    scores = {"a": 0.9, "b": 0.5}
    assert claim_holds(ScoreClaim("a", 0.8, 1.0), scores)
    assert not claim_holds(ScoreClaim("b", 0.8, 1.0), scores)
    assert claim_holds(ScoreClaim("a", 0.3, 0.5, than="b"), scores)
    assert not claim_holds(ScoreClaim("b", 0.3, 0.5, than="a"), scores)
