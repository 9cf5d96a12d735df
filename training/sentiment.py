"""The embedded classifier of sentiment: `PerceiverForSequenceClassification`, taught to the embedded byte model.

python -m training.sentiment train --data DIR       DIR holds train.jsonl (.xz): {"text", "label", "source"} a line
python -m training.sentiment evaluate --data DIR    one JSON line: accuracy on the held-out tenth of each source
python -m training.sentiment baselines --data DIR   the same for TF-IDF with logistic regression
python -m training.sentiment export                 best weights -> assets/weights/sentiment
python -m training.sentiment card --data DIR        card and loss curve -> assets/weights/sentiment
"""

import argparse
import json
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PerceiverConfig, PerceiverForMaskedLM, PerceiverForSequenceClassification

from models.perceiver.engine import Encoded, decode, encode
from training.command import ASSETS, Recipe, exported, print_size, printed_before
from training.loop import Run, Schedule, best_weights, fit
from training.masked_bytes import config as masked_bytes_config
from training.record import read_record, write_record
from training.sentiment_evaluation import evaluate
from training.sentiment_rows import LONGEST, LabeledBatch, LabeledBatches, Parted, read_rows
from training.structured_start import structured_start

LATENTS = 128
"""The byte model's first half, which reads the first 256 of its 512 places: half the work."""
LABELS = {0: "negative", 1: "positive"}
BARS = {"sentence_polarity": 0.70, "pros_cons": 0.85}
SMOOTHING = 0.05
HIDDEN_SHARE = 0.3
"""Weight of guessing the hidden bytes beside the labels: few labels are a lot less to learn from than all the text."""


class Learner(nn.Module):
    """One encoder, and two decoders that read its latents: what the text says, and which bytes were hidden."""

    def __init__(self, masked: PerceiverForMaskedLM):
        super().__init__()
        settings = masked.config.to_dict() | {"id2label": LABELS, "label2id": {name: i for i, name in LABELS.items()}}
        self.masked, self.classifier = masked, PerceiverForSequenceClassification(PerceiverConfig(**settings))
        for part in ("input_preprocessor", "embeddings", "encoder"):
            setattr(self.classifier.perceiver, part, getattr(masked.perceiver, part))
        for module in self.classifier.perceiver.decoder.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, batch: LabeledBatch, frozen: bool = False) -> tuple[Tensor, Tensor]:
        """Mean cross-entropy in nats of the labels, and of the hidden bytes. frozen: the encoder learns nothing."""
        with torch.autocast(batch.ids.device.type, torch.bfloat16):
            with torch.set_grad_enabled(not frozen):
                encoded = encode(self.masked, batch.ids, batch.readable)
            logits = decode(self.classifier, encoded).float()
            hidden = batch.labels.new_zeros(()) if frozen else self._hidden_loss(batch, encoded)
        return F.cross_entropy(logits, batch.labels, label_smoothing=SMOOTHING), hidden

    def _hidden_loss(self, batch: LabeledBatch, encoded: Encoded) -> Tensor:
        most = max(1, int(batch.hidden.sum(dim=1).max()))
        positions = batch.hidden.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :most]
        counts = batch.hidden.gather(1, positions)
        logits = decode(self.masked, encoded, positions).float()
        wrong = F.cross_entropy(logits.transpose(1, 2), batch.clear.gather(1, positions), reduction="none")
        return (wrong * counts).sum() / counts.sum().clamp(min=1)


def from_byte_model() -> PerceiverForMaskedLM:
    """The embedded model of masked bytes, as far as it reads the first LONGEST bytes: those places, those latents."""
    whole = PerceiverForMaskedLM.from_pretrained(exported(ASSETS / "masked_bytes"), dtype=torch.float32)
    model = PerceiverForMaskedLM(small_config())
    wanted = model.state_dict()
    cut = {name: tensor[: len(wanted[name])] if tensor.ndim else tensor for name, tensor in whole.state_dict().items()}
    model.load_state_dict(cut)
    return model


def from_scratch() -> PerceiverForMaskedLM:
    model = PerceiverForMaskedLM(small_config())
    structured_start(model)
    return model


