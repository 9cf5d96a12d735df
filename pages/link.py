"""A view as a query string, so that what is on the page can be sent to somebody."""

from collections.abc import Mapping
from urllib.parse import urlencode

from models.schema import MaskedBytesRequest

SHOW_IN_ADDRESS = """(query) => {
  if (!query) return;
  const address = new URLSearchParams(location.search);
  new URLSearchParams(query).forEach((value, name) => address.set(name, value));
  history.replaceState(null, '', '?' + address);
}"""
"""Client-side: the view's part of the address is renewed, the rest of it (a theme, say) stays."""


def to_query(page: str, request: MaskedBytesRequest) -> str:
    spans = ",".join(f"{start}-{stop}" for start, stop in request.mask)
    return urlencode(
        {
            "tab": page,
            "text": request.text,
            "mask": spans,
            "decoding": request.decoding,
            "weights": request.weights,
            "top_k": request.top_k,
        }
    )


def from_query(params: Mapping[str, str]) -> MaskedBytesRequest | None:
    """What the address asks for, or None where it asks for nothing that can be understood."""
    if not params.get("text"):
        return None
    try:
        spans = tuple(
            (int(start), int(stop))
            for start, stop in (span.split("-") for span in params.get("mask", "").split(",") if span)
        )
        top_k = int(params.get("top_k", 5))
    except ValueError:
        return None
    decoding = "iterative" if params.get("decoding") == "iterative" else "parallel"
    weights = "published" if params.get("weights") == "published" else "embedded"
    return MaskedBytesRequest(params["text"], spans, top_k=top_k, decoding=decoding, weights=weights)
