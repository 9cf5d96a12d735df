"""The sentiment of many texts as a CSV file."""

from collections.abc import Sequence
from pathlib import Path

from models.data.csv_table import write_csv
from models.schema import SentimentResult


def write_scores(results: Sequence[tuple[int, SentimentResult]], file: Path) -> None:
    """Columns: row, text, label, its probability, and the probability of each label.

    results: by row number, at least one.
    """
    names = sorted(label.name for label in results[0][1].labels)
    columns = ["row", "text", "label", "probability", *(f"probability of {name}" for name in names)]
    rows = []
    for number, result in results:
        probabilities = {label.name: round(label.probability, 4) for label in result.labels}
        best = result.labels[0].name
        rows.append([number, result.text, best, probabilities[best], *(probabilities[name] for name in names)])
    file.write_bytes(write_csv(columns, rows))
