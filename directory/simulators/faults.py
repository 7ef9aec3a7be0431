"""Which fault each register shows, and for which calls: set by a tester over HTTP."""

from dataclasses import dataclass, replace
from threading import Lock
from typing import Self

KINDS = (
    "", "down", "slow", "trickle", "truncated", "soap_fault", "malformed", "garbage", "entities", "invalid",
    "partial", "swapped", "renamed", "dead", "unready", "huge", "503", "403", "redirect", "empty",
)  # fmt: skip
"""``empty``: the register answers well and knows nobody. ``partial``: it leaves out the last record.

``truncated``: the connection ends in the middle. ``renamed``, ``dead``: well formed answers, all of them
wrong. ``unready``: a file order never gets done.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault, after ``after`` good calls and for ``times`` calls (0: until told otherwise)."""

    kind: str = ""
    after: int = 0
    times: int = 0
    seconds: float = 2.0

    @classmethod
    def of(cls, content: dict[str, object]) -> Self:
        """Return the fault that the JSON describes. Raises ``ValueError`` for anything unknown."""
        if set(content) - {"kind", "after", "times", "seconds"} or content.get("kind") not in KINDS:
            raise ValueError("a fault has kind, after, times, seconds")
        return cls(
            kind=str(content["kind"]),
            after=int(str(content.get("after", 0))),
            times=int(str(content.get("times", 0))),
            seconds=float(str(content.get("seconds", 2.0))),
        )


class Faults:
    """The fault in force for each register, counted down by the calls themselves."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._faults = {"hsa": Fault(), "pu": Fault()}

    def put(self, register: str, fault: Fault) -> None:
        """Set a register's fault. Raises ``KeyError`` for a register that is not here."""
        with self._lock:
            if register not in self._faults:
                raise KeyError(register)
            self._faults[register] = fault

    def shown(self) -> dict[str, dict[str, object]]:
        """Return the faults in force."""
        with self._lock:
            return {
                register: {
                    "kind": fault.kind, "after": fault.after, "times": fault.times, "seconds": fault.seconds
                }
                for register, fault in self._faults.items()
            }  # fmt: skip

    def next_call(self, register: str) -> Fault:
        """Return the fault that the next call shows, and count it."""
        with self._lock:
            fault = self._faults[register]
            if not fault.kind:
                return fault
            if fault.after > 0:
                self._faults[register] = replace(fault, after=fault.after - 1)
                return Fault()
            if fault.times == 1:
                self._faults[register] = Fault()
            elif fault.times > 1:
                self._faults[register] = replace(fault, times=fault.times - 1)
            return fault
