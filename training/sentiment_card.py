"""Facts for the card of the demo model for sentiment."""

from collections.abc import Mapping

from training.card import Facts, Report, check_same, perceiver_architecture, table
from training.sentiment_rows import Splits

DESCRIPTION = (
    "A small Perceiver IO that classifies English text as positive or negative: `PerceiverForSequenceClassification` "
    "of transformers. Its encoder is that of the demo model for masked bytes (`assets/weights/masked_bytes`), as far "
    "as it reads the first 254 bytes, trained further by the recipe `training/sentiment.py`. Longer texts are read in "
    "overlapping windows."
)
SOURCES = {
    "sentence_polarity": ("sentences of film reviews", "Pang and Lee"),
    "pros_cons": ("what buyers list for and against products", "Liu"),
    "movie_reviews": ("whole film reviews", "Pang and Lee"),
}
LIMITS = (
    "It knows English reviews of films and products. It calls any other text positive or negative, too, often with "
    "high confidence: there is no third label.",
    "Most of its training text is lower-case. It misses irony, quotations and anything that depends on more than a "
    "sentence or two.",
    "Its probabilities are not calibrated. It may have learned that names or subjects, rather than opinions, go with "
    "good reviews, and it may repeat the prejudices of the reviewers. Do not judge people by its output.",
)


def facts(report: Report, sources: Mapping[str, Splits]) -> Facts:
    scores, baselines = report.scores, report.baselines
    for source in sources:
        check_same(f"rows of {source}", [each[source]["rows"] for each in (scores, baselines)])
    scratch = report.training.get("scratch")
    byte_model = "the demo model for masked bytes; its decoder keeps predicting masked bytes in half of the rows"
    training = {"initialization": "`training/structured_start.py`" if scratch else byte_model}
    if report.examples:
        count = f"{report.examples:,}, {report.training['batch']} per batch, half of them sentences of film reviews"
        training = {"rows": count, **training}
    return Facts(
        title="Demo model for sentiment",
        description=DESCRIPTION,
        task="text-classification",
        dataset="sentence_polarity",
        metrics={name: scores["sentence_polarity"][name] for name in ("accuracy", "nats")},
        architecture=perceiver_architecture(
            report.config,
            inputs="256 x 192: [CLS], up to 254 bytes, [SEP]; learned positions",
            decoder="1 cross-attention layer, one learned query for the whole text",
        ),
        data=_data(sources),
        training=training,
        kept_by="of the validation rows of `sentence_polarity` wrong",
        quantity="nats, or share of errors",
        levels={"guessing": 0.5},
        curve_note="Training: loss for labels and masked bytes together, with label smoothing. Validation: share of "
        "errors on `sentence_polarity`.",
        scores=_scores(report, tuple(sources)),
        limits=LIMITS,
        compared_on="on the validation rows of `sentence_polarity`",
    )


def _data(sources: Mapping[str, Splits]) -> tuple[str, ...]:
    rows = [
        (
            f"`{source}`",
            *SOURCES[source],
            *(f"{len(each):,}" for each in (splits.train, splits.validation, splits.test)),
        )
        for source, splits in sources.items()
    ]
    text = (
        "CC BY 4.0. The repository holds the weights but none of the text. A fixed seed splits each source; a text "
        "that occurs twice is never in two splits. Validation rows choose the weights, test rows only give scores."
    )
    return text, table(("source", "content", "collected by", "training", "validation", "test"), rows)


def _scores(report: Report, sources: tuple[str, ...]) -> tuple[str, ...]:
    rows = [
        (
            f"`{source}`",
            f"**{each['accuracy']:.1%}**",
            f"{report.baselines[source]['accuracy']:.1%}",
            f"{each['nats']:.3f}",
            f"{each['rows']:,}",
            f"{(each['accuracy'] * (1 - each['accuracy']) / each['rows']) ** 0.5:.1%}",
        )
        for source in sources
        for each in (report.scores[source],)
    ]
    text = (
        "Accuracy and cross-entropy in nats on the test rows. The probabilities for windows of a review are averaged. "
        "The baseline is TF-IDF of words and pairs of words with logistic regression (scikit-learn), fitted to the "
        "training rows of each source only; the validation rows choose its regularization."
    )
    return text, table(("test rows of", "this model", "TF-IDF", "nats", "rows", "standard error"), rows)
