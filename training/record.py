"""What a run leaves behind about how it was started, for its card."""

import argparse

import torch
import transformers

SPARED = ("command", "data", "run", "seconds", "device")
"""Options that say where and when a run took place, not what it was."""


def record(args: argparse.Namespace, device: torch.device) -> dict[str, object]:
    """What RUN/training.json keeps: the options of `train`, which must have --compile, and the machine."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    how = "bfloat16 autocast, torch.compile" if args.compile else "bfloat16 autocast"
    return {
        "hardware": f"{name} ({how})",
        **{key: value for key, value in vars(args).items() if key not in SPARED},
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
