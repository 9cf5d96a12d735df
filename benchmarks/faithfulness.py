"""How faithful each attribution method is to the embedded models, over fixed inputs.

python -m benchmarks.faithfulness [--data FOLDER] [--items N] [--models NAME ...] [--record]

Prints a table per model. The inputs are the examples of the app and, with --data, N inputs per model that it was not
trained on: test rows of `sentiment`, passages of `prose` with a masked word, and test images of `cifar10`. Intervals
are percentiles of means over 2,000 bootstrap samples of the inputs. All draws have a fixed seed. With --record the
tables are also written to `assets/faithfulness.json`, which the app shows.
"""

import argparse
import json
import lzma
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image

from benchmarks.start import print_machine
from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.examples import image_examples, text_examples
from models.data.faithfulness import RECORD
from models.data.images import open_image
from models.schema import (
    METHODS,
    AttributionRequest,
    AttributionResult,
    ImageClassificationRequest,
    MaskedBytesRequest,
    SentimentRequest,
    Variant,
)
from training.cifar import Images, read_images
from training.sentiment_rows import read_rows

SAMPLES, INTERVAL = 2000, (2.5, 97.5)
ORDERS = 10
SOURCE = "sentence_polarity"
PASSAGE = 100
"""Most bytes of a passage."""
SCORES = {
    "deletion area below random": lambda result, each: _random(result) - float(each.curves.deletion_area),
    "insertion area above random": lambda result, each: float(each.curves.insertion_area) - _random(result),
    "better than random": lambda result, each: result.better_than_random(each),
    "comprehensiveness": lambda result, each: float(each.curves.comprehensiveness),
    "sufficiency": lambda result, each: float(each.curves.sufficiency),
}
"""By name: of a result and one of its attributions. Each set of random orders has the same mean area of deletion and of
insertion, for half of them are the others reversed."""
Request = SentimentRequest | MaskedBytesRequest | ImageClassificationRequest
Table = Mapping[str, Mapping[str, tuple[float, float, float]]]
"""By method and score: the mean, and the ends of its interval."""


def _random(result: AttributionResult) -> float:
    if result.random is None:
        raise ValueError("faithfulness was not requested")
    return float(result.random.deletion_area.mean())


def questions(data: Path | None, items: int) -> Mapping[str, Sequence[Request]]:
    """By model."""
    texts = [each.text for each in text_examples("sentiment")]
    masked = [MaskedBytesRequest(each.text, each.spans) for each in text_examples("masked_bytes")]
    images = [open_image(each.file) for each in image_examples("image_classification")]
    if data is not None:
        texts += [text.decode() for text in read_rows(data / "sentiment")[SOURCE].test.texts[:items]]
        masked += _masked_passages(data / "prose" / "valid.txt.xz", items)
        images += _spread_over_classes(read_images(data / "cifar10", "test"), items)
    of_images = {
        f"image_{variant}": [ImageClassificationRequest(image, variant) for image in images]
        for variant in get_args(Variant)
    }
    return {"sentiment": [SentimentRequest(text) for text in texts], "masked_bytes": masked, **of_images}


def _masked_passages(file: Path, items: int) -> list[MaskedBytesRequest]:
    """The beginnings of paragraphs, each with a masked word of four or more letters."""
    draws, found = np.random.default_rng(0), []
    paragraphs = lzma.decompress(file.read_bytes()).decode("ascii", errors="ignore").splitlines()
    for number in draws.permutation(len(paragraphs)):
        passage = paragraphs[number][:PASSAGE].rpartition(" ")[0]
        words = [match.span() for match in re.finditer(r"\b[a-z]{4,}\b", passage)]
        if len(words) > 3:
            found.append(MaskedBytesRequest(passage, (words[draws.integers(len(words))],)))
        if len(found) == items:
            break
    return found


def _spread_over_classes(images: Images, items: int) -> list[Image.Image]:
    """The files are in the order of their classes."""
    chosen = images.pixels[:: max(1, len(images) // items)][:items]
    return [Image.fromarray(each) for each in chosen.permute(0, 2, 3, 1).numpy()]


def measured(backend: LocalBackend, requests: Iterable[Request]) -> dict[str, dict[str, list[float]]]:
    """By method and score: a value for each input."""
    found: dict[str, dict[str, list[float]]] = {method: {name: [] for name in SCORES} for method in METHODS}
    for request in requests:
        result = backend.run(AttributionRequest(request, faithfulness=True, orders=ORDERS))
        for each in result.attributions:
            for name, score in SCORES.items():
                found[each.method][name].append(score(result, each))
    return found


def intervals(values: Sequence[float], seed: int = 0) -> tuple[float, float, float]:
    """The mean, and the bootstrap interval of the mean."""
    drawn = np.random.default_rng(seed).choice(np.asarray(values), (SAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(axis=1), INTERVAL)
    return float(np.mean(values)), float(low), float(high)


def report(name: str, items: int, table: Table) -> None:
    print(f"\n{name}, {items} inputs:\n\n| method | {' | '.join(SCORES)} |\n| --- |{' ---: |' * len(SCORES)}")
    for method, scores in table.items():
        cells = (f"{mean:+.2f} ({low:+.2f} to {high:+.2f})" for mean, low, high in scores.values())
        print(f"| {method} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--models", nargs="+", help="all by default")
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    backend = LocalBackend(Settings(device="cpu"))
    print_machine()
    for name, requests in questions(options.data, options.items).items():
        if options.models and name not in options.models:
            continue
        found = measured(backend, requests)
        table = {
            method: {score: intervals(values) for score, values in scores.items()} for method, scores in found.items()
        }
        report(name, len(requests), table)
        if options.record:
            _record(name, len(requests), table)


def _record(name: str, inputs: int, table: Table) -> None:
    """Adds a model to the record, or replaces it."""
    tables = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    rounded = {
        method: {score: [round(each, 4) for each in interval] for score, interval in scores.items()}
        for method, scores in table.items()
    }
    RECORD.write_text(json.dumps({**tables, name: {"inputs": inputs, "methods": rounded}}, indent=1) + "\n")


if __name__ == "__main__":
    main()
