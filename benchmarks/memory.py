"""Peak memory of a call beyond what is allocated before it. Linux only."""

import ctypes
from collections.abc import Callable
from pathlib import Path

_KIB_OF_A_MIB = 1024


def peak_mib(call: Callable[[], object]) -> float:
    """Peak of the resident memory during the second call, in MiB, when workspaces are allocated.

    Includes the returned value.
    """
    call()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # otherwise freed memory that is reused would not count
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = resident_mib()
    call()
    return _status("VmHWM") - before


def resident_mib(process: int | str = "self") -> float:
    """Resident memory of a process."""
    return _status("VmRSS", process)


def _status(name: str, process: int | str = "self") -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / _KIB_OF_A_MIB