def small_config() -> PerceiverConfig:
    return PerceiverConfig(
        **masked_bytes_config().to_dict() | {"num_latents": LATENTS, "max_position_embeddings": LONGEST + 2}
    )


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    device = torch.device(args.device)
    torch.set_float32_matmul_precision("high")
    model = Learner(from_scratch() if args.scratch else from_byte_model()).to(device)
    args.run.mkdir(parents=True, exist_ok=True)
    model.classifier.config.save_pretrained(args.run)
    write_record(args, device)
    parted = read_rows(args.data)
    batches = LabeledBatches({source: parts.training for source, parts in parted.items()}, device, args.batch)
    print(f"{sum(p.numel() for p in model.classifier.parameters()):,} parameters on {device}", flush=True)

    def loss_of(step: int) -> Tensor:
        torch.manual_seed(args.seed * 1_000_003 + step)  # whoever resumes goes on drawing where the last session ended
        labels, hidden = model(batches.draw(), frozen=step < args.frozen)
        return labels + HIDDEN_SHARE * hidden

    def validate() -> float:
        scores = {source: evaluate(model.classifier, parts.watched) for source, parts in parted.items()}
        print(json.dumps(scores), flush=True)
        return 1 - scores["sentence_polarity"]["accuracy"]

    schedule = Schedule(args.steps, args.rate, warmup=args.warmup, muon=True)
    fit(model, loss_of, validate, schedule, Run(args.run, seconds=args.seconds, validate_every=args.validate_every))


def load_exported(weights: Path, device: str) -> PerceiverForSequenceClassification:
    """The weights of a folder that `export` wrote, as float32."""
    return PerceiverForSequenceClassification.from_pretrained(exported(weights), dtype=torch.float32).to(device).eval()


def load_best(run: Path) -> PerceiverForSequenceClassification:
    """The best weights of a run, as trained: float32, on the CPU."""
    model = Learner(PerceiverForMaskedLM(small_config()))
    model.load_state_dict(best_weights(run))
    return model.classifier


def print_evaluation(args: argparse.Namespace) -> None:
    parted = read_rows(args.data)
    began = time.monotonic()
    scores = _scores(load_exported(args.weights, args.device), parted)
    print(json.dumps(scores | {"seconds": round(time.monotonic() - began, 1)}))


def _scores(model: PerceiverForSequenceClassification, parted: dict[str, Parted]) -> dict[str, dict]:
    """By source, with the bar that was set before the training, where there is one."""
    found = {source: evaluate(model, parts.held_out) for source, parts in parted.items()}
    for source, bar in BARS.items():
        found[source] |= {"bar": bar, "met": found[source]["accuracy"] >= bar}
    return found


def print_baselines(args: argparse.Namespace) -> None:
    print(json.dumps(_baselines(read_rows(args.data))))


def _baselines(parted: dict[str, Parted]) -> dict[str, dict]:
    # Here and not above: scikit-learn is for this alone (requirements-dev.txt).
    from training.sentiment_baselines import baselines

    return baselines(parted)


def export(args: argparse.Namespace) -> None:
    """The best weights of a run, as float16: half the size."""
    load_best(args.run).half().save_pretrained(args.to)
    print_size(args.to)


def card(args: argparse.Namespace) -> None:
    """Card, scores and curve of the exported weights; what is not given as a file is computed."""
    # Here and not above: a machine that only trains need not have matplotlib.
    from training.curve import read_curve
    from training.sentiment_card import Report, write_card

    parted = read_rows(args.data)
    scores = printed_before(args.scores, lambda: _scores(load_exported(args.weights, args.device), parted))
    report = Report(
        curve=read_curve(args.curve or [args.run / "curve.jsonl"]),
        training=read_record(args.run),
        scores={source: scores[source] for source in parted},
        baselines=printed_before(args.baselines, lambda: _baselines(parted)),
        data={
            source: {part: len(getattr(parts, part)) for part in ("training", "watched", "held_out")}
            for source, parts in parted.items()
        },
    )
    write_card(report, args.weights, args.to)
    print(f"{args.to}: card.md, scores.json, curve.jsonl, curve.svg")


RECIPE = Recipe(
    doc=__doc__,
    model="sentiment",
    train=train,
    evaluate=print_evaluation,
    baselines=print_baselines,
    export=export,
    card=card,
    options={
        "steps": 1_500,
        "batch": 64,
        "rate": 5e-4,
        "warmup": 50,
        "frozen": (0, "steps in which only the decoder learns"),
        "scratch": (0, "1: not from the embedded byte model"),
        "validate_every": 100,
    },
)

if __name__ == "__main__":
    RECIPE.main()
