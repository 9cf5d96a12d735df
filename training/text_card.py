"""Facts for the card of the demo model for text generation, with texts that it generates."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from models.perceiver.ar_config import PerceiverArConfig
from training.byte_card import PROSE_LIMITS, prose_data
from training.card import Facts, Report, table
from training.text_batches import STEP
from training.text_memory import BARS, DISTANCES, GIVEN
from training.text_samples import TEMPERATURE, TOP_P, Sample

BAR, AIM = 2.2, 1.55
"""Bits per byte on valid.txt that were required, and aimed for, before the training."""
DESCRIPTION = (
    "A small Perceiver AR (Hawthorne et al. 2022; `models/perceiver/ar.py`) that continues English prose byte by byte, "
    "trained from scratch by the recipe `training/text_generation.py`. It reads UTF-8 bytes without a vocabulary (the "
    "id of a byte is its value + 6; [CLS] precedes the first byte of a text) and predicts a distribution over the next "
    "byte. Its weights on disk are named as in perceiver-io, except for the matching heads, which that library does "
    "not have."
)
LIMITS = (
    "It spells, and often completes a sentence; over several sentences it loses the thread.",
    "Text before its context cannot help it. One layer reads the prefix, and apart from the matching heads it sees "
    'single bytes there, not words: the table in "Prefix length" shows what the prefix is worth.',
    "It never stops by itself: no text ends in the training data.",
)


def facts(
    report: Report,
    config: PerceiverArConfig,
    sizes: Mapping[str, int],
    by_prefix: Mapping[bool, Mapping[int, Mapping[str, float]]],
    samples: list[Sample],
) -> Facts:
    """sizes: bytes of "train", "factbook" and "valid".

    by_prefix: as `text_evaluation.by_prefix` gives it, with matching heads (True) and without.
    """
    scores, baselines = report.scores, report.baselines
    if scores["bytes"] != sizes["valid"]:
        raise SystemExit(f"The scores count {scores['bytes']:,} bytes, valid.txt has {sizes['valid']:,}.")
    return Facts(
        title="Demo model for text generation",
        description=DESCRIPTION,
        task="text-generation",
        dataset="valid.txt",
        metrics={"bits per byte": scores["bits_per_byte"]},
        architecture=_architecture(config),
        data=prose_data(sizes),
        training=_training(report, config),
        kept_by="bits per byte on windows spread over `valid.txt`",
        quantity="bits per byte",
        train_scale=1 / math.log(2),
        levels={name: baselines[name] for name in ("5-gram", "bzip2 -9")},
        curve_note="Training and validation differ: in training, prefixes are shorter in the first half of the steps, "
        "and a part of each prefix is dropped.",
        scores=_scores(scores, baselines),
        sections={
            "Prefix length": _prefixes(by_prefix),
            **({"Names from the prefix": _recall(scores["recall"])} if scores["recall"] else {}),
            "Samples": _samples(samples),
        },
        limits=PROSE_LIMITS + LIMITS,
        compared_on='on the bytes of "Prefix length"',
    )


def _architecture(config: PerceiverArConfig) -> dict[str, str]:
    cross, own = config.cross_attention_widening_factor, config.self_attention_widening_factor
    return {
        "context": f"{config.max_seq_len:,} tokens: up to {config.max_prefix} of prefix, then up to "
        f"{config.max_latents} latents",
        "channels": f"{config.num_channels}",
        "cross-attention": f"1 causal layer, from latents to prefix and latents, {config.num_heads} heads, "
        f"MLP widening factor {cross}",
        "matching heads": _matching(config.matching_orders),
        "self-attention": f"{config.num_self_attention_layers} causal layers over the latents, {config.num_heads} "
        f"heads, MLP widening factor {own}",
        "positions": "rotary in all layers, none learned",
        "output": f"{config.vocab_size} logits through the input embedding (tied)",
    }


def _longest_prefix(first: int, most: int) -> str:
    if first >= most:
        return f"at most {most} bytes"
    return f"at most {first} bytes at first, growing with the steps to {most} at half of them"


def _matching(orders: Sequence[int]) -> str:
    if not orders:
        return "none"
    return (
        f"{len(orders)} next to these heads, of {', '.join(map(str, orders))} bytes: each attends to what followed the "
        "same bytes earlier (`models/perceiver/ar_matching.py`). They are not part of the paper"
    )


def _training(report: Report, config: PerceiverArConfig) -> dict[str, str]:
    record = report.training
    rows = {
        "initialization": "weights of an earlier run" if record.get("start") == "exported" else "random",
        "prefix": f"{_longest_prefix(record.get('first_prefix', 64), config.max_prefix)}; half of the batches use the "
        f"longest prefix so far, the others any multiple of {STEP} from 0 on",
        "made-up names": f"repeated in {record.get('names', 0):.0%} of the windows",
        "prefix dropout": f"{config.cross_attention_dropout:.0%}, drawn for each window",
    }
    if not report.examples:
        return rows
    predicted = report.examples * config.max_latents
    return {
        "windows": f"{report.examples:,}, {report.training['batch']} per batch: {predicted:,} predicted bytes",
        **rows,
    }


def _scores(scores: Mapping[str, Any], baselines: Mapping[str, float]) -> tuple[str, ...]:
    rows = [("**this model**", f"**{scores['bits_per_byte']:.3f}**")]
    rows += [(f"`{name}`" if " " in name else name, f"{bits:.3f}") for name, bits in baselines.items()]
    text = (
        f"Bits per byte over all {scores['bytes']:,} bytes of `valid.txt`. Each byte is predicted once, from the "
        f"{scores['least_context']:,} to {scores['context']:,} tokens before it, or all tokens if there are fewer. The "
        "5-gram (Witten-Bell smoothing) is counted on the same training text; the programs compress `valid.txt` "
        f"without any other text. Required were at most {BAR}, aimed for {AIM}."
    )
    return text, table(("", "bits per byte"), rows)


def _prefixes(by_prefix: Mapping[bool, Mapping[int, Mapping[str, float]]]) -> tuple[str, ...]:
    whole, without = by_prefix[True], by_prefix[False]
    rows = [
        (
            f"{prefix}",
            f"{each['least_context']:,} to {each['context']:,}",
            f"{each['bits_per_byte']:.3f}",
            f"{without[prefix]['bits_per_byte']:.3f}",
        )
        for prefix, each in whole.items()
    ]
    count = int(next(iter(whole.values()))["bytes"])
    text = (
        f"The same {count:,} bytes, spread over `valid.txt`, are predicted from the same latents after longer and "
        "longer prefixes: what reading further back is worth. The last column is the same model with its matching "
        "heads switched off."
    )
    return text, table(("prefix", "tokens before a byte", "bits per byte", "without matching heads"), rows)


def _recall(recall: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    rows = [(name, f"{each['letters']:.1%}", f"{each['names']:.1%}") for name, each in recall.items()]
    text = (
        f"Made-up names, {recall['whole']['count']} in all, are put into windows of `valid.txt` at two places "
        f"{DISTANCES[0]} to {DISTANCES[1]} bytes apart. Given the first {GIVEN} letters at the second place, how many "
        "of the other letters, and how many whole names, are the most likely ones? Required were "
        f"{BARS['letters']:.0%} and {BARS['names']:.0%}."
    )
    return text, table(("this model", "letters", "whole names"), rows)


def _samples(samples: list[Sample]) -> tuple[str, ...]:
    """As quotations: a line of the text is a paragraph, as in the training text."""
    text = (
        "The prompts (bold) were written for this card. The stored weights generated the rest at a temperature of "
        f"{TEMPERATURE} and a top-p of {TOP_P}; whenever the latents are full, half of them become prefix. All samples "
        "that were drawn are shown, unchanged."
    )
    blocks = [text]
    for sample in samples:
        blocks += [
            f"Seed {sample.seed}:",
            _quoted(f"**{_escaped(sample.prompt)}**{_escaped(sample.continuation)}"),
        ]
    return tuple(blocks)


def _escaped(text: str) -> str:
    """No character acts as Markdown or HTML; unprintable ones become U+FFFD."""
    printable = (each if each.isprintable() or each == "\n" else "\ufffd" for each in text)
    return "".join(f"\\{each}" if each in "\\`*_{}[]<>#&|~" else each for each in printable)


def _quoted(text: str) -> str:
    """A dash or a number at the start of a line makes no list."""
    lines = (re.sub(r"^(\d*)([-+=.)])", r"\1\\\2", line.strip()) for line in text.split("\n"))
    return "\n>\n".join(f"> {line}" for line in lines if line)
