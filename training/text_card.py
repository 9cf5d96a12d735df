"""The card of the embedded text model: what it is, what it was trained on, how well it does, and what it writes."""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.perceiver.ar import PerceiverAr
from models.perceiver.ar_config import PerceiverArConfig, read_config
from training.card import Curve, precision_section, table, training_section
from training.curve import draw_curve, save_svg, write_curve
from training.text_batches import FIRST_PREFIX, STEP
from training.text_samples import TEMPERATURE, TOP_P, Sample

BAR, AIM = 2.2, 1.8
"""Bits per byte on valid.txt: what was to be reached, and what was hoped for."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the card says.

    curve: lines of `read_curve`, training in nats, validation in bits per byte. training: RUN/training.json, to which
    "remarks" may be added by hand; {} without one. scores, baselines: as `evaluate` and `baselines` print them.
    by_prefix: as `by_prefix` gives it. data: bytes of each text. rounding: bits per byte of the float32 weights as
    trained and of those on disk, on the bytes of `by_prefix`; None without the former.
    """

    curve: Curve
    training: dict[str, Any]
    scores: dict[str, Any]
    baselines: dict[str, float]
    by_prefix: dict[int, dict[str, float]]
    data: dict[str, int]
    samples: list[Sample]
    rounding: tuple[float, float] | None


def write_card(report: Report, weights: Path, folder: Path) -> None:
    """Writes card.md, scores.json, curve.jsonl and curve.svg. weights: holds config.json and model.safetensors."""
    if report.scores["bytes"] != report.data["valid"]:
        raise SystemExit(f"The scores are of {report.scores['bytes']:,} bytes, valid.txt has {report.data['valid']:,}.")
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in report.scores.items() if name != "seconds"}
    (folder / "scores.json").write_text(json.dumps(kept) + "\n")
    write_curve(report.curve, folder / "curve.jsonl")
    levels = {name: report.baselines[name] for name in ("5-gram", "bzip2 -9")}
    save_svg(draw_curve(_in_bits(report.curve), "Embedded text model", "bits per byte", levels), folder / "curve.svg")
    config = read_config(weights)
    sections = (
        INTRODUCTION,
        _architecture(config),
        _data(report.data),
        _training(report, config),
        _scores(report.scores, report.baselines),
        _context(report.by_prefix),
        _samples(report.samples),
        _precision(weights, report.rounding),
        LIMITS,
        COMMANDS,
    )
    (folder / "card.md").write_text("\n".join(sections), encoding="utf-8")


INTRODUCTION = """# Embedded text model

A small Perceiver AR (Hawthorne et al. 2022; `models/perceiver/ar.py`) that writes English prose on, byte by byte,
trained from scratch by the recipe `training/text_generation.py`. It reads UTF-8 bytes without a vocabulary (an id is a
byte + 6; [CLS] stands before the first byte of a text) and answers with a distribution over the next byte. Its weights
have the names on disk that perceiver-io gives them.
"""

CURVE = """
![Bits per byte against steps](curve.svg)

Training and validation are not alike: in training, prefixes are shorter in the first half of the steps, and part of
each is left out.
"""

LIMITS = """## Limits

- It knows English prose of 1925 and before and World Factbook entries, and no other language. Modern words, code and
  bytes outside ASCII are next to unseen.
- It spells, and often makes a sentence; over several sentences it loses the thread, the people and the point.
- What lies before its context cannot help it. The prefix is read by one layer, which sees single bytes there, not
  words: the table above says what that is worth.
- Nothing tells it to stop: in training no text ends.
- It may repeat the prejudices of its period about people, peoples and sexes. It knows no facts to rely on: names,
  numbers and places that it writes are invented.
- It is made to show how a Perceiver works, not to be relied on.
"""

COMMANDS = """## Made with

```
python -m training.text_generation train --data DIR --run RUN
python -m training.text_generation export --run RUN
python -m training.text_generation evaluate --data DIR/valid.txt.xz
python -m training.text_generation baselines --data DIR
python -m training.text_generation card --data DIR --run RUN
```

The options of this run, and what else was tried, are in `training/README.md`. Its best weights were picked on windows
of the same `valid.txt`.
"""


