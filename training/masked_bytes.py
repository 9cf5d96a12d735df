"""The embedded byte model: `PerceiverForMaskedLM` trained from scratch on prose.

python -m training.masked_bytes train --data DIR        DIR holds train, valid and factbook (.txt or .txt.xz)
python -m training.masked_bytes evaluate --data FILE    one JSON line: accuracy and nats per masked byte
python -m training.masked_bytes baselines --data DIR    the same for most frequent byte and two-sided 5-gram
python -m training.masked_bytes export                  best weights -> assets/weights/masked_bytes
python -m training.masked_bytes card --data DIR         card and loss curve -> assets/weights/masked_bytes
"""

import argparse
import json
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverConfig, PerceiverForMaskedLM

from training.byte_batches import TEXT_LENGTH, Batch, Batches, hidden_byte_logits
from training.byte_evaluation import baselines, evaluate
from training.command import Recipe, exported, print_size, printed_before
from training.data import find_text, read_bytes, training_text
from training.loop import Run, Schedule, best_weights, fit
from training.record import read_record, write_record
from training.structured_start import structured_start

# Enough to see a difference that float16 would make, in seconds.
ROUNDING_WINDOWS = 256


def config(blocks: int = 2, layers: int = 5, widening: int = 4) -> PerceiverConfig:
    """256 latents read up to 512 bytes; `blocks` times the same `layers`. Stays under 5 M parameters."""
    return PerceiverConfig(
        num_latents=256,
        d_latents=256,
        d_model=192,
        num_blocks=blocks,
        num_self_attends_per_block=layers,
        num_self_attention_heads=8,
        num_cross_attention_heads=8,
        qk_channels=256,
        v_channels=256,
        self_attention_widening_factor=widening,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=TEXT_LENGTH + 2,  # [CLS] and [SEP]
    )


def batch_loss(model: PerceiverForMaskedLM, batch: Batch) -> Tensor:
    """Mean cross-entropy in nats over the hidden bytes."""
    with torch.autocast(batch.ids.device.type, torch.bfloat16):
        logits = hidden_byte_logits(model, batch)
    wrong = F.cross_entropy(logits.float().transpose(1, 2), batch.targets.gather(1, batch.positions), reduction="none")
    return (wrong * batch.counts).sum() / batch.counts.sum()


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    torch.set_float32_matmul_precision("high")
    size = {"blocks": args.blocks, "layers": args.layers, "widening": args.widening}
    model = PerceiverForMaskedLM(config(**size))
    structured_start(model)
    schedule = Schedule(args.steps, args.rate, warmup=args.warmup)
    args.run.mkdir(parents=True, exist_ok=True)
    (args.run / "model.json").write_text(json.dumps(size))
    write_record(args, device)
    model.to(device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}", flush=True)

    batches = Batches(training_text(args.data), device, args.batch)
    valid = find_text(args.data, "valid")
    step_loss = torch.compile(batch_loss) if args.compile else batch_loss

    def loss_of(step: int) -> Tensor:
        """Single bytes first, since they teach where things are; then ever more spans."""
        torch.manual_seed(args.seed * 1_000_003 + step)  # whoever resumes goes on drawing where the last session ended
        return step_loss(model, batches.draw(single_share=max(0.2, 0.6 - step / args.steps)))

    def validate() -> float:
        scores = evaluate(model, valid, windows=512)
        print(json.dumps(scores), flush=True)
        return scores["nats_per_byte"]

    fit(model, loss_of, validate, schedule, Run(args.run, seconds=args.seconds, validate_every=args.validate_every))


def load_exported(weights: Path, device: str) -> PerceiverForMaskedLM:
    """The weights of a folder that `export` wrote, as float32."""
    return PerceiverForMaskedLM.from_pretrained(exported(weights), dtype=torch.float32).to(device).eval()


def load_best(run: Path) -> PerceiverForMaskedLM:
    """The best weights of a run, as trained: float32, on the CPU."""
    model = PerceiverForMaskedLM(config(**json.loads((run / "model.json").read_text())))
    model.load_state_dict(best_weights(run))
    return model


def print_evaluation(args: argparse.Namespace) -> None:
    text = read_bytes(args.data)
    model = load_exported(args.weights, args.device)
    began = time.monotonic()
    scores = evaluate(model, text)
    print(json.dumps(scores | {"data": args.data.name, "seconds": round(time.monotonic() - began, 1)}))


def print_baselines(args: argparse.Namespace) -> None:
    print(json.dumps(baselines(training_text(args.data), find_text(args.data, "valid"))))


def export(args: argparse.Namespace) -> None:
    """The best weights of a run, as float16: half the size, and no difference that the evaluation can see."""
    load_best(args.run).half().save_pretrained(args.to)
    print_size(args.to)


def card(args: argparse.Namespace) -> None:
    """Card and curve of the exported weights; what is not given as a file is computed."""
    # Here and not above: a machine that only trains need not have matplotlib.
    from training.byte_card import Report, write_card
    from training.curve import read_curve

    curve = read_curve(args.curve or [args.run / "curve.jsonl"])
    texts = {name: find_text(args.data, name) for name in ("train", "factbook", "valid")}
    model = load_exported(args.weights, args.device)
    rounding = None
    if (args.run / "best.pt").exists():
        trained = load_best(args.run).to(args.device).eval()
        few = [evaluate(each, texts["valid"], ROUNDING_WINDOWS)["nats_per_byte"] for each in (trained, model)]
        rounding = (*few, ROUNDING_WINDOWS)
    report = Report(
        curve=curve,
        training=read_record(args.run),
        scores=printed_before(args.scores, lambda: evaluate(model, texts["valid"])),
        baselines=printed_before(args.baselines, lambda: baselines(training_text(args.data), texts["valid"])),
        data={name: len(text) for name, text in texts.items()},
        rounding=rounding,
    )
    write_card(report, args.weights, args.to)
    print(f"{args.to}: card.md, curve.jsonl, curve.svg")


RECIPE = Recipe(
    doc=__doc__,
    model="masked_bytes",
    train=train,
    evaluate=print_evaluation,
    baselines=print_baselines,
    export=export,
    card=card,
    options={
        "steps": 20_000,
        "batch": 64,
        "rate": 2e-3,
        "warmup": 500,
        "blocks": 2,
        "layers": 5,
        "widening": 4,
        "validate_every": 1000,
    },
)

if __name__ == "__main__":
    RECIPE.main()
