"""Runs the original models on recorded cases and compares: `python -m tools.verify_published`.

Prints a table of expected against computed values and writes it as JSON. Exits with 1 if a value differs, and with 2
if no model could be loaded, because there is no network and none in the cache.

The values were computed with the implementation of transformers. Images: --image is image 000000039769 of COCO
(val2017); --frame is the first frame of hf-internal-testing/fixtures_sintel.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.backend.local import LocalBackend
from models.backend.settings import Settings
from models.data.byte_text import read_text
from models.data.images import as_rgb, open_image
from models.perceiver.checkpoints import image_size_of
from models.perceiver.engine import decode
from models.schema import CheckpointUnavailable, MaskedBytesRequest, OpticalFlowRequest
from models.tasks.byte_tokens import FIRST_BYTE, token_ids
from models.tasks.image_classification import CROPS, IMAGE_CLASSIFICATION, crop, normalized
from models.tasks.masked_bytes import MASKED_BYTES

TOLERANCE = 1e-4
SENTENCE = "This is an incomplete sentence where some words are missing."
MASKED = (SENTENCE.index(" missing."), len(SENTENCE))
FIRST_LOGITS = [
    [-10.8609, -10.7651, -10.9187],
    [-12.1689, -11.9389, -12.1479],
    [-12.1518, -11.9707, -12.2073],
]
WORDS = (" one", " siow", " movie", " sefie,", " episode", " recently", " yesterday")
"""Predicted for "I watched this[MASK] and it was awesome.", with a mask of 4 bytes, 5 bytes, and so on."""
IMAGE_LOGITS = {
    "learned": [-1.1652, -0.1992, -0.7520],
    "fourier": [-1.1295, -0.2832, 0.3226],
    "conv": [-1.1186, 0.0554, 0.0897],
}
FLOW = [[0.0025, -0.0050], [0.0025, -0.0049], [0.0025, -0.0048]]
"""First pixels of the flow from a frame to itself."""


@dataclass(frozen=True, slots=True)
class Case:
    """expected: a text, or numbers. compute: the same from a backend. Raises CheckpointUnavailable."""

    name: str
    expected: Any
    compute: Callable[[LocalBackend], Any]


@dataclass(frozen=True, slots=True)
class Row:
    """computed: None if the model could not be loaded, for the reason in `problem`. difference: the largest."""

    name: str
    expected: Any
    computed: Any = None
    difference: float | None = None
    equal: bool = False
    problem: str = ""


def cases(image: Path | None = None, frame: Path | None = None) -> Iterator[Case]:
    masked = [byte + FIRST_BYTE for byte in SENTENCE[slice(*MASKED)].encode()]
    yield Case("masked bytes, ids", masked, filled_ids)
    yield Case("masked bytes, logits", FIRST_LOGITS, first_logits)
    for count, word in enumerate(WORDS, start=4):
        yield Case(f"masked bytes, {count} of them", word, lambda backend, count=count: filled_word(backend, count))
    if image is not None:
        for variant, logits in IMAGE_LOGITS.items():
            read = lambda backend, variant=variant: image_logits(backend, variant, image)  # noqa: E731
            yield Case(f"image, {variant}", logits, read)
    if frame is not None:
        yield Case("optical flow of equal frames", FLOW, lambda backend: still_flow(backend, frame))


def filled_ids(backend: LocalBackend) -> list[int]:
    request = MaskedBytesRequest(SENTENCE, (MASKED,), weights="published")
    return [byte + FIRST_BYTE for byte in backend.run(request).filled_bytes[slice(*MASKED)]]


def first_logits(backend: LocalBackend) -> list[list[float]]:
    with backend.load(MASKED_BYTES.checkpoint("published")) as loaded, torch.inference_mode():
        encoded, _ = backend.encode(loaded, token_ids(read_text(SENTENCE, (MASKED,))), None)
        return decode(loaded.model, encoded, torch.arange(3))[0, :, :3].float().tolist()


def filled_word(backend: LocalBackend, count: int) -> str:
    before = "I watched this"
    text, mask = f"{before}{'?' * count} and it was awesome.", ((len(before), len(before) + count),)
    return backend.run(MaskedBytesRequest(text, mask, weights="published")).filled[slice(*mask[0])]


def image_logits(backend: LocalBackend, variant: str, file: Path) -> list[float]:
    with backend.load(IMAGE_CLASSIFICATION.checkpoint("published", variant)) as loaded, torch.inference_mode():
        seen = crop(as_rgb(open_image(file)), image_size_of(loaded.model.config), CROPS["published"])
        encoded, _ = backend.encode(loaded, normalized(seen).to(loaded.model.dtype), None)
        return decode(loaded.model, encoded)[0, :3].float().tolist()


def still_flow(backend: LocalBackend, file: Path) -> list[list[float]]:
    """The model's own unit: pixels are 20 times as large."""
    frame = as_rgb(open_image(file)).resize((496, 368))
    flow = backend.run(OpticalFlowRequest(frame, frame, weights="published")).flow
    return (flow[0, :3] / 20).tolist()


def verify(backend: LocalBackend, chosen: Iterator[Case] | Sequence[Case]) -> list[Row]:
    return [_row(backend, case) for case in chosen]


def _row(backend: LocalBackend, case: Case) -> Row:
    try:
        computed = case.compute(backend)
    except CheckpointUnavailable as error:
        return Row(case.name, case.expected, problem=str(error))
    if isinstance(case.expected, str):
        return Row(case.name, case.expected, computed, equal=computed == case.expected)
    difference = float(np.abs(np.asarray(computed) - np.asarray(case.expected)).max())
    return Row(case.name, case.expected, computed, difference, difference <= TOLERANCE)


def report(rows: list[Row]) -> str:
    lines = ["| case | expected | computed | largest difference | |", "| --- | --- | --- | ---: | --- |"]
    for row in rows:
        verdict = row.problem or ("equal" if row.equal else "DIFFERS")
        difference = "" if row.difference is None else f"{row.difference:.1e}"
        lines.append(f"| {row.name} | {_short(row.expected)} | {_short(row.computed)} | {difference} | {verdict} |")
    return "\n".join(lines)


def _short(value: Any) -> str:
    return "" if value is None else f"`{json.dumps(np.round(value, 4).tolist() if isinstance(value, list) else value)}`"


def exit_code(rows: list[Row]) -> int:
    """0: all values are equal. 1: one differs. 2: a model could not be loaded."""
    if any(row.computed is not None and not row.equal for row in rows):
        return 1
    return 2 if any(row.problem for row in rows) else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path, help="image of COCO; without it no image model is run")
    parser.add_argument("--frame", type=Path, help="frame of Sintel; without it optical flow is not run")
    parser.add_argument("--out", type=Path, default=Path("build/verify_published.json"))
    arguments = parser.parse_args()
    rows = verify(LocalBackend(Settings.from_env()), cases(arguments.image, arguments.frame))
    print(report(rows))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    sys.exit(exit_code(rows))


if __name__ == "__main__":
    main()