def _architecture(config: PerceiverArConfig) -> str:
    with torch.device("meta"):
        parameters = sum(parameter.numel() for parameter in PerceiverAr(config).parameters())
    rows = {
        "parameters": f"{parameters:,}",
        "context": f"{config.max_seq_len:,} tokens: up to {config.max_prefix} of prefix, then up to "
        f"{config.max_latents} latents",
        "channels": f"{config.num_channels}",
        "cross-attention": f"1 causal layer, from the latents to prefix and latents, {config.num_heads} heads, "
        f"MLP {config.cross_attention_widening_factor} times as wide",
        "self-attention": f"{config.num_self_attention_layers} causal layers of the latents, {config.num_heads} heads, "
        f"MLP {config.self_attention_widening_factor} times as wide",
        "positions": "rotary, in all layers; no learned ones",
        "output": f"{config.vocab_size} logits through the input embedding (tied)",
    }
    return "## Architecture\n\n" + table(("", ""), rows.items())


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


def _training(report: Report, config: PerceiverArConfig) -> str:
    training, seen = report.training, {}
    if "batch" in training:
        windows = int(report.curve[-1]["step"]) * training["batch"]
        seen["windows"] = f"{windows:,}, {training['batch']} a batch: {windows * config.max_latents:,} bytes to predict"
    recipe = {
        "prefix": f"at most {min(FIRST_PREFIX, config.max_prefix)} bytes at first, more in proportion to the steps, "
        f"{config.max_prefix} from their middle on; half of the batches have the longest so far, the others any "
        f"multiple of {STEP}, none included",
        "left out of the prefix": f"{config.cross_attention_dropout:.0%}, of each window another part",
    }
    scored = "bits per byte on windows spread over `valid.txt`"
    return training_section(training, report.curve, seen, recipe, scored, muon=True) + CURVE


def _scores(scores: dict[str, Any], baselines: dict[str, float]) -> str:
    rows = [("**this model**", f"**{scores['bits_per_byte']:.3f}**")]
    rows += [(f"`{name}`" if " " in name else name, f"{bits:.3f}") for name, bits in baselines.items()]
    text = (
        f"Bits per byte over all {scores['bytes']:,} bytes of `valid.txt`, each predicted once, from the\n"
        f"{scores['least_context']:,} to {scores['context']:,} tokens before it, or as many as there are. The 5-gram\n"
        "(Witten-Bell, down to no context) is counted on the same training text; the programs pack `valid.txt` alone.\n"
        f"To be reached was {BAR}, hoped for {AIM}.\n\n"
    )
    return "## Scores\n\n" + text + table(("", "bits per byte"), rows)


def _context(by_prefix: dict[int, dict[str, float]]) -> str:
    rows = [
        (f"{prefix}", f"{scores['least_context']:,} to {scores['context']:,}", f"{scores['bits_per_byte']:.3f}")
        for prefix, scores in by_prefix.items()
    ]
    count = int(next(iter(by_prefix.values()))["bytes"])
    text = (
        f"The same {count:,} bytes, spread over `valid.txt`, with the same latents and ever more prefix before them:\n"
        "what reading further back is worth.\n\n"
    )
    return "## With less to read\n\n" + text + table(("prefix", "tokens before a byte", "bits per byte"), rows)


def _samples(samples: list[Sample]) -> str:
    """As quotations: a line of the text is a paragraph, as in the training text."""
    text = (
        "The prompts (bold) were written for this card. What follows was drawn by the weights on disk at a\n"
        f"temperature of {TEMPERATURE} and a top-p of {TOP_P}, half of the latents becoming prefix whenever they are\n"
        "full. Nothing was chosen or changed.\n"
    )
    quoted = [
        f"\nSeed {sample.seed}:\n\n" + _quoted(f"**{_escaped(sample.prompt)}**{_escaped(sample.written)}")
        for sample in samples
    ]
    return "## Samples\n\n" + text + "".join(quoted)


def _escaped(text: str) -> str:
    """Shown as it is: nothing in it is Markdown or HTML; what has no sign is shown as U+FFFD."""
    shown = (each if each.isprintable() or each == "\n" else "\ufffd" for each in text)
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>#&|~" else each for each in shown)


def _quoted(text: str) -> str:
    """A dash or a number before a line makes no list."""
    lines = (re.sub(r"^(\d*)([-+=.)])", r"\1\\\2", line.strip()) for line in text.split("\n"))
    return "\n>\n".join(f"> {line}" for line in lines if line) + "\n"


def _precision(weights: Path, rounding: tuple[float, float] | None) -> str:
    if rounding is None:
        return precision_section(weights)
    trained, stored = rounding
    return precision_section(
        weights,
        f'On the bytes of "With less to read" the weights as trained take {trained:.4f} bits each, '
        f"the rounded ones {stored:.4f}.",
    )


def _in_bits(curve: Curve) -> Curve:
    """The losses of training batches are nats, as `fit` gets them."""
    return [line | {"train": line["train"] / math.log(2)} if "train" in line else line for line in curve]
