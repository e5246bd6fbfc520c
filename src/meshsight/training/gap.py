"""How far validation sets lie apart, above all synthetic and real ones, and which way that goes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meshsight.training.events import GapMeasured

WINDOW = 5
"""Validations that a trend is taken over."""
LEAST = 3
"""Fewer of them show no trend."""


@dataclass(slots=True)
class GapMeter:
    """Follows the value of the first validation set minus that of each other one.

    Attributes:
        metric: what is compared: ap, ap50 or ap75.
    """

    metric: str
    _history: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def measure(self, step: int, values: Mapping[str, float]) -> list[GapMeasured]:
        """Takes in one validation of all sets; returns the gap to each set but the first."""
        for name, value in values.items():
            self._history[name].append(value)
        first, *others = values
        return [self._gap(step, first, other) for other in others]

    def remember(self, lines: Iterable[Mapping[str, Any]], last_step: int) -> None:
        """Takes in the validations that a resumed run had, as `metrics.jsonl` tells them."""
        for line in lines:
            if line["event"] == "validation" and line["step"] <= last_step:
                self._history[line["data"]].append(line[self.metric] or 0.0)

    def _gap(self, step: int, first: str, other: str) -> GapMeasured:
        mine, theirs = (np.array(self._history[name][-WINDOW:]) for name in (first, other))
        trend = _slope(mine - theirs)
        return GapMeasured(
            step=step,
            data=first,
            other=other,
            metric=self.metric,
            value=float(mine[-1]),
            other_value=float(theirs[-1]),
            gap=float(mine[-1] - theirs[-1]),
            trend=trend,
            is_parting=trend is not None and _slope(mine) > 0 > _slope(theirs),
        )


def _slope(values: np.ndarray) -> Any:
    """Change from one validation to the next, by least squares; None for too few."""
    return float(np.polyfit(np.arange(len(values)), values, 1)[0]) if len(values) >= LEAST else None
