"""The demo model for text generation: a byte-level Perceiver AR, trained from scratch on prose."""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_config import PerceiverArConfig, read_config, write_config
from models.perceiver.ar_weights import load, save
from models.tasks.byte_tokens import FIRST_BYTE
from training.card import Facts, Report
from training.data import evaluation_text, find_text, training_text
from training.recipe import ASSETS, Objective, Recipe, check_exported
from training.text_batches import Batch, Batches, random_prefix
from training.text_card import facts
from training.text_evaluation import baselines, by_prefix, evaluate
from training.text_memory import recalled
from training.text_samples import samples

VALIDATED = 512
"""Windows that a validation scores, spread over the text: enough to rank weights, in seconds."""


def config(
    channels: int = 256,
    heads: int = 4,
    layers: int = 5,
    context: int = 1024,
    latents: int = 256,
    dropout: float = 0.1,
    matching: str = "3 4 6",
) -> PerceiverArConfig:
    """layers: of self-attention, all with rotary positions, after one layer of cross-attention.

    dropout: share of the prefix that is dropped in training. matching: orders of the matching heads. The defaults stay
    under 5 M parameters.
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
        matching_orders=tuple(map(int, matching.split())),
    )


def batch_loss(model: PerceiverAr, batch: Batch) -> Tensor:
    """Mean cross-entropy in nats over the bytes after each latent."""
    with torch.autocast(batch.ids.device.type, torch.bfloat16):
        logits = model(batch.ids, batch.prefix)
    return F.cross_entropy(logits.float().flatten(0, 1), batch.targets.flatten())


class TextGeneration(Recipe):
    model = "text_generation"
    data = "folder with train, valid and factbook (.txt or .txt.xz); for evaluate, also a text file"
    compiles = True
    options: ClassVar = {
        "steps": 6000,
        "batch": (32, "windows per step; each has as many bytes to predict as latents"),
        "rate": 3e-3,
        "warmup": 200,
        "channels": 256,
        "heads": 4,
        "layers": 5,
        "context": 1024,
        "latents": 256,
        "dropout": (0.1, "share of the prefix that is dropped"),
        "matching": ("3 4 6", "orders of the matching heads"),
        "names": (0.15, "share of the windows in which a made-up name is repeated"),
        "start": ("none", "initial weights: none, or exported ones of this recipe, with or without matching heads"),
        "first_prefix": (64, "longest prefix at first; it grows for half of the steps"),
        "validate_every": 500,
    }

    def build(self) -> PerceiverAr:
        names = ("channels", "heads", "layers", "context", "latents", "dropout", "matching")
        model = PerceiverAr(config(**{name: getattr(self.args, name) for name in names}))
        if self.args.start == "exported":
            model.load_state_dict(model.state_dict() | self.load(ASSETS / self.model).state_dict())
        return model

    def restore(self, run: Path) -> PerceiverAr:
        return PerceiverAr(read_config(run))

    def save_config(self, model: PerceiverAr, run: Path) -> None:
        write_config(model.config, run)

    def save(self, model: PerceiverAr, folder: Path) -> None:
        """With the names of perceiver-io."""
        save(model, folder, torch.float16)

    def load(self, weights: Path) -> PerceiverAr:
        return load(check_exported(weights))

    def objective(self, model: PerceiverAr) -> Objective:
        args = self.args
        batches = Batches(training_text(args.data), torch.device(args.device), args.batch, args.latents, args.names)

        def draw(step: int) -> Batch:
            return batches.draw(random_prefix(step / args.steps, args.first_prefix, model.config.max_prefix))

        def validate() -> dict:
            return evaluate(model, self.valid, every=self._interval(model))

        return Objective(draw, batch_loss, validate, lambda scores: scores["bits_per_byte"])

    @cached_property
    def valid(self) -> np.ndarray:
        return find_text(self.args.data, "valid")

    def _interval(self, model: PerceiverAr) -> int:
        """One of how many windows to score, for VALIDATED of them to be spread over the validation text."""
        return max(1, 2 * len(self.valid) // model.config.max_latents // VALIDATED)

    def evaluate(self, model: PerceiverAr) -> dict:
        name, text = evaluation_text(self.args.data)
        return evaluate(model, text) | {"data": name, "recall": recalled(model, text)}

    def baselines(self) -> dict:
        return baselines(training_text(self.args.data), self.valid)

    def rounding_scores(self, model: PerceiverAr) -> dict[str, float]:
        return {"bits per byte": evaluate(model, self.valid, every=self._interval(model))["bits_per_byte"]}

    def facts(self, report: Report, model: PerceiverAr) -> Facts:
        sizes = {name: len(find_text(self.args.data, name)) for name in ("train", "factbook", "valid")}
        every = self._interval(model)
        prefixes = {matching: by_prefix(model, self.valid, every, matching=matching) for matching in (True, False)}
        return facts(report, model.config, sizes, prefixes, samples(model))


if __name__ == "__main__":
    TextGeneration.main()
