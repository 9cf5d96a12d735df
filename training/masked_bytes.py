"""The demo model for masked bytes: `PerceiverForMaskedLM`, trained from scratch on prose."""

from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import PerceiverConfig, PerceiverForMaskedLM

from training.byte_batches import TEXT_LENGTH, Batch, Batches, masked_byte_logits
from training.byte_card import facts
from training.byte_evaluation import baselines, evaluate
from training.card import Facts, Report
from training.data import evaluation_text, find_text, training_text
from training.recipe import Objective, Recipe
from training.structured_start import structured_start

VALIDATED, COMPARED = 512, 256
"""Windows for a validation, and for comparing weights before and after rounding."""


def config(blocks: int = 2, layers: int = 5, widening: int = 4) -> PerceiverConfig:
    """256 latents for up to 512 bytes; `layers` of self-attention, applied `blocks` times. Under 5 M parameters."""
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
    """Mean cross-entropy in nats over the masked bytes."""
    with torch.autocast(batch.ids.device.type, torch.bfloat16):
        logits = masked_byte_logits(model, batch)
    nats = F.cross_entropy(logits.float().transpose(1, 2), batch.targets.gather(1, batch.positions), reduction="none")
    return (nats * batch.counts).sum() / batch.counts.sum()


class MaskedBytes(Recipe):
    model = "masked_bytes"
    data = "folder with train, valid and factbook (.txt or .txt.xz); for evaluate, also a text file"
    muon = False
    compiles = True
    options: ClassVar = {
        "steps": 20_000,
        "batch": 64,
        "rate": 2e-3,
        "warmup": 500,
        "blocks": 2,
        "layers": 5,
        "widening": 4,
        "validate_every": 1000,
    }

    def network(self) -> type[PerceiverForMaskedLM]:
        return PerceiverForMaskedLM

    def build(self) -> PerceiverForMaskedLM:
        model = PerceiverForMaskedLM(config(self.args.blocks, self.args.layers, self.args.widening))
        structured_start(model)
        return model

    def objective(self, model: PerceiverForMaskedLM) -> Objective:
        batches = Batches(training_text(self.args.data), torch.device(self.args.device), self.args.batch)

        def draw(step: int) -> Batch:
            """Single bytes first, from which the model learns positions; then more and more spans."""
            return batches.draw(single_share=max(0.2, 0.6 - step / self.args.steps))

        def validate() -> dict:
            return evaluate(model, self.valid, VALIDATED)

        return Objective(draw, batch_loss, validate, lambda scores: scores["nats_per_byte"])

    @cached_property
    def valid(self) -> np.ndarray:
        return find_text(self.args.data, "valid")

    def evaluate(self, model: PerceiverForMaskedLM) -> dict:
        name, text = evaluation_text(self.args.data)
        return evaluate(model, text) | {"data": name}

    def baselines(self) -> dict:
        return baselines(training_text(self.args.data), self.valid)

    def rounding_scores(self, model: PerceiverForMaskedLM) -> dict[str, float]:
        return {"nats per byte": evaluate(model, self.valid, COMPARED)["nats_per_byte"]}

    def facts(self, report: Report, model: PerceiverForMaskedLM) -> Facts:
        sizes = {name: len(find_text(self.args.data, name)) for name in ("train", "factbook", "valid")}
        return facts(report, sizes)


if __name__ == "__main__":
    MaskedBytes.main()
