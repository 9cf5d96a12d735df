"""The queue of requests: a bounded number of places for each visitor, a fair order, and no work without a listener."""

import asyncio
import math
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

import gradio as gr
from fastapi import Request
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event, EventQueue, Queue
from gradio.utils import LRUCache, run_coro_in_background

from models.turns import Caller
from pages.gradio_ui.session_state import CAPACITY

LANE_PLACES = 64
"""Requests that may wait in one lane."""
SILENT_SECONDS = 10.0
"""How long a request waits or runs without a listener for its result."""
KEPT_SECONDS = 60.0
"""How long a result is kept until a listener comes."""
LOOK_SECONDS = 0.5
STOPPING = "The server is restarting. Try again in a minute."
BUSY = "The server is busy. Try again in a minute."
TOO_MANY = "{} of your requests are waiting or running. Wait for them before you send more."


@dataclass(frozen=True, slots=True)
class Places:
    """Requests of one page, and of one network address, that may wait or run. Many visitors may share an address."""

    session: int = 16
    address: int = 32


class Messages(asyncio.Queue[object]):
    """Messages for one session, which know how long they have had no listener."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners, self._heard = 0, time.monotonic()

    @property
    def silent_seconds(self) -> float:
        return 0.0 if self._listeners else time.monotonic() - self._heard

    async def get(self) -> object:
        self._listeners += 1
        try:
            return await super().get()
        finally:
            self._listeners -= 1
            self._heard = time.monotonic()


class FairQueue(Queue):
    """Gradio's queue, which serves the session first that has waited longest since it was served.

    A session runs one request of a lane at a time, so that its results arrive in order, and an address at most half of
    those that the lane runs. Each request has a `Caller`, which has left once its stream or its page is closed, or it
    was canceled, or had no listener for a while.
    """

    def __init__(self, places: Places, **options: Any):
        super().__init__(**options)
        self._places, self._finishing = places, False
        self._served: LRUCache[str, float] = LRUCache(CAPACITY)

    def start(self) -> None:
        super().start()
        run_coro_in_background(self._end_unheard)

    async def push(self, body: PredictBodyInternal, request: Request, username: str | None) -> tuple[bool, Any, Any]:
        """Takes a request in that was checked, or refuses it with the reason."""
        if self._finishing:
            return False, STOPPING, "queue_full"
        function = self.blocks.fns[cast(int, body.fn_index)]
        request.state.caller = Caller(body.session_hash or _address(request))
        body.session_hash = body.session_hash or uuid4().hex
        if reason := self._refusal(body.session_hash, _address(request), function.concurrency_id):
            return False, reason, "queue_full"
        self.pending_messages_per_session.setdefault(body.session_hash, Messages())
        return await super().push(body, request, username)

    def _refusal(self, session: str, address: str, lane: str) -> str:
        under_way = [*self.event_ids_to_events.values()]
        of_session = sum(event.session_hash == session for event in under_way)
        of_address = sum(_address(event.request) == address for event in under_way)
        if of_session >= self._places.session or of_address >= self._places.address:
            return TOO_MANY.format(of_address)
        waiting = self.event_queue_per_concurrency_id.get(lane)
        return BUSY if waiting and len(waiting.queue) >= LANE_PLACES else ""

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """The next request, its lane, and False since requests are not batched."""
        running = [event for events in self.active_jobs for event in events or ()]
        for name, lane in self.event_queue_per_concurrency_id.items():
            if lane.queue and (lane.concurrency_limit is None or lane.current_concurrency < lane.concurrency_limit):
                event = self._next(lane, [each for each in running if each.concurrency_id == name])
                if event:
                    lane.queue.remove(event)
                    self._served[event.session_hash] = time.monotonic()
                    return [event], False, name
        return None

    def _next(self, lane: EventQueue, running: list[Event]) -> Event | None:
        busy, addresses = {event.session_hash for event in running}, Counter(_address(each.request) for each in running)
        room = math.inf if lane.concurrency_limit is None else math.ceil(lane.concurrency_limit / 2)
        return min(
            (each for each in lane.queue if each.session_hash not in busy and addresses[_address(each.request)] < room),
            key=lambda event: (addresses[_address(event.request)], self._served.get(event.session_hash, 0.0)),
            default=None,
        )

    # Callers who leave

    async def clean_events(self, *, session_hash: str | None = None, event_id: str | None = None) -> None:
        """Called when a stream or a page is closed."""
        for event in self.event_ids_to_events.values():
            if event.session_hash == session_hash or event._id == event_id:
                _caller(event).left = True
        await super().clean_events(session_hash=session_hash, event_id=event_id)

    async def remove_from_queue(self, event_id: str) -> None:
        """Called when a request is canceled."""
        if event := self.event_ids_to_events.get(event_id):
            _caller(event).left = True
        await super().remove_from_queue(event_id)

    def finish(self, seconds: float) -> None:
        """Takes no more requests, and returns when those under way have ended; the rest end once the time is up."""
        self._finishing, until = True, time.monotonic() + seconds
        while self.event_ids_to_events and time.monotonic() < until:
            time.sleep(LOOK_SECONDS / 10)
        for event in [*self.event_ids_to_events.values()]:
            _caller(event).left = True

    async def _end_unheard(self) -> None:
        while not self.stopped:
            await asyncio.sleep(LOOK_SECONDS)
            sessions = {event.session_hash for event in self.event_ids_to_events.values()}
            for session, messages in [*self.pending_messages_per_session.items()]:
                silent = messages.silent_seconds if isinstance(messages, Messages) else 0.0
                if session in sessions and silent > SILENT_SECONDS:
                    await self.clean_events(session_hash=session)
                elif session not in sessions and silent > KEPT_SECONDS:
                    self.pending_messages_per_session.pop(session, None)
            for session in self.pending_event_ids_session.keys() - sessions - self.pending_messages_per_session.keys():
                del self.pending_event_ids_session[session]

    def compute_analytics_summary(self, records: object) -> dict[str, object]:
        """Nothing: Gradio's page with these figures is not served, and they take longer with each request."""
        return {}


def caller_of(request: gr.Request | None) -> Caller:
    """Who waits for the answer to a request; a new caller if it did not come through the queue."""
    state = getattr(getattr(request, "request", None), "state", None)
    return getattr(state, "caller", None) or Caller()


def _caller(event: Event) -> Caller:
    return event.request.state.caller


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
