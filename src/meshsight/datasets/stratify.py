"""Stratified splits of whole groups: every split gets its share of the images and of the objects of every class.

First as in iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data",
ECML PKDD 2011), with groups in place of examples and counts of objects in place of labels: the class that the fewest
groups still have is dealt out first, its largest groups first. Then groups move to other splits as long as that helps.
Both steps choose by one error: the squared difference between a split's share and its fraction, relative to the
fraction, summed over classes. The outcome depends on the seed and on the groups, not on their order.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from meshsight.datasets.split_units import Unit

MAX_ROUNDS = 20
_IMAGES = -1  # stands among the class ids: images are shared out like one more class


def stratified_sides(
    units: Iterable[Unit], fractions: Mapping[str, float], positions: Mapping[str, float]
) -> dict[str, str]:
    """Returns the split of each unit by its name.

    Args:
        units: each once.
        fractions: share of each split by name; they sum to 1.
        positions: a number for each unit that decides between equals, by its name.
    """
    ordered = _rarest_first(sorted(units, key=lambda unit: (positions[unit.name], unit.name)))
    deal = _Deal(ordered, fractions)
    for unit in ordered:
        deal.give(unit)
    for _ in range(MAX_ROUNDS):
        if not any([deal.move(unit) for unit in ordered]):
            break
    return deal.sides


def _rarest_first(units: Sequence[Unit]) -> list[Unit]:
    """Puts the groups of the class first that the fewest groups have, and so on with the groups that are left."""
    owners: defaultdict[int, list[Unit]] = defaultdict(list)
    for unit in units:
        for class_id in unit.num_objects:
            owners[class_id].append(unit)
    num_left = {class_id: len(having) for class_id, having in owners.items()}
    ordered: dict[str, Unit] = {}
    while num_left:
        rarest = min(num_left, key=lambda class_id: (num_left[class_id], class_id))
        for unit in sorted(owners[rarest], key=lambda unit: -unit.num_objects[rarest]):
            if unit.name not in ordered:
                ordered[unit.name] = unit
                num_left.update(
                    {class_id: num_left[class_id] - 1 for class_id in unit.num_objects if class_id in num_left}
                )
        del num_left[rarest]
    empty = sorted((unit for unit in units if not unit.num_objects), key=lambda unit: -unit.num_images)
    return [*ordered.values(), *empty]


def _counts(unit: Unit) -> dict[int, int]:
    return {_IMAGES: unit.num_images, **unit.num_objects}


class _Deal:
    """Which split has what, and how much each one lacks."""

    def __init__(self, units: Iterable[Unit], fractions: Mapping[str, float]) -> None:
        totals = Counter[int]()
        for unit in units:
            totals.update(_counts(unit))
        self.sides: dict[str, str] = {}
        self._lacks = {side: {key: share * total for key, total in totals.items()} for side, share in fractions.items()}
        self._weights = {
            side: {key: 1 / (share * total**2) for key, total in totals.items()} for side, share in fractions.items()
        }

    def give(self, unit: Unit) -> None:
        """Gives a unit to the split where that makes the error smallest."""
        counts = _counts(unit)
        self._put(unit, min(self._lacks, key=lambda side: self._cost(counts, side)))

    def move(self, unit: Unit) -> bool:
        """Moves a unit to another split if that makes the error smaller, and tells whether it did."""
        counts, before = _counts(unit), self.sides[unit.name]
        self._take(counts, before, -1)
        now = self._cost(counts, before)
        best = min(self._lacks, key=lambda side: self._cost(counts, side))
        is_better = self._cost(counts, best) < now - 1e-12
        self._put(unit, best if is_better else before)
        return is_better

    def _put(self, unit: Unit, side: str) -> None:
        self.sides[unit.name] = side
        self._take(_counts(unit), side, 1)

    def _take(self, counts: Mapping[int, int], side: str, sign: int) -> None:
        lacks = self._lacks[side]
        for key, count in counts.items():
            lacks[key] -= sign * count

    def _cost(self, counts: Mapping[int, int], side: str) -> float:
        """Returns by how much the error grows when a split gets these counts; it is negative where it shrinks."""
        lacks, weights = self._lacks[side], self._weights[side]
        return sum(weights[key] * count * (count - 2 * lacks[key]) for key, count in counts.items())
