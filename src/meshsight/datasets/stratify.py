"""Stratified splits of whole groups: every split gets its share of the objects of every class.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", ECML PKDD
2011), with groups in place of examples and counts of objects in place of labels: the class that the fewest groups still
have is dealt out first, its largest groups first, each to the split that still wants most of it. The outcome depends on
the seed and on the groups, not on their order.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from meshsight.datasets.split_units import Unit


def stratified_sides(
    units: Iterable[Unit], fractions: Mapping[str, float], positions: Mapping[str, float]
) -> dict[str, str]:
    """Returns the split of each unit by its name.

    Args:
        units: each once.
        fractions: share of each split by name; they sum to 1.
        positions: a number for each unit that decides between equals, by its name.
    """
    waiting = sorted(units, key=lambda unit: (positions[unit.name], unit.name))
    owners: defaultdict[int, list[Unit]] = defaultdict(list)
    for unit in waiting:
        for class_id in unit.num_objects:
            owners[class_id].append(unit)
    num_waiting = {class_id: len(having) for class_id, having in owners.items()}
    deal = _Deal(waiting, fractions)
    while num_waiting:
        rarest = min(num_waiting, key=lambda class_id: (num_waiting[class_id], class_id))
        for unit in sorted(owners[rarest], key=lambda unit: -unit.num_objects[rarest]):
            if deal.give(unit, rarest):
                for class_id in unit.num_objects:
                    num_waiting[class_id] -= 1
        del num_waiting[rarest]
    for unit in sorted(waiting, key=lambda unit: -unit.num_images):
        deal.give(unit, None)
    return deal.sides


class _Deal:
    """Hands out units, and knows what each split still wants."""

    def __init__(self, units: Iterable[Unit], fractions: Mapping[str, float]) -> None:
        num_images, num_objects = 0, Counter[int]()
        for unit in units:
            num_images += unit.num_images
            num_objects += unit.num_objects
        self.sides: dict[str, str] = {}
        self._images = {side: share * num_images for side, share in fractions.items()}
        self._objects = {
            side: {class_id: share * count for class_id, count in num_objects.items()}
            for side, share in fractions.items()
        }

    def give(self, unit: Unit, class_id: int | None) -> bool:
        """Gives a unit to the split that wants most of a class, or most images; tells whether it was still there."""
        if unit.name in self.sides:
            return False
        wanted = {
            side: objects.get(class_id, 0.0) if class_id is not None else 0.0 for side, objects in self._objects.items()
        }
        side = max(wanted, key=lambda side: (wanted[side], self._images[side]))
        self.sides[unit.name] = side
        self._images[side] -= unit.num_images
        for one, count in unit.num_objects.items():
            self._objects[side][one] -= count
        return True
