"""The view of a page as a query string, so that what is on the page can be sent to somebody."""

from collections.abc import Sequence
from typing import TypeVar

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


def number(written: str | None, otherwise: T) -> int | T:
    return int(written) if written and written.isdecimal() and len(written) < 10 else otherwise


def one_of(written: str | None, choices: tuple[T, ...], otherwise: T) -> T:
    return next((choice for choice in choices if choice == written), otherwise)
