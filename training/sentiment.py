"""The demo model for sentiment: `PerceiverForSequenceClassification`, fine-tuned from the model for masked bytes."""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PerceiverConfig, PerceiverForMaskedLM, PerceiverForSequenceClassification

from models.perceiver.engine import Encoded, decode, encode
from training.card import Facts, Report
from training.masked_bytes import config as masked_bytes_config
from training.recipe import ASSETS, Objective, Recipe, check_exported
from training.sentiment_card import facts
from training.sentiment_rows import LONGEST, LabeledBatch, LabeledBatches, Splits, read_rows
from training.sentiment_scores import baselines, evaluate
from training.structured_start import structured_start

LATENTS = 128
"""Half of the latents of the byte model, which read the first 256 of its 512 bytes: half the work."""
LABELS = {0: "negative", 1: "positive"}
BARS = {"sentence_polarity": 0.70, "pros_cons": 0.85}
SMOOTHING = 0.05
MASKED_WEIGHT = 0.3
"""Weight of the loss for masked bytes: a few labels carry less information than the text."""


class Learner(nn.Module):
    """One encoder, and two decoders that read its latents: for the label, and for masked bytes."""

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
        """Mean cross-entropy in nats of the labels, and of the masked bytes. frozen: the encoder learns nothing."""
        with torch.autocast(batch.ids.device.type, torch.bfloat16):
            with torch.set_grad_enabled(not frozen):
                encoded = encode(self.masked, batch.ids, batch.readable)
            logits = decode(self.classifier, encoded).float()
            masked = batch.labels.new_zeros(()) if frozen else self._masked_loss(batch, encoded)
        return F.cross_entropy(logits, batch.labels, label_smoothing=SMOOTHING), masked

    def _masked_loss(self, batch: LabeledBatch, encoded: Encoded) -> Tensor:
        most = max(1, int(batch.masked.sum(dim=1).max()))
        positions = batch.masked.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :most]
        counts = batch.masked.gather(1, positions)
        logits = decode(self.masked, encoded, positions).float()
        nats = F.cross_entropy(logits.transpose(1, 2), batch.clear.gather(1, positions), reduction="none")
        return (nats * counts).sum() / counts.sum().clamp(min=1)


def from_byte_model() -> PerceiverForMaskedLM:
    """The demo model for masked bytes, cut to the positions and latents that belong to the first LONGEST bytes."""
    whole = PerceiverForMaskedLM.from_pretrained(check_exported(ASSETS / "masked_bytes"), dtype=torch.float32)
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


class Sentiment(Recipe):
    model = "sentiment"
    data = 'folder with train.jsonl (.xz): {"text", "label", "source"} per line'
    options: ClassVar = {
        "steps": 1_500,
        "batch": 64,
        "rate": 5e-4,
        "warmup": 50,
        "frozen": (0, "steps in which only the decoder learns"),
        "scratch": (0, "1: do not start from the model for masked bytes"),
        "validate_every": 100,
    }

    def network(self) -> type[PerceiverForSequenceClassification]:
        return PerceiverForSequenceClassification

    def build(self) -> Learner:
        return Learner(from_scratch() if self.args.scratch else from_byte_model())

    def exported(self, model: Learner) -> PerceiverForSequenceClassification:
        return model.classifier

    def restore(self, run: Path) -> Learner:
        return Learner(PerceiverForMaskedLM(small_config()))

    @cached_property
    def sources(self) -> dict[str, Splits]:
        return read_rows(self.args.data)

    def objective(self, model: Learner) -> Objective:
        rows = {source: splits.train for source, splits in self.sources.items()}
        batches = LabeledBatches(rows, torch.device(self.args.device), self.args.batch)

        def draw(step: int) -> tuple[LabeledBatch, bool]:
            return batches.draw(), step < self.args.frozen

        def loss(model: Learner, drawn: tuple[LabeledBatch, bool]) -> Tensor:
            labels, masked = model(*drawn)
            return labels + MASKED_WEIGHT * masked

        def validate() -> dict:
            return {source: evaluate(model.classifier, splits.validation) for source, splits in self.sources.items()}

        return Objective(draw, loss, validate, lambda scores: 1 - scores["sentence_polarity"]["accuracy"])

    def evaluate(self, model: PerceiverForSequenceClassification) -> dict[str, dict]:
        """By source, with the target that was set before the training, if any."""
        found = {source: evaluate(model, splits.test) for source, splits in self.sources.items()}
        for source, bar in BARS.items():
            found[source] |= {"bar": bar, "met": found[source]["accuracy"] >= bar}
        return found

    def baselines(self) -> dict[str, dict]:
        return baselines(self.sources)

    def rounding_scores(self, model: PerceiverForSequenceClassification) -> dict[str, float]:
        scores = evaluate(model, self.sources["sentence_polarity"].validation)
        return {name: scores[name] for name in ("accuracy", "nats")}

    def facts(self, report: Report, model: PerceiverForSequenceClassification) -> Facts:
        return facts(report, self.sources)


if __name__ == "__main__":
    Sentiment.main()
