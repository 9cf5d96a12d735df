"""Whose turn it is: of what a visitor had begun, the last goes on, until they stop it."""

from dataclasses import dataclass

import gradio as gr


@dataclass(slots=True)
class Turn:
    """Looked at by what is under way.

    stopped: by its visitor. given_way: something else was begun, or nobody is left.
    """

    stopped: bool = False
    given_way: bool = False

    @property
    def over(self) -> bool:
        return self.stopped or self.given_way


class Turns:
    """Of each visitor the last, by the session of their browser's page."""

    def __init__(self) -> None:
        self._last: dict[str | None, Turn] = {}

    def begin(self, browser: gr.Request) -> Turn:
        """What was under way gives way."""
        self.leave(browser)
        return self._last.setdefault(browser.session_hash, Turn())

    def stop(self, browser: gr.Request) -> None:
        if turn := self._last.get(browser.session_hash):
            turn.stopped = True

    def leave(self, browser: gr.Request) -> None:
        if turn := self._last.pop(browser.session_hash, None):
            turn.given_way = True
