"""The view of a page as a query string, so that what is on the page can be sent to somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from components.scale.attention import Scale
from models.schema import Weights

T = TypeVar("T")
TAB = "tab"
"""The parameter that names the page."""
SEPARATOR = "|"
"""Between the values of the controls, some of which have commas."""

SHOW_IN_ADDRESS = f"""(query) => {{
  if (!query) return;
  const page = new URLSearchParams(query).get('{TAB}');
  (window.perceiverViews ??= {{}})[page] = query;
  if (window.perceiverTab && window.perceiverTab !== page) return;
  const kept = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith('__'));
  history.replaceState(null, '', '?' + new URLSearchParams([...kept, ...new URLSearchParams(query)]));
}}"""
"""Client-side: the address becomes that of the view; what Gradio keeps there (the theme, say) stays.

A view of a tab that was left meanwhile waits there for its return.
"""

OPENED = "() => { window.perceiverOpened = true; }"
"""Client-side: the tab that the address names is open; from now on tabs change the address, and not before."""


OR_CHOSEN_BY_VISITOR = "(seen) => [seen || Boolean(window.perceiverOpened)]"
"""Client-side, when a tab is chosen: whether its page was seen by now; one tab chooses itself as the app opens."""


def _named(pages: Sequence[str]) -> str:
    """Client-side: the page that the address names; where it names none of them, it means the first."""
    return f"""((pages, tab) => pages.includes(tab) ? tab : pages[0])(
      {list(pages)}, new URLSearchParams(location.search).get('{TAB}')
    )"""


def open_named(pages: Sequence[str]) -> str:
    """Client-side: an update for the tabs, that of the page which the address names is chosen."""
    return f"() => [{{selected: {_named(pages)}, __type__: 'update'}}]"


def is_named(page: str, pages: Sequence[str]) -> str:
    """Client-side: whether the address names this one of the pages."""
    return f"() => [{_named(pages)} === '{page}']"


def name_in_address(page: str) -> str:
    """Client-side, when a tab is chosen: the address becomes that of its view as it was left, or names it."""
    return f"""() => {{
      if (!window.perceiverOpened) return;
      window.perceiverTab = '{page}';
      const view = window.perceiverViews?.['{page}'];
      // A view that the address asks for is still to come: its page was chosen by the address.
      if (!view && new URLSearchParams(location.search).get('{TAB}') === '{page}') return;
      ({SHOW_IN_ADDRESS})(view ?? '{TAB}={page}');
    }}"""


@dataclass(frozen=True, slots=True)
class ImageView:
    """What a page over a picture shows.

    example: which one, or None for the visitor's own, which no address can hold. size: pixels a side at which it is
    read. look, scale: as the controls have them. latents: for each variant one that is looked at alone, or None.
    place: of the picture, as shares of its height and width from the upper left corner, whose readers are shown.
    """

    example: int | None
    weights: Weights
    size: int
    look: str
    scale: Scale
    latents: tuple[int | None, ...]
    place: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class FlowView:
    """What a page over two frames shows.

    example: which one, or None for the visitor's own frames, which no address can hold. method: the classical one
    beside the model, or "". look, scale: as the controls have them. step: at which of the sizes that the frames are
    read at the attention is looked at, or None: the page chooses. pixel: row and column that are asked about, or None.
    """

    example: int | None
    weights: Weights
    method: str
    look: str
    scale: Scale
    step: int | None = None
    pixel: tuple[int, int] | None = None


def image_to_query(page: str, view: ImageView) -> str:
    latents = SEPARATOR.join("" if latent is None else str(latent) for latent in view.latents)
    place = SEPARATOR.join(f"{share:.4f}" for share in view.place or ())
    example = {} if view.example is None else {"example": view.example + 1}
    asked = {"weights": view.weights, "size": view.size, "look": view.look, "scale": view.scale}
    return urlencode({TAB: page, **example, **asked, "latents": latents, "place": place})


def image_from_query(
    page: str,
    params: Mapping[str, str],
    otherwise: ImageView,
    examples: int,
    looks: tuple[str, ...],
) -> ImageView | None:
    """What the address asks of this page, or None. What it leaves out or garbles is taken from `otherwise`; the example
    too, where the view was of a visitor's own picture.

    examples: how many there are. looks: what the control could have. Size and latents are as written, for what they
    may be depends on the weights; 0 and None where nothing is.
    """
    if not _asks_for(page, params):
        return None
    latents = params.get("latents", "").split(SEPARATOR)
    return ImageView(
        **_common(params, otherwise, examples, looks),
        size=number(params.get("size"), 0),
        latents=tuple(number(latent, None) for latent in latents)
        if len(latents) == len(otherwise.latents)
        else otherwise.latents,
        place=_place(params.get("place", "")),
    )


def flow_to_query(page: str, view: FlowView) -> str:
    example = {} if view.example is None else {"example": view.example + 1}
    asked = {"weights": view.weights, "method": view.method, "look": view.look, "scale": view.scale}
    step = {} if view.step is None else {"step": view.step}
    pixel = {} if view.pixel is None else {"pixel": SEPARATOR.join(map(str, view.pixel))}
    return urlencode({TAB: page, **example, **asked, **step, **pixel})


def flow_from_query(
    page: str,
    params: Mapping[str, str],
    otherwise: FlowView,
    examples: int,
    methods: tuple[str, ...],
    looks: tuple[str, ...],
) -> FlowView | None:
    """As `image_from_query`; methods: what that control could have.

    Step and pixel are as written: what they may be depends on the frames.
    """
    if not _asks_for(page, params):
        return None
    row, _, column = params.get("pixel", "").partition(SEPARATOR)
    at = number(row, None), number(column, None)
    return FlowView(
        **_common(params, otherwise, examples, looks),
        method=one_of(params.get("method"), methods, otherwise.method),
        step=number(params.get("step"), None),
        pixel=None if at[0] is None or at[1] is None else (at[0], at[1]),
    )


def _asks_for(page: str, params: Mapping[str, str]) -> bool:
    """Whether the address is of a view over pictures of this page."""
    return params.get(TAB) == page and bool({"example", "look"} & set(params))


def _common(
    params: Mapping[str, str], otherwise: ImageView | FlowView, examples: int, looks: tuple[str, ...]
) -> dict[str, Any]:
    """What views over pictures have in common."""
    example = number(params.get("example"), 0)
    return {
        "example": example - 1 if 1 <= example <= examples else otherwise.example,
        "weights": one_of(params.get("weights"), ("embedded", "published"), otherwise.weights),
        "look": one_of(params.get("look"), looks, otherwise.look),
        "scale": one_of(params.get("scale"), ("linear", "log"), otherwise.scale),
    }


def _place(written: str) -> tuple[float, float] | None:
    try:
        row, column = (float(share) for share in written.split(SEPARATOR))
    except ValueError:
        return None
    return (row, column) if 0 <= row < 1 and 0 <= column < 1 else None


def number(written: str | None, otherwise: T) -> int | T:
    return int(written) if written and written.isdecimal() and len(written) < 10 else otherwise


def one_of(written: str | None, choices: tuple[T, ...], otherwise: T) -> T:
    return next((choice for choice in choices if choice == written), otherwise)
