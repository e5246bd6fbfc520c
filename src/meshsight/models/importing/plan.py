"""What a checkpoint was recognised as, and how its tensors become ours."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from meshsight.specs.base import VariantSpec


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """A recognised model.

    Attributes:
        source: the program that trained it.
        model: its name there, in words.
        spec: the same detector here; for a backbone alone, the spec of `timm` or `resnet`.
        num_classes: of the weights as converted; 0 for a backbone.
        input_hw: the size that its reference recipe trains on.
        convert: returns the tensors under our names.
        classes: names, where the source itself tells them.
        notes: what was assumed, in a line each.
    """

    source: str
    model: str
    spec: VariantSpec
    num_classes: int
    input_hw: tuple[int, int]
    convert: Callable[[], dict[str, Tensor]]
    classes: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
