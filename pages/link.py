"""The view of a page as a query string, so that what is on the page can be sent to somebody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from models.schema import Decoding, Weights

T = TypeVar("T")
Looked = tuple[str, ...]
TAB = "tab"
"""The parameter that names the page."""
SEPARATOR = "|"
"""Between the values of the controls, some of which have commas."""

SHOW_IN_ADDRESS = """(query) => {
  if (!query) return;
  const address = new URLSearchParams(location.search);
  new URLSearchParams(query).forEach((value, name) => address.set(name, value));
  history.replaceState(null, '', '?' + address);
}"""
"""Client-side: the view's part of the address is renewed, the rest of it (a theme, say) stays."""


@dataclass(frozen=True, slots=True)
class TextView:
    """What a page over a text shows: the question, and the byte that is traced (None: the page chooses)."""

    text: str
    spans: tuple[tuple[int, int], ...]
    top_k: int
    decoding: Decoding
    weights: Weights
    traced: int | None
    looked: Looked


def to_query(page: str, view: TextView) -> str:
    spans = ",".join(f"{start}-{stop}" for start, stop in view.spans)
    options = {"top_k": view.top_k, "decoding": view.decoding, "weights": view.weights}
    traced = {"byte": view.traced, "look": SEPARATOR.join(view.looked)}
    return urlencode({TAB: page, "text": view.text, "mask": spans, **options, **traced})


def from_query(
    page: str, params: Mapping[str, str], otherwise: TextView, understood: Callable[[Looked], bool]
) -> TextView | None:
    """What the address asks of this page, or None. What it leaves out or garbles is taken from `otherwise`.

    understood: whether the trace controls could have these values.
    """
    if params.get(TAB, page) != page or not params.get("text"):
        return None
    looked = tuple(params.get("look", "").split(SEPARATOR))
    return TextView(
        text=params["text"],
        spans=_spans(params.get("mask", ""), len(params["text"].encode("utf-8", errors="replace"))),
        top_k=min(max(_number(params.get("top_k"), otherwise.top_k), 1), 10),
        decoding=_one_of(params.get("decoding"), ("parallel", "iterative"), otherwise.decoding),
        weights=_one_of(params.get("weights"), ("embedded", "published"), otherwise.weights),
        traced=_number(params.get("byte"), None),
        looked=looked if understood(looked) else otherwise.looked,
    )


def _spans(written: str, length: int) -> tuple[tuple[int, int], ...]:
    edges = [span.partition("-")[::2] for span in written.split(",")]
    numbers = [(int(start), min(int(stop), length)) for start, stop in edges if start.isdecimal() and stop.isdecimal()]
    return tuple((start, stop) for start, stop in numbers if start < stop)


def _number(written: str | None, otherwise: T) -> int | T:
    return int(written) if written and written.isdecimal() else otherwise


def _one_of(written: str | None, choices: tuple[T, ...], otherwise: T) -> T:
    return next((choice for choice in choices if choice == written), otherwise)
