"""What the doctor says of a data set: 10,000 bad boxes make one finding with a few examples.

A `Fault` is a kind of thing that can be wrong, a `Case` is one place where it is, and a `Finding` is all cases of a
fault. `checks/` finds the cases.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]

NUM_SHOWN = 5
"""Cases of a finding that are kept as examples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A kind of thing that can be wrong with a data set.

    Attributes:
        code: a stable name, such as `box_outside`.
        severity: an `error` makes the data set bad; a `warning` may be as it should be.
        message: what is wrong, without the number: "boxes reach out of their image".
        advice: what to do about it.
    """

    code: str
    severity: Severity
    message: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One place where a fault is.

    Attributes:
        fault: what is wrong there.
        detail: what was found and what was expected.
        split: name of the split, or an empty string.
        image: the sample's image as its label names it, or None for the data set as a whole.
        object: index of the object in the sample, or None.
    """

    fault: Fault
    detail: str
    split: str = ""
    image: str | None = None
    object: int | None = None

    @property
    def place(self) -> str:
        """Where it is, for people: "train, a.png, object 3"; empty for the data set as a whole."""
        parts = (self.split, self.image or "", "" if self.object is None else f"object {self.object}")
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """All cases of one fault.

    Attributes:
        code, severity, message, advice: those of the fault.
        count: how many cases there are.
        cases: the first few of them.
    """

    code: str
    severity: Severity
    message: str
    advice: str
    count: int
    cases: tuple[Case, ...]


@dataclass(slots=True)
class _Tally:
    count: int = 0
    cases: list[Case] = field(default_factory=list[Case])


class Ledger:
    """Gathers cases; holds no more than the first few of each fault."""

    def __init__(self, num_shown: int = NUM_SHOWN) -> None:
        self._num_shown = num_shown
        self._tallies: dict[Fault, _Tally] = {}

    def add(self, cases: Iterable[Case]) -> None:
        """Counts cases."""
        for case in cases:
            tally = self._tallies.setdefault(case.fault, _Tally())
            tally.count += 1
            if len(tally.cases) < self._num_shown:
                tally.cases.append(case)

    def findings(self) -> tuple[Finding, ...]:
        """Returns a finding for each fault that has a case: errors first, then by code."""
        order = sorted(self._tallies, key=lambda fault: (fault.severity != "error", fault.code))
        return tuple(_finding(fault, self._tallies[fault]) for fault in order)


def _finding(fault: Fault, tally: _Tally) -> Finding:
    return Finding(
        code=fault.code,
        severity=fault.severity,
        message=fault.message,
        advice=fault.advice,
        count=tally.count,
        cases=tuple(tally.cases),
    )
