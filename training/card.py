"""Model cards: the facts of a recipe, a run and its scores, rendered by one template (card.md.jinja)."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from safetensors import safe_open

from models.data.weight_files import DIGEST, digest_of
from training.curve import best_step, draw_curve, save_svg, write_curve
from training.loop import BETAS, Schedule

TEMPLATE = Path(__file__).with_name("card.md.jinja")
NOT_LEARNED = ("running_mean", "running_var", "num_batches_tracked", "inv_freq")
"""Suffixes of names in a weights file that are not trained parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known about exported weights.

    weights: folder with config.json and model.safetensors. curve: as `read_curve` gives it. training: training.json of
    the run, to which "remarks" may be added by hand; {} without one. scores, baselines: output of these commands.
    rounding: scores of the weights as trained and as stored, by name; None without the former. muon: as in `Schedule`.
    """

    weights: Path
    curve: list[dict[str, float]]
    training: Mapping[str, Any]
    scores: Mapping[str, Any]
    baselines: Mapping[str, Any]
    rounding: tuple[Mapping[str, float], Mapping[str, float]] | None = None
    muon: bool = True

    @property
    def config(self) -> dict[str, Any]:
        return json.loads((self.weights / "config.json").read_text())

    @property
    def examples(self) -> int:
        """How many examples the run has seen; 0 where its batch size is not recorded."""
        return int(self.curve[-1]["step"]) * self.training.get("batch", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What only the recipe can say. Blocks are paragraphs, tables (`table`) or quotations.

    task, dataset, metrics: for the metadata; metrics by name. architecture: rows of the table, by name. training: rows
    of the table that only this recipe has. kept_by: unit and data of the validation. quantity, levels: the y axis of
    the curve, and baselines in it by name. train_scale: factor from training losses to this quantity. sections: blocks
    by heading, after the scores. compared_on: data of `Report.rounding`.
    """

    title: str
    description: str
    task: str
    dataset: str
    metrics: Mapping[str, float]
    architecture: Mapping[str, str]
    data: tuple[str, ...]
    training: Mapping[str, str]
    kept_by: str
    quantity: str
    curve_note: str
    scores: tuple[str, ...]
    limits: tuple[str, ...]
    compared_on: str
    levels: Mapping[str, float] = field(default_factory=dict)
    train_scale: float = 1.0
    sections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def write_card(facts: Facts, report: Report, commands: list[str], folder: Path) -> tuple[str, ...]:
    """Writes card.md, scores.json, curve.jsonl and curve.svg to the folder; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    scores = {name: value for name, value in report.scores.items() if name != "seconds"}
    (folder / "scores.json").write_text(json.dumps(scores) + "\n")
    write_curve(report.curve, folder / "curve.jsonl")
    scaled = [line | {"train": line["train"] * facts.train_scale} if "train" in line else line for line in report.curve]
    save_svg(draw_curve(scaled, facts.title, facts.quantity, dict(facts.levels)), folder / "curve.svg")
    card = ModelCard.from_template(
        _metadata(facts, report),
        template_path=str(TEMPLATE),
        facts=facts,
        architecture={"parameters": f"{count_parameters(report.weights):,}", **facts.architecture},
        training=_training_rows(facts, report),
        megabytes=(report.weights / "model.safetensors").stat().st_size / 1e6,
        rounding=report.rounding,
        commands=commands,
    )
    (folder / "card.md").write_text(f"{card.content.rstrip()}\n", encoding="utf-8")
    return "card.md", "scores.json", "curve.jsonl", "curve.svg"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *rows))


def perceiver_architecture(config: Mapping[str, Any], inputs: str, decoder: str) -> dict[str, str]:
    """Rows for a model with the config of transformers. inputs, decoder: in words."""
    blocks, layers = config["num_blocks"], config["num_self_attends_per_block"]
    return {
        "inputs": inputs,
        "latents": f"{config['num_latents']} x {config['d_latents']}",
        "encoder": f"1 cross-attention layer, {config['num_cross_attention_heads']} heads",
        "processor": f"{layers} self-attention layer{'s'[: layers != 1]}{f', applied {blocks} times' * (blocks > 1)}, "
        f"{config['num_self_attention_heads']} heads, MLP widening factor {config['self_attention_widening_factor']}",
        "decoder": decoder,
        "query and key, value channels": f"{config['qk_channels']}, {config['v_channels']}",
    }


def count_parameters(weights: Path) -> int:
    """Numbers in model.safetensors, without statistics of batch normalization and constants."""
    with safe_open(weights / "model.safetensors", framework="numpy") as tensors:
        names = [name for name in tensors.keys() if not name.endswith(NOT_LEARNED)]  # noqa: SIM118
        return sum(math.prod(tensors.get_slice(name).get_shape()) for name in names)


def check_same(what: str, counts: Iterable[int]) -> None:
    """Raises SystemExit unless all scores count the same number of `what`."""
    if len(different := sorted(set(counts))) > 1:
        raise SystemExit(f"Scores and baselines count different numbers of {what}: {different}.")


def _training_rows(facts: Facts, report: Report) -> dict[str, str]:
    training, last, best = report.training, report.curve[-1], best_step(report.curve)
    steps = int(last["step"])
    planned = training.get("steps", steps)
    rows = {"steps": f"{steps:,}" if steps == planned else f"{steps:,} of {planned:,} planned", **facts.training}
    schedule = Schedule(planned, training.get("rate", 0))
    muon = "Muon for the matrices of all linear layers except the last; for the rest " if report.muon else ""
    rows["optimizer"] = (
        f"{muon}AdamW, betas {BETAS[0]} and {BETAS[1]}; weight decay {schedule.weight_decay} on matrices, "
        f"gradients clipped to norm {schedule.clip}"
    )
    if {"rate", "warmup"} <= training.keys():
        rows["learning rate"] = f"{training['rate']} after {training['warmup']:,} warm-up steps, then cosine to 0"
    rows["hardware"] = training.get("hardware", "not recorded")
    rows["time"] = f"{last['seconds'] / 60:.0f} minutes"
    if best:
        rows["weights kept"] = f"step {int(best['step']):,}: {best['valid']:.3f} {facts.kept_by}"
    if "remarks" in training:
        rows["remarks"] = training["remarks"]
    return rows


def _metadata(facts: Facts, report: Report) -> ModelCardData:
    results = [
        EvalResult(facts.task, facts.dataset, facts.dataset, name, round(value, 4))
        for name, value in facts.metrics.items()
    ]
    return ModelCardData(
        model_name=facts.title,
        tags=["perceiver", facts.task],
        eval_results=results,
        **{DIGEST: digest_of(report.weights)},
    )
