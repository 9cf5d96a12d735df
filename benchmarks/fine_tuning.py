"""A fine-tuning step with all parameters trainable: the plain loop with transformers against `FineTuner`.

python -m benchmarks.fine_tuning [--steps 10] [--size published]

Prints a table and, as its last line, the same as JSON. The reference is the loop of the guides: the tokenizer pads to
the context length, the forward of the model takes the labels, and AdamW is that of torch with its defaults. Both start
from the same random weights and train on the same batches with the same learning rate, in float32 (ours except for
weight gradients, see `coarse_weight_gradients`), without dropout; the run stops if their losses differ. The steps
alternate.
"""

import argparse
import json
import math
from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import torch
from transformers import PerceiverForSequenceClassification, PerceiverTokenizer

from benchmarks.start import print_machine, random_model
from benchmarks.timing import medians
from models.perceiver.checkpoints import config_of
from models.perceiver.fine_tuning import FineTuner, Hyperparameters, Rows, TrainingStep
from models.tasks.byte_tokens import padded_ids
from models.tasks.sentiment import SENTIMENT

BATCH = 4
RATE = 5e-5
TOLERANCE = 1e-3
LENGTHS = {"published": (200, 1_300), "embedded": (40, 254)}
"""Bytes of the shortest and the longest row: reviews, and sentences."""
WORDS = ("a", "and", "bad", "but", "dull", "film", "fine", "good", "is", "it", "long", "not", "of", "the", "was")
THEIRS, OURS = "transformers, padded, AdamW", "`FineTuner`"


def texts(count: int, shortest: int, longest: int) -> list[str]:
    """Random common words; the lengths are spread evenly."""
    draws = np.random.default_rng(0)
    lengths = draws.integers(shortest, longest, endpoint=True, size=count).tolist()
    return [" ".join(draws.choice(WORDS, size=longest))[:length] for length in lengths]


def theirs(
    model: PerceiverForSequenceClassification, rows: list[str], labels: list[int], done: list[TrainingStep]
) -> Iterator[float]:
    """Yields the loss of each step.

    done: steps of ours, whose batches are reused.
    """
    length = model.config.max_position_embeddings
    tokens = PerceiverTokenizer(model_max_length=length)(
        rows, padding="max_length", truncation=True, return_tensors="pt"
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE)
    while True:
        batch = list(done[-1].batch)
        optimiser.zero_grad()
        loss = model(
            inputs=tokens["input_ids"][batch],
            attention_mask=tokens["attention_mask"][batch],
            labels=torch.tensor([labels[row] for row in batch]),
        ).loss
        loss.backward()
        optimiser.step()
        yield loss.item()


def compare(size: str, steps: int) -> tuple[dict[str, float], float, float]:
    """Median seconds per step; the largest difference of the losses, and their range."""
    config = config_of(SENTIMENT.checkpoint("published" if size == "published" else "embedded"))
    rows = texts(steps * BATCH, *LENGTHS[size])
    labels = [row % 2 for row in range(len(rows))]
    tokens = [padded_ids([row.encode()])[0][0] for row in rows]
    recipe = Hyperparameters(1, BATCH, RATE, rate=lambda step, all_of_them: 1.0, clip=math.inf)
    tuner = FineTuner(random_model(PerceiverForSequenceClassification, config), Rows(tokens, labels), 2, recipe)
    model = deepcopy(tuner.model)
    steps_of_ours = tuner.train()
    done: list[TrainingStep] = []
    losses: list[float] = []
    steps_of_theirs = theirs(model, rows, labels, done)
    seconds = medians(
        {
            OURS: lambda: done.append(next(steps_of_ours)),
            THEIRS: lambda: losses.append(next(steps_of_theirs)),
        },
        runs=steps - 1,
    )
    apart = max(abs(learned.loss - loss) for learned, loss in zip(done, losses, strict=True))
    return seconds, apart, max(losses) - min(losses)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--size", choices=tuple(LENGTHS), action="append")
    args = parser.parse_args()
    print_machine()
    print("\n| size | transformers, s | ours, s | speedup | largest difference of the losses | range of the losses |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    found = {}
    for size in args.size or LENGTHS:
        seconds, apart, spread = compare(size, args.steps)
        faster = seconds[THEIRS] / seconds[OURS]
        print(f"| {size} | {seconds[THEIRS]:.3f} | {seconds[OURS]:.3f} | {faster:.2f} | {apart:.1e} | {spread:.2f} |")
        if apart > TOLERANCE:
            raise SystemExit(f"the losses differ: by {apart:.1e} at the {size} size")
        found[size] = {"seconds": seconds, "largest_difference": apart}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
