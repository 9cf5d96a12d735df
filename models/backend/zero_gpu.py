"""GPU time on a ZeroGPU Space: a call with an original model borrows a GPU for about as long as it takes.

A visitor has a few minutes of it a day. The demo models run on the CPU, which costs none.
"""

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

from models.schema import CheckpointUnavailable
from models.tasks.cost import Cost

SPEEDUP = 50
"""How many times faster a GPU is at large products than the two CPU cores of `Cost`; a cautious guess."""
PASS_SECONDS = 0.02
"""Least seconds of a forward pass on a GPU, whose many small steps are started one by one."""
START_SECONDS = 2.0
"""To start the process, and to move the weights to the GPU."""
MARGIN = 1.5


class ZeroGpu:
    """Runs calls in a process with a GPU. Refusals by ZeroGPU become those of a backend.

    spaces: the package of this name. run, stream: as in `LocalBackend`; errors for visitors are values.
    cost: of a request. limit: longest duration of a call in seconds.
    """

    def __init__(
        self,
        spaces: Any,
        run: Callable[[Sequence[Any]], list[Any]],
        stream: Callable[[Any], Generator[Any]],
        cost: Callable[[Any], Cost],
        limit: int,
    ):
        self._cost, self._limit = cost, limit
        self._run = spaces.GPU(duration=self.seconds)(run)
        self._stream = spaces.GPU(duration=lambda request: self.seconds([request]))(stream)

    def seconds(self, requests: Iterable[Any]) -> int:
        """Duration to ask for."""
        taken = sum(max(cost.seconds / SPEEDUP, cost.passes * PASS_SECONDS) for cost in map(self._cost, requests))
        return min(self._limit, math.ceil(START_SECONDS + MARGIN * taken))

    def run(self, requests: Sequence[Any]) -> list[Any]:
        """Results and refusals, in order."""
        try:
            return self._run(requests)
        except Exception as error:  # an error of Gradio, which is not imported here
            return [_refusal(error)] * len(requests)

    def stream(self, request: Any) -> Generator[Any]:
        """Parts and the result, or a refusal."""
        try:
            yield from self._stream(request)
        except Exception as error:
            yield _refusal(error)


def _refusal(error: Exception) -> CheckpointUnavailable:
    """What ZeroGPU says of its queue and its quota, for the visitor. Raises any other error."""
    title = str(getattr(error, "title", ""))
    if not title.startswith("ZeroGPU") or title == "ZeroGPU worker error":
        raise error
    reason = str(getattr(error, "message", error)).strip(" .")
    return CheckpointUnavailable(f"{reason}. The demo model runs without a GPU: choose it under Model.")
