"""Links to the root of the app that belong to another page."""

from collections.abc import Mapping

from pages.masked_bytes.screen import MaskedBytesState
from pages.overview.screen import OverviewState

_EARLIER_ROOT = "masked_bytes"
_EARLIER_FIELDS = MaskedBytesState.model_fields.keys() - OverviewState.model_fields.keys()


def page_of(query: Mapping[str, str]) -> str | None:
    """The page that a query names by `page`, since a Space passes on only the query of its address to the app. Links
    of the time when masked language modeling was at the root name its fields."""
    return query.get("page") or (_EARLIER_ROOT if query.keys() & _EARLIER_FIELDS else None)
