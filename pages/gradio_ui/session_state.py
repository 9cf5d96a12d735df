"""What Gradio keeps of each session, without a copy of every component and its value.

Gradio keeps that copy for links to a state of the app, about 1 MB per session and all results on top. The pages have
links of their own, and keep results in a `SessionStore`.
"""

from collections import ChainMap
from copy import copy
from typing import Any, cast

from gradio.blocks import Block, Blocks
from gradio.state_holder import SessionState, StateHolder

CAPACITY = 1000
"""Sessions that are kept; after that, the one that was used least recently starts with the components as built."""


class SmallState(SessionState):
    """Has only the components that were changed in a session. All others are those of the app."""

    def __init__(self, blocks: Blocks):
        self.blocks_config = copy(blocks.default_config)
        self.blocks_config.blocks = cast(dict[int, Block], ChainMap({}, blocks.blocks))
        self.blocks_config.fns = blocks.fns
        self.config_values = {}
        self.state_data: dict[int, object] = {}
        self._state_ttl: dict[int, object] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3600

    def __setitem__(self, key: int, value: Any) -> None:
        block = self.blocks_config.blocks.get(key)  # None: an updated component, which Gradio gives an id of its own
        if block is not None and block.stateful:
            super().__setitem__(key, value)
        else:
            self.blocks_config.blocks[key] = value

    def _update_config(self, key: int) -> None: ...

    def _update_value_in_config(self, key: int, value: object) -> None: ...


class SmallStates(StateHolder):
    """The states of all sessions."""

    def __getitem__(self, session_id: str) -> SessionState:
        self.session_data.setdefault(session_id, SmallState(self.blocks))
        return super().__getitem__(session_id)
