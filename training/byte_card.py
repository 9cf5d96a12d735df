"""The card of the embedded byte model: what it is, what it was trained on, and how well it does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.card import Curve, architecture_section, precision_section, table, training_section
from training.curve import draw_curve, save_svg, write_curve


@dataclass(frozen=True, slots=True)
class Report:
    """What the card says.

    curve: lines of `read_curve`. training: RUN/training.json, to which "remarks" may be added by hand; {} without one.
    scores, baselines: as `evaluate` and `baselines` print them. data: bytes of each text. rounding: nats per byte of
    the float32 weights as trained, of those on disk, and on how many windows; None without the former.
    """

    curve: Curve
    training: dict[str, Any]
    scores: dict[str, Any]
    baselines: dict[str, dict[str, Any]]
    data: dict[str, int]
    rounding: tuple[float, float, int] | None


def write_card(report: Report, weights: Path, folder: Path) -> None:
    """Writes card.md, curve.jsonl and curve.svg into the folder. weights: holds model.safetensors and config.json."""
    counts = {report.scores["masked_bytes"], *(scores["masked_bytes"] for scores in report.baselines.values())}
    if len(counts) > 1:
        raise SystemExit(f"Scores and baselines are not of the same masks: {sorted(counts)} hidden bytes.")
    folder.mkdir(parents=True, exist_ok=True)
    write_curve(report.curve, folder / "curve.jsonl")
    levels = {
        "most frequent byte": report.baselines["most_frequent"]["nats_per_byte"],
        "two-sided 5-gram": report.baselines["two_sided_5gram"]["nats_per_byte"],
    }
    figure = draw_curve(report.curve, "Embedded byte model", "nats per hidden byte", levels)
    save_svg(figure, folder / "curve.svg")
    sections = (
        INTRODUCTION,
        architecture_section(weights, INPUTS, DECODER),
        _data(report.data),
        _training(report.training, report.curve),
        _scores(report.scores, report.baselines),
        _precision(weights, report.rounding),
        LIMITS,
        COMMANDS,
    )
    (folder / "card.md").write_text("\n".join(sections))


INTRODUCTION = """# Embedded byte model

A small Perceiver IO that fills in the hidden bytes of English text: `PerceiverForMaskedLM` of transformers, trained
from scratch by the recipe `training/masked_bytes.py`. It reads up to 512 UTF-8 bytes, without a vocabulary (an id is a
byte + 6), and answers with a distribution over the byte at each hidden place.
"""

INPUTS = "514 x 192: [CLS], up to 512 bytes, [SEP]; learned positions"
DECODER = "1 cross-attention, one learned query for each place; logits through the input embedding (tied)"

CURVE = """
![Loss against steps](curve.svg)

The loss of the training batches rises in between because their masks get harder over the first 40 % of the steps. The
masks of the validation never change.
"""

LIMITS = """## Limits

- It knows English prose of 1925 and before and World Factbook entries, and no other language. Modern words, code and
  bytes outside ASCII are next to unseen.
- 512 bytes are all it can read; what lies further away cannot help it.
- Several hidden bytes are guessed independently of each other: long gaps come out as letters that do not agree.
- It may repeat the prejudices of its period about people, peoples and sexes. It knows no facts to rely on.
- It is made to show how a Perceiver works, not to be relied on.
"""

COMMANDS = """## Made with

```
python -m training.masked_bytes train --data DIR --run RUN
python -m training.masked_bytes export --run RUN
python -m training.masked_bytes evaluate --data DIR/valid.txt.xz
python -m training.masked_bytes baselines --data DIR
python -m training.masked_bytes card --data DIR --run RUN
```

The options of this run are in `training/README.md`. Its best weights were picked on windows of the same `valid.txt`.
"""


def _data(data: dict[str, int]) -> str:
    prose = "English novels and essays first published 1925 or earlier; split by author"
    rows = (
        ("`train.txt`", prose, f"{data['train'] / 1e6:.1f} MB", "public domain by date"),
        ("`factbook.txt`", "World Factbook, read twice", f"{data['factbook'] / 1e6:.1f} MB", "CC0"),
        ("`valid.txt`, for the scores", "the same kind as `train.txt`, other authors", f"{data['valid'] / 1e6:.1f} MB",
         "public domain by date"),
    )  # fmt: skip
    head = ("text", "what", "size", "license")
    return "## Data\n\nOnly the weights are shipped, none of the text.\n\n" + table(head, rows)


def _training(training: dict[str, Any], curve: Curve) -> str:
    seen = {}
    if "batch" in training:
        windows = int(curve[-1]["step"]) * training["batch"]
        seen["sequences"] = f"{windows:,} windows of at most 512 bytes, {training['batch']} a batch"
    recipe = {
        "masks": "5 to 25 % of the bytes: single ones in 60 % of the examples, falling to 20 %; else spans or words",
        "start": "Fourier features of the position in the first 32 channels (`training/structured_start.py`)",
    }
    return training_section(training, curve, seen, recipe, "nats on 512 windows of `valid.txt`") + CURVE


def _scores(scores: dict[str, Any], baselines: dict[str, dict[str, Any]]) -> str:
    """All on one set of masks; a column for each width of the hidden span."""
    rows = {
        "**this model**": scores,
        "5-gram that looks both ways": baselines["two_sided_5gram"],
        "most frequent byte": baselines["most_frequent"],
    }
    widths = list(scores["accuracy_by_width"])
    head = ("", "accuracy", "nats per byte", *(f"{width} wide" for width in widths))
    body = [
        (
            name,
            f"{row['accuracy']:.1%}",
            f"{row['nats_per_byte']:.3f}",
            *(f"{row['accuracy_by_width'][width]:.1%}" for width in widths),
        )
        for name, row in rows.items()
    ]
    text = (
        f"Top-1 accuracy and nats over {scores['masked_bytes']:,} hidden bytes of `valid.txt`, in consecutive windows\n"
        "of 512 bytes; 15 % are hidden, in spans of 1, 2, 3, 5 or 7 bytes that a fixed seed places. Then the accuracy\n"
        "for each width. The baselines are counted on the same training text and scored on the same masks.\n\n"
    )
    return "## Scores\n\n" + text + table(head, body)


def _precision(weights: Path, rounding: tuple[float, float, int] | None) -> str:
    if rounding is None:
        return precision_section(weights)
    trained, stored, windows = rounding
    return precision_section(
        weights,
        f"On the first {windows} windows the weights as trained score {trained:.4f} nats per byte, "
        f"the rounded ones {stored:.4f}.",
    )
