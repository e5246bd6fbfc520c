"""The room in which bodies are put one after another: who is there already, and what a new one must keep to."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from meshsight.core.errors import SynthesisError
from meshsight.specs.scene import RejectionSpec
from meshsight.synthesis.body import PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.placement import Placement, Settling
from meshsight.synthesis.rejection import BLOCKED, CLIPPED, CORNERS_OVERHANG, OVERHANGS, TOUCHES, RejectedScene
from meshsight.synthesis.rig import Aim
from meshsight.synthesis.separation import keeps_apart
from meshsight.synthesis.sight import is_center_clear
from meshsight.synthesis.view import View, corner_overhang_of, is_clipped, overhang_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A view and the bodies in it.

    Attributes:
        view: the camera.
        rejection: the rules.
        placement: what proposes poses.
        extent_m: radius of the region around the world's origin that the objects need.
        bodies: what was put so far; grows.
        is_aimed: whether the camera looks where it will; until then nothing is rejected for where it is in the image.
    """

    view: View
    rejection: RejectionSpec
    placement: Placement
    extent_m: float
    bodies: list[PlacedBody] = field(default_factory=list)
    is_aimed: bool = True

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

    def check_sight(self, bodies: Sequence[PlacedBody], num_labelled: int) -> None:
        """Refuses a scene in which something is before the middle of an object, if the recipe wants that.

        Args:
            bodies: all of the scene, the labelled ones first.
            num_labelled: how many these are.

        Raises:
            RejectedScene: something is.
        """
        if not self.rejection.needs_clear_center:
            return
        for index in range(num_labelled):
            if not is_center_clear(self.view.eye, bodies, index):
                raise RejectedScene(f"objects[{index}]", Counter([BLOCKED]))

    def _broken_rule(self, placed: PlacedBody, is_labelled: bool) -> str | None:
        if self.is_aimed and not isinstance(self.placement, Settling):
            rule = self.rule_of_the_view(placed, is_labelled)
            if rule is not None:
                return rule
        gap = self.placement.gap
        return None if gap is None or keeps_apart(placed, self.bodies, gap) else TOUCHES

    def rule_of_the_view(self, placed: PlacedBody, is_labelled: bool) -> str | None:
        """Returns the rule that a body breaks by where it is in the image, if any."""
        if not self.rejection.allow_clipping and is_clipped(self.view, placed):
            return CLIPPED
        if is_labelled and overhang_of(self.view, placed) > self.rejection.max_box_overhang:
            return OVERHANGS
        most = self.rejection.max_corner_overhang
        if is_labelled and most is not None and corner_overhang_of(self.view, placed) > most:
            return CORNERS_OVERHANG
        return None


def aim_at_one(stage: Stage, aim: Aim, draws: Draws) -> Stage:
    """Turns the camera to one of the objects that were put, and applies the rules of the view.

    Raises:
        RejectedScene: an object is not well within the new view.
        SynthesisError: the placement moves objects afterwards.
    """
    if isinstance(stage.placement, Settling):
        raise SynthesisError(
            "camera.look_at: 'object' needs objects that stay where they are put, but this placement moves them; "
            "set look_at: region"
        )
    region = stage.placement.region(stage.view, stage.extent_m)
    targets = [body.center for body in stage.bodies] or [region.center]
    target = targets[draws.stream("camera.target").integers(0, len(targets))]
    aimed = replace(stage, view=replace(stage.view, T_world_cam=aim.at(target)), is_aimed=True)
    broken = Counter(rule for body in stage.bodies if (rule := aimed.rule_of_the_view(body, is_labelled=True)))
    if broken:
        raise RejectedScene("the camera's new view", broken)
    return aimed
