"""How much memory a call takes at its peak, beyond what is held before it. Linux only."""

import ctypes
from collections.abc import Callable
from pathlib import Path

_KIB_OF_A_MIB = 1024


def peak_mib(call: Callable[[], object]) -> float:
    """MiB of resident memory at the peak of one call, the second one: workspaces are then in place.

    What the call returns counts: it is part of what the caller gets.
    """
    call()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what is freed but kept would hide what is taken anew
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before = _status("VmRSS")
    call()
    return _status("VmHWM") - before


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / _KIB_OF_A_MIB
