"""The embedded text model: a byte-level Perceiver AR trained from scratch on prose.

python -m training.text_generation train --data DIR        DIR holds train, valid and factbook (.txt or .txt.xz)
python -m training.text_generation evaluate --data FILE    one JSON line: bits per byte, every byte predicted once
python -m training.text_generation baselines --data DIR    the same for gzip, bzip2, xz and a 5-gram
python -m training.text_generation export                  best weights -> assets/weights/text_generation
python -m training.text_generation card --data DIR         card and loss curve -> assets/weights/text_generation
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_config import PerceiverArConfig, read_config, write_config
from models.perceiver.ar_weights import load, save
from models.tasks.byte_tokens import FIRST_BYTE
from training.command import Recipe, exported, print_size, printed_before
from training.data import find_text, read_bytes, training_text
from training.loop import Run, Schedule, best_weights, fit
from training.record import read_record, write_record
from training.text_batches import Batch, Batches, random_prefix
from training.text_evaluation import baselines, by_prefix, evaluate

VALIDATED = 512
"""Windows that a validation scores, spread over the file: enough to rank weights, in seconds."""


def config(
    channels: int = 256, heads: int = 4, layers: int = 5, context: int = 1024, latents: int = 256, dropout: float = 0.1
) -> PerceiverArConfig:
    """layers: of self-attention, all of them with rotary positions; there is one of cross-attention besides.

    dropout: share of the prefix that is left out in training. The defaults stay under 5 M parameters.
    """
    return PerceiverArConfig(
        vocab_size=FIRST_BYTE + 256,
        max_seq_len=context,
        max_latents=latents,
        num_channels=channels,
        num_heads=heads,
        num_self_attention_layers=layers,
        num_self_attention_rotary_layers=-1,
        cross_attention_dropout=dropout,
        output_norm=True,
        output_bias=False,
        abs_pos_emb=False,
    )


def batch_loss(model: PerceiverAr, batch: Batch) -> Tensor:
    """Mean cross-entropy in nats over what follows each latent."""
    with torch.autocast(batch.ids.device.type, torch.bfloat16):
        logits = model(batch.ids, batch.prefix)
    return F.cross_entropy(logits.float().flatten(0, 1), batch.targets.flatten())


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    torch.set_float32_matmul_precision("high")
    names = ("channels", "heads", "layers", "context", "latents", "dropout")
    model = PerceiverAr(config(**{name: getattr(args, name) for name in names})).to(device)
    args.run.mkdir(parents=True, exist_ok=True)
    write_config(model.config, args.run)
    write_record(args, device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}", flush=True)

    batches = Batches(training_text(args.data), device, args.batch, args.latents)
    valid = find_text(args.data, "valid")
    step_loss = torch.compile(batch_loss) if args.compile else batch_loss

    def loss_of(step: int) -> Tensor:
        torch.manual_seed(args.seed * 1_000_003 + step)  # whoever resumes goes on drawing where the last session ended
        return step_loss(model.train(), batches.draw(random_prefix(step / args.steps, model.config.max_prefix)))

    def validate() -> float:
        return evaluate(model, valid, every=interval(valid, model.config))["bits_per_byte"]

    schedule = Schedule(args.steps, args.rate, warmup=args.warmup, muon=True)
    fit(model, loss_of, validate, schedule, Run(args.run, seconds=args.seconds, validate_every=args.validate_every))


def interval(text: np.ndarray, config: PerceiverArConfig) -> int:
    """Of how many windows one has to be scored for VALIDATED of them to be spread over a text, uint8 [n]."""
    return max(1, 2 * len(text) // config.max_latents // VALIDATED)


def load_best(run: Path) -> PerceiverAr:
    """The best weights of a run, as trained: float32, on the CPU."""
    model = PerceiverAr(read_config(run))
    model.load_state_dict(best_weights(run))
    return model.eval()


def load_exported(weights: Path, device: str) -> PerceiverAr:
    """The weights of a folder that `export` wrote, as float32."""
    return load(exported(weights)).to(device)


def print_evaluation(args: argparse.Namespace) -> None:
    text = read_bytes(args.data)
    model = load_exported(args.weights, args.device)
    began = time.monotonic()
    scores = evaluate(model, text)
    print(json.dumps(scores | {"data": args.data.name, "seconds": round(time.monotonic() - began, 1)}))


def print_baselines(args: argparse.Namespace) -> None:
    print(json.dumps(baselines(training_text(args.data), find_text(args.data, "valid"))))


def export(args: argparse.Namespace) -> None:
    """The best weights of a run, as float16, under the names that perceiver-io gives them."""
    save(load_best(args.run), args.to, torch.float16)
    print_size(args.to)


def card(args: argparse.Namespace) -> None:
    """Card, scores and curve of the exported weights; what is not given as a file is computed."""
    # Here and not above: a machine that only trains need not have matplotlib.
    from training.curve import read_curve
    from training.text_card import Report, write_card
    from training.text_samples import samples

    texts = {name: find_text(args.data, name) for name in ("train", "factbook", "valid")}
    model = load_exported(args.weights, args.device)
    every = interval(texts["valid"], model.config)
    with_less = by_prefix(model, texts["valid"], every)
    rounding = None
    if (args.run / "best.pt").exists():
        trained = evaluate(load_best(args.run).to(args.device), texts["valid"], every=every)
        rounding = (trained["bits_per_byte"], with_less[model.config.max_prefix]["bits_per_byte"])
    report = Report(
        curve=read_curve(args.curve or [args.run / "curve.jsonl"]),
        training=read_record(args.run),
        scores=printed_before(args.scores, lambda: evaluate(model, texts["valid"])),
        baselines=printed_before(args.baselines, lambda: baselines(training_text(args.data), texts["valid"])),
        by_prefix=with_less,
        data={name: len(text) for name, text in texts.items()},
        samples=samples(model),
        rounding=rounding,
    )
    write_card(report, args.weights, args.to)
    print(f"{args.to}: card.md, scores.json, curve.jsonl, curve.svg")


RECIPE = Recipe(
    doc=__doc__,
    model="text_generation",
    train=train,
    evaluate=print_evaluation,
    baselines=print_baselines,
    export=export,
    card=card,
    options={
        "steps": 6000,
        "batch": (32, "windows a step; each gives as many bytes to predict as there are latents"),
        "rate": 3e-3,
        "warmup": 200,
        "channels": 256,
        "heads": 4,
        "layers": 5,
        "context": 1024,
        "latents": 256,
        "dropout": (0.1, "share of the prefix that is left out"),
        "validate_every": 500,
    },
)

if __name__ == "__main__":
    RECIPE.main()
