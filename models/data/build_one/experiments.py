"""Prepared experiments: `assets/experiments/*.json`, in the order of their file names."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from models.data.build_one.presets import preset
from models.schema import Experiment, ScoreClaim

FOLDER = Path(__file__).parents[3] / "assets" / "experiments"


@cache
def experiments() -> tuple[Experiment, ...]:
    """All of them."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.json")))


def _read(path: Path) -> Experiment:
    """Each run is the preset of its data set, with the changes of the experiment and those of the run."""
    entry: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    runs = {}
    for name, changes in entry.pop("runs").items():
        build, training = preset(changes.pop("data", entry["data"]))
        runs[name] = replace(build, **entry["build"] | changes), replace(training, **entry["training"])
    claims = tuple(ScoreClaim(**claim) for claim in entry["claims"])
    shown = {name: entry[name] for name in ("title", "question", "answer", "explanation")}
    return Experiment(path.stem.partition("-")[2], choices=tuple(entry["choices"]), runs=runs, claims=claims, **shown)


def claim_holds(claim: ScoreClaim, scores: Mapping[str, float]) -> bool:
    """scores: the final score of each run by name."""
    value = scores[claim.run] - (scores[claim.than] if claim.than else 0.0)
    return claim.least <= value <= claim.most
