"""Builds the joint network."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from meshsight.models.patch.decoding import in_pixels, scores_of
from meshsight.models.patch.families.joint import Spec
from meshsight.models.patch.layers import circle_output, class_output, trunk, trunk_width
from meshsight.models.patch.losses import circle_loss, class_loss
from meshsight.models.patch.net import INPUT, PatchNet
from meshsight.models.patch.targets import PatchAnswers, PatchTargets


class JointOutputs(NamedTuple):
    """Logits of no ball and ball, or of the ball alone; radius, centre x and centre y as shares of the patch."""

    class_logits: Float[Tensor, "b c"]
    circles: Float[Tensor, "b 3"]


class Joint(PatchNet):
    """Ball or no ball, and where it is."""

    outputs = JointOutputs

    def __init__(self, spec: Spec):
        super().__init__(spec)
        self.class_loss, self.circle_loss = spec.class_loss, spec.circle_loss
        self.grow("trunk", INPUT, trunk(spec))
        self.grow("class_logits", "trunk", class_output(spec, trunk_width(spec)))
        self.grow("circles", "trunk", circle_output(spec, trunk_width(spec)))

    def task_losses(self, raw: JointOutputs, targets: PatchTargets) -> dict[str, Float[Tensor, ""]]:
        """Returns the terms `class` and `circle`."""
        return {
            "class": class_loss(raw.class_logits, targets.balls, self.class_loss),
            "circle": circle_loss(raw.circles, targets, self.circle_loss),
        }

    def decode(self, raw: JointOutputs) -> PatchAnswers:
        """Returns scores, and circles in pixels."""
        return PatchAnswers(scores_of(raw.class_logits), in_pixels(raw.circles, self.spec.input_hw))


def build(spec: Spec) -> Joint:
    """Builds the network with fresh weights."""
    return Joint(spec)
