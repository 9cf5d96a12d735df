"""The training loop: AdamW or Muon, warm-up and cosine schedule, checkpoints, and a loss curve on disk."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

BETAS = (0.9, 0.98)

_Optimizers = tuple[torch.optim.Optimizer, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """rate: the highest learning rate, reached after `warmup` of `steps`, then cosine to 0.

    muon: Muon for hidden matrices, with steps as large as AdamW's at the same rate; AdamW for all other parameters.
    """

    steps: int
    rate: float
    warmup: int = 500
    weight_decay: float = 0.05
    clip: float = 1.0
    muon: bool = False

    def rate_at(self, step: int) -> float:
        if step < self.warmup:
            return self.rate * (step + 1) / self.warmup
        return self.rate * 0.5 * (1 + math.cos(math.pi * (step - self.warmup) / max(1, self.steps - self.warmup)))


@dataclass(frozen=True, slots=True)
class Run:
    """folder: holds state.pt (to resume), best.pt (weights) and curve.jsonl. seconds: when to stop; resumable."""

    folder: Path
    seconds: float = math.inf
    save_every: float = 120
    report_every: int = 100
    validate_every: int = 1000


def fit(
    model: nn.Module,
    loss_of: Callable[[int], Tensor],
    validate: Callable[[], float],
    schedule: Schedule,
    run: Run,
) -> bool:
    """Trains until the schedule ends (True) or the time is up (False); resumes from `run.folder`.

    loss_of(step): the mean loss of one fresh batch. validate(): a score of the model in evaluation mode, lower is
    better; the best weights are kept.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    optimizers = _optimizers(model, schedule)
    step, best = _resume(model, optimizers, run.folder / "state.pt")
    model.train()
    began = saved = time.monotonic()
    recent: list[Tensor] = []
    while step < schedule.steps:
        recent.append(_descend(model, optimizers, loss_of(step), schedule, step))
        step += 1
        if step % run.report_every == 0:
            mean = torch.stack(recent).mean().item()
            recent.clear()
            _report(run.folder, step, schedule.steps, train=mean, seconds=time.monotonic() - began)
        if step % run.validate_every == 0 or step == schedule.steps:
            model.eval()
            score = validate()
            model.train()
            _report(run.folder, step, schedule.steps, valid=score, seconds=time.monotonic() - began)
            if score < best:
                best = score
                torch.save(model.state_dict(), run.folder / "best.pt")
        now = time.monotonic()
        out_of_time = now - began > run.seconds
        if now - saved > run.save_every or out_of_time or step == schedule.steps:
            _save(model, optimizers, step, best, run.folder / "state.pt")
            saved = now
        if out_of_time:
            return step == schedule.steps
    return True


def best_weights(folder: Path) -> dict[str, Tensor]:
    """The weights of a run with the lowest score, as trained, on the CPU."""
    return torch.load(folder / "best.pt", map_location="cpu", weights_only=True)


def _descend(model: nn.Module, optimizers: _Optimizers, loss: Tensor, schedule: Schedule, step: int) -> Tensor:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate_at(step)
        optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
    for optimizer in optimizers:
        optimizer.step()
    return loss.detach()


def _optimizers(model: nn.Module, schedule: Schedule) -> _Optimizers:
    """AdamW, and Muon where it is used. Weight decay applies to matrices, not to biases and norms."""
    hidden = _hidden_matrices(model) if schedule.muon else []
    others = [p for p in model.parameters() if not any(p is matrix for matrix in hidden)]
    matrices = [p for p in others if p.ndim > 1]
    vectors = [p for p in others if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": schedule.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, lr=schedule.rate, betas=BETAS, fused=True)
    if not hidden:
        return (adamw,)
    decay, matched = schedule.weight_decay, "match_rms_adamw"
    return adamw, torch.optim.Muon(hidden, lr=schedule.rate, weight_decay=decay, adjust_lr_fn=matched)


def _hidden_matrices(model: nn.Module) -> list[Tensor]:
    """Weights of all linear layers except final_layer: Muon suits neither output layers nor embeddings."""
    linear = ((name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear))
    return [module.weight for name, module in linear if not name.endswith("final_layer")]


def _save(model: nn.Module, optimizers: _Optimizers, step: int, best: float, path: Path) -> None:
    """Writes a temporary file and renames it: an interrupted save leaves the previous checkpoint intact."""
    states = [optimizer.state_dict() for optimizer in optimizers]
    state = {"model": model.state_dict(), "optimizers": states, "step": step, "best": best}
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def _resume(model: nn.Module, optimizers: _Optimizers, path: Path) -> tuple[int, float]:
    if not path.exists():
        return 0, math.inf
    state = torch.load(path, map_location=next(model.parameters()).device, weights_only=True)
    model.load_state_dict(state["model"])
    for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    return state["step"], state["best"]


def _report(folder: Path, step: int, steps: int, **values: float) -> None:
    line = {"step": step, **{name: round(value, 4) for name, value in values.items()}}
    with (folder / "curve.jsonl").open("a") as curve:
        curve.write(json.dumps(line) + "\n")
    print(f"step {step}/{steps}", *(f"{name} {value:.4f}" for name, value in values.items()), flush=True)
