"""Facts for the card of the demo model for masked bytes, and the data that the text models share."""

from collections.abc import Mapping
from typing import Any

from training.card import Facts, Report, check_same, perceiver_architecture, table

DESCRIPTION = (
    "A small Perceiver IO that fills in masked bytes of English text: `PerceiverForMaskedLM` of transformers, trained "
    "from scratch by the recipe `training/masked_bytes.py`. It reads up to 512 UTF-8 bytes without a vocabulary (the "
    "id of a byte is its value + 6) and predicts a distribution over bytes at each masked position."
)
PROSE_LIMITS = (
    "It knows English prose published until 1925 and World Factbook entries, and no other language. It has hardly seen "
    "modern words, code or bytes outside ASCII.",
    "It may repeat the prejudices of that period about peoples and genders. Its facts are unreliable.",
)
LIMITS = (
    "It reads at most 512 bytes; text further away cannot help it.",
    "It predicts each masked byte independently of the others, so long gaps are filled with letters that do not agree.",
)


def prose_data(sizes: Mapping[str, int]) -> tuple[str, ...]:
    """sizes: bytes of "train", "factbook" and "valid"."""
    prose = "English novels and essays first published until 1925, split by author"
    rows = [
        ("`train.txt`", prose, f"{sizes['train'] / 1e6:.1f} MB", "public domain by date"),
        ("`factbook.txt`", "World Factbook, read twice", f"{sizes['factbook'] / 1e6:.1f} MB", "CC0"),
        ("`valid.txt`, for the scores", "like `train.txt`, by other authors", f"{sizes['valid'] / 1e6:.1f} MB",
         "public domain by date"),
    ]  # fmt: skip
    return "The repository holds the weights but none of the text.", table(("file", "content", "size", "license"), rows)


def facts(report: Report, sizes: Mapping[str, int]) -> Facts:
    scores, baselines = report.scores, report.baselines
    check_same("masked bytes", [each["masked_bytes"] for each in (scores, *baselines.values())])
    frequent, ngram = baselines["most_frequent"], baselines["two_sided_5gram"]
    training = {
        "masks": "5% to 25% of the bytes: single bytes in 60% of the examples, falling to 20%; else spans or words",
        "initialization": "Fourier features of the position in the first 32 channels (`training/structured_start.py`)",
    }
    if report.examples:
        count = f"{report.examples:,} windows of at most 512 bytes, {report.training['batch']} per batch"
        training = {"sequences": count, **training}
    return Facts(
        title="Demo model for masked bytes",
        description=DESCRIPTION,
        task="fill-mask",
        dataset="valid.txt",
        metrics={"accuracy": scores["accuracy"], "nats per byte": scores["nats_per_byte"]},
        architecture=perceiver_architecture(
            report.config,
            inputs="514 x 192: [CLS], up to 512 bytes, [SEP]; learned positions",
            decoder="1 cross-attention layer, a learned query per position; logits through the input embedding (tied)",
        ),
        data=prose_data(sizes),
        training=training,
        kept_by="nats on 512 windows of `valid.txt`",
        quantity="nats per masked byte",
        levels={"most frequent byte": frequent["nats_per_byte"], "two-sided 5-gram": ngram["nats_per_byte"]},
        curve_note="The training loss rises in between because the masks get harder over the first 40% of the steps. "
        "The masks of the validation never change.",
        scores=_scores({"**this model**": scores, "two-sided 5-gram": ngram, "most frequent byte": frequent}),
        limits=PROSE_LIMITS + LIMITS,
        compared_on="on the first windows of `valid.txt`",
    )


def _scores(methods: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    first = next(iter(methods.values()))
    widths = list(first["accuracy_by_width"])
    rows = [
        (
            name,
            f"{each['accuracy']:.1%}",
            f"{each['nats_per_byte']:.3f}",
            *(f"{each['accuracy_by_width'][width]:.1%}" for width in widths),
        )
        for name, each in methods.items()
    ]
    text = (
        f"Top-1 accuracy and cross-entropy in nats over {first['masked_bytes']:,} masked bytes of `valid.txt`, in "
        "consecutive windows of 512 bytes, followed by the accuracy for each span width. 15% of the bytes are masked, "
        "in spans of 1, 2, 3, 5 or 7 bytes placed by a fixed seed. The baselines are counted on the same training text "
        "and scored on the same masks."
    )
    head = ("", "accuracy", "nats per byte", *(f"width {width}" for width in widths))
    return text, table(head, rows)
