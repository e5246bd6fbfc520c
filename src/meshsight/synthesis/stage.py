"""The room in which bodies are put one after another: who is there already, and what a new one must keep to."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from meshsight.specs.scene import RejectionSpec
from meshsight.synthesis.body import PlacedBody
from meshsight.synthesis.placement import Placement, Settling
from meshsight.synthesis.rejection import CLIPPED, OVERHANGS, TOUCHES, RejectedScene
from meshsight.synthesis.separation import keeps_apart
from meshsight.synthesis.view import View, is_clipped, overhang_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A view and the bodies in it.

    Attributes:
        view: the camera.
        rejection: the rules.
        placement: what proposes poses.
        extent_m: radius of the region around the world's origin that the objects need.
        bodies: what was put so far; grows.
    """

    view: View
    rejection: RejectionSpec
    placement: Placement
    extent_m: float
    bodies: list[PlacedBody] = field(default_factory=list)

    def put(self, name: str, propose: Callable[[], PlacedBody], is_labelled: bool) -> PlacedBody:
        """Puts the first proposed body that breaks no rule.

        Args:
            name: of the body, for the error.
            propose: draws a body with its pose; called again after each rejection.
            is_labelled: labelled objects must also lie far enough inside the image.

        Raises:
            RejectedScene: none of `tries_per_object` proposals was good enough.
        """
        broken: Counter[str] = Counter()
        for _ in range(self.rejection.tries_per_object):
            placed = propose()
            rule = self._broken_rule(placed, is_labelled)
            if rule is None:
                self.bodies.append(placed)
                return placed
            broken[rule] += 1
        raise RejectedScene(f"{name} found no place in {self.rejection.tries_per_object} tries", broken)

    def _broken_rule(self, placed: PlacedBody, is_labelled: bool) -> str | None:
        if not isinstance(self.placement, Settling):
            rule = self.rule_of_the_view(placed, is_labelled)
            if rule is not None:
                return rule
        return None if keeps_apart(placed, self.bodies, self.placement.gap) else TOUCHES

    def rule_of_the_view(self, placed: PlacedBody, is_labelled: bool) -> str | None:
        """Returns the rule that a body breaks by where it is in the image, if any."""
        if not self.rejection.allow_clipping and is_clipped(self.view, placed):
            return CLIPPED
        if is_labelled and overhang_of(self.view, placed) > self.rejection.max_box_overhang:
            return OVERHANGS
        return None
