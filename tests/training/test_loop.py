"""The training loop on a linear model whose data depend on the step alone, and the curve it leaves behind."""

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from torch import Tensor, nn

from training.curve import best_step, draw_curve, read_curve, save_svg
from training.loop import Run, Schedule, fit
from training.recipe import read_record, write_record

SCHEDULE = Schedule(steps=4, rate=0.1, warmup=1)
MUON = replace(SCHEDULE, muon=True)


class StoppedError(Exception):
    pass


class Task:
    """Three numbers from five, the rule to be found; stops with StoppedError at a given step."""

    def __init__(self, stop_at: int | None = None):
        self.stop_at = stop_at
        torch.manual_seed(0)
        self.model = nn.Linear(5, 3)
        self.rule = torch.randn(5, 3)

    def loss_of(self, step: int) -> Tensor:
        if step == self.stop_at:
            raise StoppedError
        inputs = torch.randn(16, 5, generator=torch.Generator().manual_seed(step))
        return (self.model(inputs) - inputs @ self.rule).square().mean()

    def fit(self, folder: Path, schedule: Schedule = SCHEDULE, validate=lambda: 1.0, **run) -> bool:
        return fit(self.model, self.loss_of, validate, schedule, Run(folder, **run))

    def weights(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self.model.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("schedule", [SCHEDULE, MUON], ids=["AdamW", "Muon"])
def test_interrupted_and_resumed_equals_straight_through(tmp_path, schedule):
    straight = Task()
    assert straight.fit(tmp_path / "straight", schedule)
    interrupted = Task(stop_at=2)
    with pytest.raises(StoppedError):
        interrupted.fit(tmp_path / "twice", schedule, save_every=-1)
    assert not same(interrupted.weights(), straight.weights())
    resumed = Task()
    assert resumed.fit(tmp_path / "twice", schedule)
    assert same(resumed.weights(), straight.weights())


def test_stops_when_the_time_is_up_and_goes_on(tmp_path):
    straight = Task()
    straight.fit(tmp_path / "straight")
    assert not Task().fit(tmp_path / "short", seconds=0)
    assert torch.load(tmp_path / "short" / "state.pt", weights_only=True)["step"] == 1
    last = Task()
    while not last.fit(tmp_path / "short", seconds=0):
        last = Task()
    assert same(last.weights(), straight.weights())


def test_a_finished_run_is_left_as_it_is(tmp_path):
    first, again = Task(), Task(stop_at=4)
    first.fit(tmp_path)
    assert again.fit(tmp_path)
    assert same(first.weights(), again.weights())


def test_keeps_the_best_weights_over_a_resumption_too(tmp_path):
    scores, seen = iter([3.0, 1.0, 2.0, 1.5]), []

    def validate() -> float:
        seen.append(task.weights())
        return next(scores)

    task = Task(stop_at=3)
    with pytest.raises(StoppedError):
        task.fit(tmp_path, validate=validate, validate_every=1, save_every=-1)
    task = Task()
    task.fit(tmp_path, validate=validate, validate_every=1)
    assert len(seen) == 4
    assert same(torch.load(tmp_path / "best.pt", weights_only=True), seen[1])


@pytest.mark.parametrize("muon", [False, True])
def test_learns(tmp_path, muon):
    task = Task()
    before = task.loss_of(1000).item()
    task.fit(tmp_path, Schedule(steps=150, rate=0.1, warmup=5, weight_decay=0.0, muon=muon))
    assert task.loss_of(1000).item() < 0.01 * before


class Layers(nn.Module):
    """One of each kind of layer that optimizers tell apart."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(4, 6)
        self.latents = nn.Parameter(torch.randn(4, 6))
        self.hidden = nn.Linear(6, 9)
        self.norm = nn.LayerNorm(9)
        self.final_layer = nn.Linear(9, 5)

    def forward(self) -> Tensor:
        return self.final_layer(self.norm(self.hidden(self.embedding.weight + self.latents)))


def first_step(muon: bool, folder: Path) -> dict[str, Tensor]:
    """How far each parameter went, in learning rates, without weight decay."""
    torch.manual_seed(0)
    model = Layers()
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    schedule = Schedule(steps=1, rate=0.01, warmup=1, weight_decay=0.0, clip=math.inf, muon=muon)
    fit(model, lambda step: (model() - 1).square().mean(), lambda: 0.0, schedule, Run(folder))
    return {name: (value.detach() - before[name]) / 0.01 for name, value in model.named_parameters()}


def test_muon_takes_hidden_matrices_and_adamw_all_else(tmp_path):
    """AdamW begins with a whole learning rate for each number; Muon with a step that is alike in all directions."""
    adamw, muon = first_step(False, tmp_path / "adamw"), first_step(True, tmp_path / "muon")
    for name, step in adamw.items():
        torch.testing.assert_close(step.abs(), torch.ones_like(step), atol=0.01, rtol=0)
        assert torch.equal(step, muon[name]) is (name != "hidden.weight")
    values = torch.linalg.svdvals(muon["hidden.weight"])
    assert values[:3].max() < 2 * values[:3].min()
    assert 0.1 < muon["hidden.weight"].square().mean().sqrt() < 0.3  # the size that AdamW's steps come to have


def test_muon_decays_weights_like_adamw(tmp_path):
    """Without a gradient, both shrink what they decay by rate times decay."""
    for muon in (False, True):
        torch.manual_seed(0)
        model = Layers()
        before = model.hidden.weight.detach().clone()
        schedule = Schedule(steps=1, rate=0.1, warmup=1, weight_decay=0.5, muon=muon)
        fit(model, lambda step, model=model: 0 * model().sum(), lambda: 0.0, schedule, Run(tmp_path / str(muon)))
        torch.testing.assert_close(model.hidden.weight.detach(), before * 0.95)


def test_rate_warms_up_and_falls_to_zero():
    schedule = Schedule(steps=100, rate=0.2, warmup=10)
    assert schedule.rate_at(0) == pytest.approx(0.02)
    assert schedule.rate_at(10) == max(schedule.rate_at(step) for step in range(100)) == pytest.approx(0.2)
    assert schedule.rate_at(55) == pytest.approx(0.1)
    assert schedule.rate_at(100) == pytest.approx(0)


def test_reports_each_step_asked_for(tmp_path):
    Task().fit(tmp_path, report_every=2, validate_every=4)
    curve = [json.loads(line) for line in (tmp_path / "curve.jsonl").read_text().splitlines()]
    assert [(line["step"], {"train", "valid"} & line.keys()) for line in curve] == [
        (2, {"train"}),
        (4, {"train"}),
        (4, {"valid"}),
    ]
    assert all(math.isfinite(line["seconds"]) for line in curve)


def test_curves_of_two_sessions_join(tmp_path):
    """The first was killed after step 300, but had last saved at 150."""
    sessions = [(100, 3.0, 10), (200, 2.5, 20), (300, 2.2, 30)], [(200, 2.6, 6), (300, 2.1, 16)]
    for name, lines in zip("ab", sessions, strict=True):
        text = "".join(json.dumps({"step": s, "train": t, "seconds": d}) + "\n" for s, t, d in lines)
        (tmp_path / name).write_text(text)
    curve = read_curve([tmp_path / "a", tmp_path / "b"])
    assert [(line["step"], line["train"]) for line in curve] == [(100, 3.0), (200, 2.6), (300, 2.1)]
    assert curve[-1]["seconds"] == 46  # what was done twice took its time all the same


def test_an_empty_curve_is_refused(tmp_path):
    (tmp_path / "curve.jsonl").write_text("")
    with pytest.raises(SystemExit, match="No step"):
        read_curve([tmp_path / "curve.jsonl"])


def test_the_curve_is_drawn_alike_each_time(tmp_path):
    curve = [{"step": step, "train": 300 / step, "seconds": step} for step in range(100, 500, 100)]
    curve += [{"step": 400, "valid": 0.8, "seconds": 401}]
    assert best_step(curve) == curve[-1]
    for name in ("one.svg", "two.svg"):
        save_svg(draw_curve(curve, "Toy", "nats", {"unigram": 3.1}), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    words = " ".join(ElementTree.parse(tmp_path / "one.svg").getroot().itertext())
    assert all(word in words for word in ("Toy", "nats", "step", "validation", "unigram: 3.10"))


def test_only_validations_are_in_evaluation_mode(tmp_path):
    modes, task = [], Task()

    def loss_of(step: int) -> Tensor:
        modes.append(task.model.training)
        return task.loss_of(step)

    def validate() -> float:
        modes.append(task.model.training)
        return 0.0

    task.model.eval()
    fit(task.model, loss_of, validate, SCHEDULE, Run(tmp_path, validate_every=2))
    assert modes == [True, True, False, True, True, False]


def test_what_a_run_recorded_is_read_again(tmp_path):
    assert read_record(tmp_path) == {}
    args = argparse.Namespace(run=tmp_path, data=tmp_path, device="cpu", compile=False, steps=3)
    write_record(args)
    recorded = read_record(tmp_path)
    assert (recorded["steps"], recorded["compile"]) == (3, False)
    assert "bfloat16" in recorded["hardware"]
    assert not {"run", "data", "device"} & recorded.keys()
