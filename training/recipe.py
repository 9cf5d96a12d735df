"""The skeleton of a training recipe: command line, seeds, precision, checkpoints, evaluation, export and card.

A recipe is a subclass of `Recipe` and defines what belongs to its model: how to build it, what it learns from, how it
is scored, what it is compared with, and the facts on its card.
"""

import argparse
import inspect
import json
import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
import transformers
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import PerceiverConfig, PerceiverPreTrainedModel

from training.card import Facts, Report, write_card
from training.curve import read_curve
from training.loop import Run, Schedule, best_weights, fit

ASSETS = Path(__file__).parent.parent / "assets" / "weights"
RUNS = Path("runs")
RECORD = "training.json"
"""In the folder of a run: its options and the machine."""
NOT_RECORDED = ("command", "data", "run", "seconds", "device")
"""Options that say where and when a run took place, not what it was."""


@dataclass(frozen=True, slots=True)
class Objective:
    """What a run minimizes.

    draw: step -> batch, called with torch seeded for this step. loss: (model, batch) -> mean loss, a scalar. validate:
    scores of the model in evaluation mode. criterion: these scores -> a number; the weights with the lowest are kept.
    """

    draw: Callable[[int], Any]
    loss: Callable[[nn.Module, Any], Tensor]
    validate: Callable[[], dict]
    criterion: Callable[[dict], float]


class Recipe(ABC):
    """One embedded model. An instance runs one command, whose options are `args`.

    model: folder of the weights and of the run; with variants, the part before "_variant". data: help for --data.
    options: options of `train` with their defaults, or (default, help). muon: as in `Schedule`. compiles: offers
    --compile. unfused_on_cpu: on a CPU, train without fused attention, whose backward pass is slower for small maps.
    """

    model: ClassVar[str]
    data: ClassVar[str]
    options: ClassVar[Mapping[str, Any]]
    variants: ClassVar[Sequence[str]] = ()
    muon: ClassVar[bool] = True
    compiles: ClassVar[bool] = False
    unfused_on_cpu: ClassVar[bool] = False

    def __init__(self, args: argparse.Namespace):
        self.args = args

    def network(self) -> type[PerceiverPreTrainedModel]:
        """The class of the exported model; needless where `restore` and `load` are overridden."""
        raise NotImplementedError

    @abstractmethod
    def build(self) -> nn.Module:
        """The initialized model on the CPU, drawn from torch's seed."""

    @abstractmethod
    def objective(self, model: nn.Module) -> Objective:
        """What `model`, already on its device, learns from the data in `args.data`."""

    @abstractmethod
    def evaluate(self, model: nn.Module) -> dict:
        """The scores that `evaluate` prints as JSON, on `args.data`."""

    @abstractmethod
    def baselines(self) -> dict:
        """Scores of simpler methods on the same data, as JSON."""

    @abstractmethod
    def rounding_scores(self, model: nn.Module) -> dict[str, float]:
        """A few scores, by name, that show what rounding the weights to float16 costs; takes seconds."""

    @abstractmethod
    def facts(self, report: Report, model: nn.Module) -> Facts:
        """What the card says about the exported `model`. Raises SystemExit where scores and data do not agree."""

    def exported(self, model: nn.Module) -> nn.Module:
        """The part of a trained model that is exported."""
        return model

    def restore(self, run: Path) -> nn.Module:
        """A model with the configuration of a run and any weights."""
        return self.network()(PerceiverConfig.from_pretrained(run, local_files_only=True))

    def save_config(self, model: nn.Module, run: Path) -> None:
        self.exported(model).config.save_pretrained(run)

    def save(self, model: nn.Module, folder: Path) -> None:
        """Writes config.json and model.safetensors with float16 weights: half the size."""
        model.half().save_pretrained(folder)

    def load(self, weights: Path) -> nn.Module:
        """The model of a folder that `save` wrote, as float32 on the CPU."""
        return self.network().from_pretrained(check_exported(weights), dtype=torch.float32)

    def seed(self, step: int) -> int:
        """A resumed run draws what the interrupted one would have drawn."""
        return self.args.seed * 1_000_003 + step

    # The commands

    def run_train(self) -> None:
        args = self.args
        torch.manual_seed(args.seed)
        torch.set_float32_matmul_precision("high")
        model = self.build()
        args.run.mkdir(parents=True, exist_ok=True)
        self.save_config(model, args.run)
        write_record(args)
        model.to(args.device)
        print(f"{sum(p.numel() for p in self.exported(model).parameters()):,} parameters on {args.device}", flush=True)
        objective = self.objective(model)
        loss = torch.compile(objective.loss) if self.compiles and args.compile else objective.loss

        def loss_of(step: int) -> Tensor:
            torch.manual_seed(self.seed(step))
            return loss(model, objective.draw(step))

        def validate() -> float:
            scores = objective.validate()
            print(json.dumps(scores), flush=True)
            return objective.criterion(scores)

        schedule = Schedule(args.steps, args.rate, warmup=args.warmup, muon=self.muon)
        run = Run(args.run, args.seconds, report_every=args.report_every, validate_every=args.validate_every)
        unfused = self.unfused_on_cpu and torch.device(args.device).type == "cpu"
        with sdpa_kernel(SDPBackend.MATH) if unfused else nullcontext():
            fit(model, loss_of, validate, schedule, run)

    def run_evaluate(self) -> None:
        model = self._exported_model()
        began = time.monotonic()
        print(json.dumps(self.evaluate(model) | {"seconds": round(time.monotonic() - began, 1)}))

    def run_baselines(self) -> None:
        print(json.dumps(self.baselines(), ensure_ascii=False))

    def run_export(self) -> None:
        to = self.args.to
        self.save(self._best_model(), to)
        print(f"{to}: {sum(file.stat().st_size for file in to.iterdir()):,} bytes")

    def run_card(self) -> None:
        """Writes card, scores and curve of the exported weights; computes scores that are not given as a file."""
        args, model, rounding = self.args, self._exported_model(), None
        if (args.run / "best.pt").exists():
            rounding = (self.rounding_scores(self._best_model().to(args.device)), self.rounding_scores(model))
        report = Report(
            weights=args.weights,
            curve=read_curve(args.curve or [args.run / "curve.jsonl"]),
            training=read_record(args.run),
            scores=_read_or(args.scores, lambda: self.evaluate(model)),
            baselines=_read_or(args.baselines, self.baselines),
            rounding=rounding,
            muon=self.muon,
        )
        written = write_card(self.facts(report, model), report, self._shell_commands(), args.to)
        print(f"{args.to}: {', '.join(written)}")

    @classmethod
    def main(cls) -> None:
        # stdout is one line of JSON: no progress bars, and only errors.
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        args = _parser(cls).parse_args()
        folder = f"{cls.model}_{args.variant}" if getattr(args, "variant", None) else cls.model
        defaults = {"run": RUNS / folder, "to": ASSETS / folder}
        defaults["weights"] = getattr(args, "to", None) or defaults["to"]
        for name, path in defaults.items():
            if hasattr(args, name):
                setattr(args, name, getattr(args, name) or path)
        getattr(cls(args), f"run_{args.command}")()

    def _exported_model(self) -> nn.Module:
        return self.load(self.args.weights).to(self.args.device).eval()

    def _best_model(self) -> nn.Module:
        """The best weights of a run as trained: float32, on the CPU, in evaluation mode."""
        model = self.restore(self.args.run)
        model.load_state_dict(best_weights(self.args.run))
        return self.exported(model).eval()

    def _shell_commands(self) -> list[str]:
        module = Path(inspect.getfile(type(self))).stem
        variant = f" --variant {self.args.variant}" if self.variants else ""
        commands = ("train --data DIR", "export", "evaluate --data DIR", "baselines --data DIR", "card --data DIR")
        return [
            f"python -m training.{module} {command}{'' if command.startswith('baselines') else variant}"
            for command in commands
        ]


