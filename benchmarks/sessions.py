"""Memory of the app over many small sessions, each a call of the API on its own.

python -m benchmarks.sessions [--sessions N]

Prints the resident memory as the sessions come and go, and whether it stays flat once the first ones warmed it up.
"""

import argparse
from collections.abc import Iterator

from benchmarks.memory import resident_mib
from benchmarks.startup import ask, served

STEPS = 6
MOST_KIB = 50
"""Target: a session leaves at most this much behind. A copy of all components takes 1 MiB."""


def measured(sessions: int) -> Iterator[tuple[int, float]]:
    """Yields (sessions so far, resident MiB)."""
    with served() as (address, process):
        for number in range(1, sessions + 1):
            ask(address)
            if number % (sessions // STEPS) == 0:
                yield number, resident_mib(process)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=3000)
    print("| sessions | resident, MiB |\n| ---: | ---: |")
    found = []
    for number, mib in measured(parser.parse_args().sessions):
        found.append((number, mib))
        print(f"| {number:,} | {mib:.0f} |", flush=True)
    (first, before), (last, after) = found[0], found[-1]
    kib = (after - before) * 1024 / (last - first)
    print(f"\n{kib:.1f} KiB per session; target, {MOST_KIB} KiB: {'met' if kib <= MOST_KIB else 'missed'}")


if __name__ == "__main__":
    main()
