"""The card of the embedded classifier of sentiment: what it is, what it was taught, and how well it does."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.card import Curve, architecture_section, precision_section, table, training_section
from training.curve import draw_curve, save_svg, write_curve


@dataclass(frozen=True, slots=True)
class Report:
    """What the card says.

    curve: lines of `read_curve`. training: RUN/training.json, to which "remarks" may be added by hand; {} without one.
    scores, baselines: as `evaluate` and `baselines` print them. data: by source, rows of each part.
    """

    curve: Curve
    training: dict[str, Any]
    scores: dict[str, dict[str, Any]]
    baselines: dict[str, dict[str, Any]]
    data: dict[str, dict[str, int]]


def write_card(report: Report, weights: Path, folder: Path) -> None:
    """Writes card.md, scores.json, curve.jsonl and curve.svg. weights: holds model.safetensors and config.json."""
    for source, scores in report.scores.items():
        if scores["rows"] != report.baselines[source]["rows"]:
            raise SystemExit(f"Scores and baselines are not of the same rows of {source}.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scores.json").write_text(json.dumps(report.scores) + "\n")
    write_curve(report.curve, folder / "curve.jsonl")
    figure = draw_curve(report.curve, "Embedded classifier of sentiment", "nats, or share of errors", {"guessing": 0.5})
    save_svg(figure, folder / "curve.svg")
    sections = (
        INTRODUCTION,
        architecture_section(weights, INPUTS, DECODER),
        _data(report.data),
        _training(report),
        _scores(report.scores, report.baselines),
        precision_section(weights),
        LIMITS,
        COMMANDS,
    )
    (folder / "card.md").write_text("\n".join(sections))


INTRODUCTION = """# Embedded classifier of sentiment

A small Perceiver IO that says whether an English text praises or blames: `PerceiverForSequenceClassification` of
transformers. Its encoder is that of the embedded byte model (`assets/weights/masked_bytes`), as far as it reads the
first 254 bytes, trained on by the recipe `training/sentiment.py`. Longer texts are read in overlapping windows.
"""

INPUTS = "256 x 192: [CLS], up to 254 bytes, [SEP]; learned positions"
DECODER = "1 cross-attention, one learned query for the whole text"
SOURCES = {
    "sentence_polarity": ("sentences of film reviews", "Pang and Lee"),
    "pros_cons": ("what buyers note for and against products", "Liu"),
    "movie_reviews": ("whole film reviews", "Pang and Lee"),
}
CURVE = """
![Loss against steps](curve.svg)

Training: labels and hidden bytes together, smoothed labels; validation: share of errors on `sentence_polarity`.
"""
LIMITS = """## Limits

- It knows reviews of films and of things one buys, in English. Of anything else it says positive or negative all the
  same, often with confidence: it has no third answer.
- It was taught mostly lower-case text. Irony, quotations and what depends on more than a sentence or two escape it.
- Its probabilities were not calibrated. It may have learned that names or subjects, not words of praise, go with good
  reviews, and it may repeat the prejudices of those who wrote them.
- It is made to show how a Perceiver works, not to be relied on, and not to judge people by what they write.
"""
COMMANDS = """## Made with

```
python -m training.sentiment train --data DIR
python -m training.sentiment export
python -m training.sentiment evaluate --data DIR
python -m training.sentiment baselines --data DIR
python -m training.sentiment card --data DIR
```

The options of this run, and what else was tried, are in `training/README.md`.
"""


def _data(data: dict[str, dict[str, int]]) -> str:
    rows = [
        (f"`{source}`", what, by, *(f"{data[source][part]:,}" for part in ("training", "watched", "held_out")))
        for source, (what, by) in SOURCES.items()
    ]
    head = ("source", "what", "collected by", "to train on", "to choose the weights by", "held out for the scores")
    return (
        "## Data\n\nCC BY 4.0. Only the weights are shipped, none of the text. Parted by a seed; a text that occurs\n"
        f"twice is never on two sides.\n\n{table(head, rows)}"
    )


def _training(report: Report) -> str:
    training, seen = report.training, {}
    if "batch" in training:
        rows = int(report.curve[-1]["step"]) * training["batch"]
        seen["rows"] = f"{rows:,}, {training['batch']} a batch, half of them sentences of film reviews"
    recipe = {
        "start": "the structured start of `training/structured_start.py`"
        if training.get("scratch")
        else "the embedded byte model; its decoder goes on guessing hidden bytes of half of the rows",
    }
    scored = "of `sentence_polarity`'s watched rows wrong"
    return training_section(training, report.curve, seen, recipe, scored, muon=True) + CURVE


def _scores(scores: dict[str, dict[str, Any]], baselines: dict[str, dict[str, Any]]) -> str:
    rows = [
        (
            f"`{source}`",
            f"**{each['accuracy']:.1%}**",
            f"{baselines[source]['accuracy']:.1%}",
            f"{each['nats']:.3f}",
            f"{each['rows']:,}",
            f"{(each['accuracy'] * (1 - each['accuracy']) / each['rows']) ** 0.5:.1%}",
        )
        for source, each in scores.items()
    ]
    head = ("held-out rows of", "this model", "words counted", "nats", "rows", "standard error")
    return (
        "## Scores\n\nShare of the held-out rows whose label comes first, and cross-entropy in nats. Reviews are read\n"
        "in windows that vote. Words counted: TF-IDF of words and pairs of words with logistic regression\n"
        "(scikit-learn), fitted to the same training rows of each source alone, its strength chosen on the watched\n"
        "ones.\n\n"
        f"{table(head, rows)}"
    )
