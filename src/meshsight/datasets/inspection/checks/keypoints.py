"""Keypoints that do not lie where the pose and the camera put them, and corners in more than one order."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from meshsight.datasets.inspection.checking import Subject, Whole
from meshsight.datasets.inspection.corner_order import MAX_REPROJECTION_PX, Order, order_of
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.specs.base import VariantSpec

OFF = Fault(
    code="keypoints_off",
    severity="error",
    message="keypoints do not lie where pose and camera put them",
    advice="check units, axes, the focal lengths and the principal point of the tool that wrote the labels",
)
MIXED = Fault(
    code="mixed_corner_orders",
    severity="error",
    message="some cuboids have their corners in another order than the rest (turned by 180 degrees about z, as Isaac)",
    advice="put them into one order with --fix OUT",
)
TURNED = Fault(
    code="turned_corner_order",
    severity="error",
    message="all cuboids have their corners turned by 180 degrees about z, as Isaac writes them",
    advice="put them into our order with --fix OUT",
)
FAULTS = (OFF, MIXED, TURNED)


class Spec(VariantSpec):
    """How far keypoints may be off."""

    kind: Literal["keypoints"] = "keypoints"
    max_px: float = Field(MAX_REPROJECTION_PX, gt=0)
    """Distance to the projected corner."""


class KeypointCheck:
    """Projects cuboids and compares."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._orders: Counter[Order] = Counter()
        self._first_turned: Case | None = None

    def look(self, subject: Subject) -> Iterator[Case]:
        """Compares every label that has a pose and cuboid keypoints, in an image with a camera."""
        for index, label in enumerate(subject.sample.objects):
            found = order_of(label, subject.sample, self._spec.max_px)
            if found is None:
                continue
            order, offset = found
            self._orders[order] += 1
            if order == "neither":
                yield subject.case(OFF, f"{offset:.3g} px off, more than {self._spec.max_px:g}", index)
            elif order == "turned" and self._first_turned is None:
                self._first_turned = subject.case(TURNED, "the first of them", index)

    def conclude(self, whole: Whole) -> Iterator[Case]:
        """Says whether there are two orders, or only the turned one."""
        if self._first_turned is None:
            return
        turned, ours = self._orders["turned"], self._orders["ours"]
        yield Case(
            fault=MIXED if ours else TURNED,
            detail=f"{turned} cuboids are turned, {ours} are in our order",
            split=self._first_turned.split,
            image=self._first_turned.image,
            object=self._first_turned.object,
        )


def build(spec: Spec) -> KeypointCheck:
    """Returns the check."""
    return KeypointCheck(spec)
