"""Views of the pages over texts as query strings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from components.analysis.text_units import Unit
from models.schema import Decoding, Weights
from pages.link import SEPARATOR, TAB, number, one_of

Looked = tuple[str, ...]
"""Values of the trace controls."""
LONGEST_IN_ADDRESS = 1500
"""Bytes of a text; servers refuse addresses that are much longer than a few thousand signs."""


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


@dataclass(frozen=True, slots=True)
class SentimentView:
    """What a page over a text that is classified shows.

    occlude: whether each word is left out in turn. unit: of which shares of attention are shown.
    """

    text: str
    weights: Weights
    occlude: bool
    unit: Unit
    looked: Looked


@dataclass(frozen=True, slots=True)
class TeachView:
    """How something is taught. set: which of the built-in ones, or None for rows of the visitor's own, which no address
    can hold. learns: "all" or "decoder"."""

    set: int | None
    epochs: int
    batch: int
    rate: float
    learns: str
    seed: int
    weights: Weights


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
    return TextView(
        text=params["text"],
        spans=_spans(params.get("mask", ""), len(params["text"].encode("utf-8", errors="replace"))),
        top_k=min(max(number(params.get("top_k"), otherwise.top_k), 1), 10),
        decoding=one_of(params.get("decoding"), ("parallel", "iterative"), otherwise.decoding),
        weights=one_of(params.get("weights"), ("embedded", "published"), otherwise.weights),
        traced=number(params.get("byte"), None),
        looked=_looked(params, understood, otherwise.looked),
    )


def sentiment_to_query(page: str, view: SentimentView) -> str:
    """A text that no address could hold is left out: the address then names the page alone."""
    if len(view.text.encode("utf-8", errors="replace")) > LONGEST_IN_ADDRESS:
        return urlencode({TAB: page})
    options = {"weights": view.weights, "words": int(view.occlude), "unit": view.unit}
    return urlencode({TAB: page, "text": view.text, **options, "look": SEPARATOR.join(view.looked)})


def sentiment_from_query(
    page: str,
    params: Mapping[str, str],
    otherwise: SentimentView,
    units: tuple[Unit, ...],
    understood: Callable[[Looked], bool],
) -> SentimentView | None:
    """As `from_query`; units: what that control could have."""
    if params.get(TAB) != page or not params.get("text"):
        return None
    return SentimentView(
        text=params["text"],
        weights=one_of(params.get("weights"), ("embedded", "published"), otherwise.weights),
        occlude=one_of(params.get("words"), ("0", "1"), str(int(otherwise.occlude))) == "1",
        unit=one_of(params.get("unit"), units, otherwise.unit),
        looked=_looked(params, understood, otherwise.looked),
    )


def teach_to_query(page: str, view: TeachView) -> str:
    known = {} if view.set is None else {"set": view.set + 1}
    settings = {"epochs": view.epochs, "batch": view.batch, "rate": f"{view.rate:g}", "learns": view.learns}
    return urlencode({TAB: page, **known, **settings, "seed": view.seed, "weights": view.weights})


def teach_from_query(
    page: str,
    params: Mapping[str, str],
    otherwise: TeachView,
    sets: int,
    most_epochs: int,
    batches: tuple[int, ...],
    rates: tuple[float, ...],
) -> TeachView | None:
    """As `from_query`; sets: how many there are. The others: what the controls could have."""
    if params.get(TAB) != page or not {"set", "epochs"} & set(params):
        return None
    chosen = number(params.get("set"), 0)
    rate = one_of(params.get("rate"), tuple(f"{each:g}" for each in rates), f"{otherwise.rate:g}")
    return TeachView(
        set=chosen - 1 if 1 <= chosen <= sets else otherwise.set,
        epochs=min(max(number(params.get("epochs"), otherwise.epochs), 1), most_epochs),
        batch=int(one_of(params.get("batch"), tuple(map(str, batches)), str(otherwise.batch))),
        rate=float(rate),
        learns=one_of(params.get("learns"), ("all", "decoder"), otherwise.learns),
        seed=number(params.get("seed"), otherwise.seed),
        weights=one_of(params.get("weights"), ("embedded", "published"), otherwise.weights),
    )


def _looked(params: Mapping[str, str], understood: Callable[[Looked], bool], otherwise: Looked) -> Looked:
    looked = tuple(params.get("look", "").split(SEPARATOR))
    return looked if understood(looked) else otherwise


def _spans(written: str, length: int) -> tuple[tuple[int, int], ...]:
    edges = [span.partition("-")[::2] for span in written.split(",")]
    numbers = [(int(start), min(int(stop), length)) for start, stop in edges if start.isdecimal() and stop.isdecimal()]
    return tuple((start, stop) for start, stop in numbers if start < stop)
