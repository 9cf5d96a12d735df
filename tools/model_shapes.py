"""Writes `assets/model_shapes.json`, the sizes of all models: `python -m tools.model_shapes`."""

import json
from dataclasses import asdict
from typing import Any

from models.backend.shapes import RECORD
from models.perceiver.shapes import model_shape
from models.tasks import TASKS


def entries() -> list[dict[str, Any]]:
    return [
        {
            "task": task.name,
            "weights": checkpoint.weights,
            "variant": checkpoint.variant,
            "shape": asdict(model_shape(checkpoint, {})),
        }
        for task in TASKS
        for checkpoint in task.checkpoints
    ]


def main() -> None:
    lines = ",\n".join(map(json.dumps, entries()))
    RECORD.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
