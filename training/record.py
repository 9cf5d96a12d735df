"""What a run leaves behind about how it was started, for its card."""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
import transformers

FILE = "training.json"
"""In the folder of a run."""
SPARED = ("command", "data", "run", "seconds", "device")
"""Options that say where and when a run took place, not what it was."""


def write_record(args: argparse.Namespace, device: torch.device) -> None:
    """Into RUN/training.json, the folder being there: the options of `train`, and the machine."""
    (args.run / FILE).write_text(json.dumps(_record(args, device), indent=1) + "\n")


def read_record(run: Path) -> dict[str, Any]:
    """What `write_record` kept of a run, to which "remarks" may have been added by hand; {} where there is nothing."""
    return json.loads((run / FILE).read_text()) if (run / FILE).exists() else {}


def _record(args: argparse.Namespace, device: torch.device) -> dict[str, object]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    how = "bfloat16 autocast, torch.compile" if args.compile else "bfloat16 autocast"
    return {
        "hardware": f"{name} ({how})",
        **{key: value for key, value in vars(args).items() if key not in SPARED},
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