def check_exported(weights: Path) -> Path:
    """A folder that `export` wrote."""
    if not (weights / "config.json").exists():
        raise SystemExit(f"{weights} has no config.json: export weights first.")  # or transformers asks the hub
    return weights


def write_record(args: argparse.Namespace) -> None:
    """Writes the options of `train` and the machine to RUN/training.json; the folder exists."""
    device = torch.device(args.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    how = "bfloat16 autocast, torch.compile" if getattr(args, "compile", False) else "bfloat16 autocast"
    record = {
        "hardware": f"{name} ({how})",
        **{key: value for key, value in vars(args).items() if key not in NOT_RECORDED},
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    (args.run / RECORD).write_text(json.dumps(record, indent=1) + "\n")


def read_record(run: Path) -> dict[str, Any]:
    """What `write_record` wrote, to which "remarks" may have been added by hand; {} without the file."""
    return json.loads((run / RECORD).read_text()) if (run / RECORD).exists() else {}


def _read_or(file: Path | None, compute: Callable[[], dict]) -> dict:
    """What a command printed into a file, or what it would print."""
    return json.loads(file.read_text()) if file else compute()


def _parser(recipe: type[Recipe]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=sys.modules[recipe.__module__].__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, help_: str, data: bool = True, variant: bool = True, device: bool = True) -> Any:
        command = commands.add_parser(name, help=help_, description=help_)
        if variant and recipe.variants:
            command.add_argument("--variant", choices=recipe.variants, required=True)
        if data:
            command.add_argument("--data", type=Path, required=True, help=recipe.data)
        if device:
            command.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
        return command

    train = add("train", "Train, or resume the run in --run.")
    train.add_argument("--run", type=Path)
    train.add_argument("--seconds", type=float, default=math.inf, help="stop after this time; run again to resume")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--report-every", type=int, default=100, help="steps between two lines of the curve")
    if recipe.compiles:
        train.add_argument("--compile", action="store_true", help="compile the loss with torch.compile")
    for name, default in recipe.options.items():
        value, help_ = default if isinstance(default, tuple) else (default, None)
        train.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help=help_)

    evaluate = add("evaluate", "Print the scores of exported weights as one line of JSON.")
    evaluate.add_argument("--weights", type=Path)

    add("baselines", "Print the scores of simpler methods as one line of JSON.", variant=False, device=False)

    export = add("export", "Write the best weights of a run as float16.", data=False, device=False)
    export.add_argument("--run", type=Path)
    export.add_argument("--to", type=Path)

    card = add("card", "Write card.md, scores.json, curve.jsonl and curve.svg for exported weights.")
    card.add_argument("--run", type=Path, help="holds curve.jsonl, and training.json and best.pt if they are kept")
    card.add_argument("--curve", type=Path, nargs="+", help="curves of the sessions of a run, first to last")
    card.add_argument("--scores", type=Path, help="output of `evaluate`; computed if missing")
    card.add_argument("--baselines", type=Path, help="output of `baselines`; computed if missing")
    card.add_argument("--weights", type=Path)
    card.add_argument("--to", type=Path, help="the scores of other variants are read from folders next to it")
    return parser
