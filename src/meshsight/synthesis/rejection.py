"""The error that ends one attempt at a scene: a rule of the recipe was broken."""

from collections import Counter

from meshsight.core.errors import SynthesisError

TOUCHES = "bodies would touch; lower `count`, `distractors.count` or the placement's crowding"
CLIPPED = "crosses the camera's near or far plane; move the camera away or set rejection.allow_clipping"
OVERHANGS = "too far outside the image; raise rejection.max_box_overhang or lower the placement's overhang"
CORNERS_OVERHANG = "a corner of an object's box too far outside the image; raise rejection.max_corner_overhang"
BLOCKED = "something before the middle of an object; have fewer distractors or set rejection.needs_clear_center: false"
UNSETTLED = "unsettled; lower `count`, placement.height or placement.restitution, or raise placement.max_seconds"
HIDDEN = "too little of an object is visible; lower rejection.min_visibility or min_pixels, or have fewer distractors"


class RejectedScene(SynthesisError):
    """One attempt at a frame broke a rule of the recipe; another attempt may not.

    Attributes:
        rules: how often each rule was broken.
    """

    def __init__(self, what: str, rules: Counter[str]) -> None:
        reasons = "; ".join(f"{times}x {rule}" for rule, times in rules.most_common())
        super().__init__(f"{what}: {reasons}")
        self.rules = rules
