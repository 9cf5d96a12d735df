"""Training a visitor's Perceiver in slices, through the backend, against a plain loop around the same model.

python -m benchmarks.build_one [--slices 3] [--rounds 5]
python -m benchmarks.build_one --experiments

Slices are those of the page for a training of 400 steps. Prints updates per second and, as its last line, the same as
JSON. The plain loop has the same batches, optimizer and schedule, and neither progress, validation, examples, attention
nor states. Both run in one thread: two are no faster, and far slower while something else runs. The rounds alternate.
With --experiments, the final scores of all prepared experiments and whether their claims hold.
"""

import argparse
import json
import statistics
import time

import torch

from benchmarks.start import print_machine
from models.backend.local import LocalBackend
from models.data.build_one import check, claim_holds, draw, experiments, preset
from models.perceiver import build_one_plain as plain
from models.perceiver.build_one import BuildTrainer, build_model, run_model, tensors
from models.perceiver.fine_tuning import warm_up_then_linear
from models.schema import Build, Experiment, TrainBuildRequest, Training, TrainingState
from models.schema.build_one import Data

TRAINING = Training(steps=2000)
SLICE_STEPS, SLICE_SECONDS = 50, 1.0
"""Most updates and seconds of a slice, as in `pages/build_one/run.py` for a training of 400 steps."""
DATA: tuple[Data, ...] = ("digits", "reverse", "motion")


def plain_rate(build: Build, seconds: float) -> float:
    """Updates per second of the plain loop, after the first two."""
    model, (examples, _) = build_model(build), draw(build)
    plain.start_weights(model, build.initial_std, TRAINING.seed)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    began, step = 0.0, 0
    while step < 3 or time.perf_counter() - began < seconds:
        step += 1
        if step == 3:
            began = time.perf_counter()
        rows = examples.rows(plain.batch_rows(step, len(examples), TRAINING.batch_size, TRAINING.seed))
        loss = plain.loss_of(run_model(model, build, rows.inputs), tensors(rows.targets))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.param_groups[0]["lr"] = TRAINING.learning_rate * warm_up_then_linear(step, TRAINING.steps)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
    return (step - 2) / (time.perf_counter() - began)


def sliced_rate(
    backend: LocalBackend, build: Build, slices: int, state: TrainingState | None
) -> tuple[float, TrainingState]:
    """Updates per second of slices with everything that the page shows, and the state after them."""
    began, updates = time.perf_counter(), 0
    for _ in range(slices):  # at least one
        *_, last = backend.stream(TrainBuildRequest(build, TRAINING, SLICE_STEPS, SLICE_SECONDS, state))
        updates, state = updates + len(last.losses), last.state
    return updates / (time.perf_counter() - began), last.state


def final_scores(experiment: Experiment) -> dict[str, float]:
    """The score of each run of an experiment by its name."""
    scores = {}
    for name, (build, training) in experiment.runs.items():
        check(build, training)
        trainer = BuildTrainer(build, training)
        for _ in range(training.steps):
            trainer.update()
        scores[name] = trainer.evaluate().score
    return scores


def check_experiments() -> None:
    for experiment in experiments():
        scores = final_scores(experiment)
        holds = all(claim_holds(claim, scores) for claim in experiment.claims)
        print(f"{experiment.name}: {'holds' if holds else 'DOES NOT HOLD'}, {scores}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--experiments", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print_machine()
    check_experiments() if options.experiments else compare_rates(options.slices, options.rounds)


def compare_rates(slices: int, rounds: int) -> None:
    backend, found = LocalBackend(), {}
    for data in DATA:
        build, (_, state) = preset(data)[0], sliced_rate(backend, preset(data)[0], 1, None)
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(plain_rate(build, slices * SLICE_SECONDS))
            rate, state = sliced_rate(backend, build, slices, state)
            ours.append(rate)
        rates = {"plain": statistics.median(theirs), "slices": statistics.median(ours)}
        ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
        found[data] = {**rates, "ratio": ratio}
        print(f"{data}: {rates['plain']:.1f} plain, {rates['slices']:.1f} in slices, ratio {ratio:.2f}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
