"""What came of the trials: which are not beaten by another, and which parameters mattered."""

from collections.abc import Sequence

import numpy as np

from meshsight.core.files import dump_json
from meshsight.search.history import History, Json
from meshsight.specs.sweep import ObjectiveSpec

MOST_BINS = 4


def front_of(past: History, objectives: Sequence[ObjectiveSpec]) -> tuple[int, ...]:
    """Returns the numbers of the finished trials that no other beats in one objective without losing in another.

    They are sorted by the first objective, the best first; with one objective these are the winners alone.
    """
    done = [one for one in past if one.state == "done" and one.values is not None]
    signs = np.array([objective.sign for objective in objectives])
    scores = np.array([one.values for one in done], dtype=float).reshape(-1, len(objectives)) * signs
    is_beaten = [bool(np.any(np.all(scores >= score, axis=1) & np.any(scores > score, axis=1))) for score in scores]
    kept = [index for index in range(len(done)) if not is_beaten[index]]
    kept.sort(key=lambda index: (*(-scores[index]), done[index].number))
    return tuple(done[index].number for index in kept)


def importance(past: History, names: Sequence[str], objective: int = 0) -> dict[str, float]:
    """Returns what share of the variance of an objective each parameter explains alone.

    It is the omega squared of a one-way analysis of variance (Hays, Statistics, 1963), which unlike eta squared does
    not grow with the number of values; numbers with many values are cut into four bins of equal size. What parameters
    do only together is in nobody's share.
    """
    done = [one for one in past if one.state == "done" and one.values is not None]
    values = np.array([(one.values or ())[objective] for one in done], dtype=float)
    return {name: _omega_squared(_groups([one.params[name] for one in done]), values) for name in names}


def _groups(values: Sequence[Json]) -> np.ndarray:
    """Returns a group number for each value."""
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values) and len(set(numbers)) > MOST_BINS:
        ranks = np.argsort(np.argsort(numbers, kind="stable"), kind="stable")
        return ranks * MOST_BINS // max(1, len(numbers))
    texts = [dump_json(value) for value in values]
    return np.array([sorted(set(texts)).index(text) for text in texts], dtype=int)


def _omega_squared(groups: np.ndarray, values: np.ndarray) -> float:
    kinds = np.unique(groups)
    if len(kinds) < 2 or len(values) <= len(kinds):
        return 0.0
    total = float(np.sum((values - values.mean()) ** 2))
    parts = [values[groups == kind] for kind in kinds]
    between = sum(len(part) * float(part.mean() - values.mean()) ** 2 for part in parts)
    within = (total - between) / (len(values) - len(kinds))
    if total + within <= 0:
        return 0.0
    return max(0.0, (between - (len(kinds) - 1) * within) / (total + within))
