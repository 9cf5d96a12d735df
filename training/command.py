"""The command line that all recipes share: its commands, the options that each of them has, and where things lie."""

import argparse
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers

ASSETS = Path(__file__).parent.parent / "assets" / "weights"
RUNS = Path("runs")

Command = Callable[[argparse.Namespace], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """The commands of one recipe; what each gets has the options that it has on the command line.

    model: the folder of its weights, and of its run; with `variants`, the part of it before "_variant".
    options: of `train` alone, with their defaults; a pair is a default and what it means.
    """

    doc: str
    model: str
    train: Command
    evaluate: Command
    baselines: Command
    export: Command
    card: Command | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    variants: Sequence[str] = ()

    def main(self) -> None:
        # Only what is wrong, and no progress bars: stdout is one JSON line.
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        args = _parser(self).parse_args()
        folder = f"{self.model}_{args.variant}" if getattr(args, "variant", None) else self.model
        otherwise = {"run": RUNS / folder, "to": ASSETS / folder}
        otherwise["weights"] = getattr(args, "to", None) or otherwise["to"]
        for name, place in otherwise.items():
            if hasattr(args, name):
                setattr(args, name, getattr(args, name) or place)
        getattr(self, args.command)(args)


def exported(weights: Path) -> Path:
    """A folder that `export` wrote."""
    if not (weights / "config.json").exists():
        raise SystemExit(f"{weights} has no config.json: export weights first.")  # or transformers asks the hub
    return weights


def print_size(weights: Path) -> None:
    """Of a folder that `export` wrote."""
    print(f"{weights}: {sum(file.stat().st_size for file in weights.iterdir()):,} bytes")


def printed_before(file: Path | None, compute: Callable[[], dict]) -> dict:
    """What a command printed into a file, or what it would print."""
    return json.loads(file.read_text()) if file else compute()


def _parser(recipe: Recipe) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=recipe.doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)

    command = _command(commands, "train", recipe, data=True, device=True)
    command.add_argument("--run", type=Path)
    command.add_argument("--seconds", type=float, default=math.inf, help="stop after so long; run again to go on")
    command.add_argument("--compile", action="store_true")
    command.add_argument("--seed", type=int, default=0)
    for name, default in recipe.options.items():
        value, meaning = default if isinstance(default, tuple) else (default, None)
        command.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help=meaning)

    command = _command(commands, "evaluate", recipe, data=True, device=True)
    command.add_argument("--weights", type=Path)

    command = commands.add_parser("baselines")
    command.add_argument("--data", type=Path, required=True)

    command = _command(commands, "export", recipe)
    command.add_argument("--run", type=Path)
    command.add_argument("--to", type=Path)

    if recipe.card is None:
        return parser
    command = _command(commands, "card", recipe, data=True, device=True)
    command.add_argument("--run", type=Path, help="holds curve.jsonl; training.json and best.pt if there")
    command.add_argument("--curve", type=Path, nargs="+", help="curves of a run's sessions, first to last")
    command.add_argument("--scores", type=Path, help="what `evaluate` printed; computed without")
    command.add_argument("--baselines", type=Path, help="what `baselines` printed; computed without")
    command.add_argument("--weights", type=Path)
    command.add_argument("--to", type=Path, help="cards of other variants are looked for in the folders beside")
    return parser


def _command(commands: Any, name: str, recipe: Recipe, data: bool = False, device: bool = False) -> Any:
    command = commands.add_parser(name)
    if recipe.variants:
        command.add_argument("--variant", choices=recipe.variants, required=True)
    if data:
        command.add_argument("--data", type=Path, required=True)
    if device:
        command.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return command
