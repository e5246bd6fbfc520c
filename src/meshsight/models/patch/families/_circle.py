"""Builds the regressor of circles."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from meshsight.models.patch.decoding import in_pixels
from meshsight.models.patch.families.circle import Spec
from meshsight.models.patch.layers import circle_output, trunk, trunk_width
from meshsight.models.patch.losses import circle_loss
from meshsight.models.patch.net import INPUT, PatchNet
from meshsight.models.patch.targets import PatchAnswers, PatchTargets


class CircleOutputs(NamedTuple):
    """Radius, centre x and centre y as shares of the patch."""

    circles: Float[Tensor, "b 3"]


class CircleRegressor(PatchNet):
    """Where the ball is, if there is one."""

    outputs = CircleOutputs

    def __init__(self, spec: Spec):
        super().__init__(spec)
        self.circle_loss = spec.circle_loss
        self.grow("trunk", INPUT, trunk(spec))
        self.grow("circles", "trunk", circle_output(spec, trunk_width(spec)))

    def task_losses(self, raw: CircleOutputs, targets: PatchTargets) -> dict[str, Float[Tensor, ""]]:
        """Returns the term `circle`."""
        return {"circle": circle_loss(raw.circles, targets, self.circle_loss)}

    def decode(self, raw: CircleOutputs) -> PatchAnswers:
        """Returns circles in pixels."""
        return PatchAnswers(None, in_pixels(raw.circles, self.spec.input_hw))


def build(spec: Spec) -> CircleRegressor:
    """Builds the network with fresh weights."""
    return CircleRegressor(spec)
