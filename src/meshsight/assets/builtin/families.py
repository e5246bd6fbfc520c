"""Families of larger objects, each in several variants: what stands in warehouses, offices and yards."""

from collections.abc import Callable
from dataclasses import dataclass

from meshsight.assets.builtin import furniture, goods, palletjack, storage, yard
from meshsight.records.mesh import MeshPart


@dataclass(frozen=True, slots=True)
class Family:
    """Objects of one sort.

    Attributes:
        make: makes the object of an index.
        count: how many there are.
    """

    make: Callable[[int], list[MeshPart]]
    count: int


FAMILIES: dict[str, Family] = {
    "barrier": Family(yard.barrier, 2),
    "bed": Family(furniture.bed, 2),
    "waste_bin": Family(yard.waste_bin, 4),
    "bollard": Family(yard.bollard, 2),
    "cabinet": Family(furniture.cabinet, 4),
    "cage": Family(storage.cage, 2),
    "cardboard": Family(goods.cardboard, 6),
    "cart": Family(yard.cart, 3),
    "chair": Family(furniture.chair, 4),
    "crate": Family(goods.crate, 6),
    "drum": Family(goods.drum, 4),
    "extinguisher": Family(yard.extinguisher, 1),
    "forklift": Family(yard.forklift, 3),
    "ladder": Family(yard.ladder, 2),
    "load": Family(goods.load, 8),
    "pallet": Family(goods.pallet, 6),
    "palletjack": Family(palletjack.palletjack, len(palletjack.DESIGNS)),
    "rack": Family(storage.rack, 6),
    "screen": Family(furniture.screen, 3),
    "shelf": Family(storage.shelf, 3),
    "sign": Family(yard.sign, 1),
    "table": Family(furniture.table, 4),
    "traffic_cone": Family(yard.traffic_cone, 2),
}
