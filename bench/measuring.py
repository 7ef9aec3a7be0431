"""Measures interleaved: variants take turns, each counts work per CPU-second, medians are compared."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

_TICKS = os.sysconf("SC_CLK_TCK")


class NotMeasured(Exception):
    """A row could not be measured; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """So many pieces of work and the CPU-seconds that they cost."""

    done: float
    cpu: float

    @property
    def rate(self) -> float:
        """Pieces per CPU-second. Raises ``NotMeasured`` when the CPU time is too short to be seen."""
        if self.cpu <= 0:
            raise NotMeasured("the CPU time of a round was too short to be seen")
        return self.done / self.cpu


class Say(Protocol):
    """Shows progress."""

    def __call__(self, text: str) -> None:
        """Show a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A row's value, and what stands beside it in the file."""

    value: float
    of: str
    note: str = ""


def cpu_seconds(*processes: int) -> float:
    """Return user and system time of processes with all their threads, in seconds (proc(5), stat)."""
    total = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def family(process: int) -> list[int]:
    """Return a process and those that descend from it."""
    found = [process]
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(OSError):
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found


def own_work(work: Callable[[], int]) -> Work:
    """Do work in this process and count what it costs; the work returns how many pieces it did."""
    started = time.process_time()
    done = work()
    return Work(done=done, cpu=time.process_time() - started)


def interleaved(
    variants: Mapping[str, Callable[[], Work]], *, rounds: int, say: Say
) -> dict[str, list[float]]:
    """Run A B C A B C … and return each variant's rates in its order of rounds."""
    rates: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(1, rounds + 1):
        for name, run in variants.items():
            rates[name].append(run().rate)
        told = ", ".join(f"{name} {rates[name][-1]:,.0f}" for name in variants)
        say(f"round {number} of {rounds}: {told} per CPU-second")
    return rates


def ratio(rates: Mapping[str, Sequence[float]], ours: str, reference: str) -> tuple[float, str]:
    """Return the ratio of the medians, and a note with both and the spread of the rounds' own ratios."""
    each = [a / b for a, b in zip(rates[ours], rates[reference], strict=True)]
    mine, theirs = median(rates[ours]), median(rates[reference])
    note = (
        f"{mine:,.0f} against {theirs:,.0f} per CPU-second, medians of {len(each)} interleaved rounds; "
        f"round by round {min(each):.2f} to {max(each):.2f}"
    )
    return mine / theirs, note


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below or at which ``share`` (0 to 1) of the values lie (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[int(min(rank, len(ordered))) - 1]
