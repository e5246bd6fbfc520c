"""Builds the network with an early exit.

Nao Devils' idea (Moos et al.); here the two parts are trained together, and torch always computes both: leaving early
saves time in the generated C, where the answers are the same.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from meshsight.models.patch.decoding import in_pixels, scores_of
from meshsight.models.patch.families.early_exit import Spec
from meshsight.models.patch.layers import (
    circle_output,
    class_output,
    conv_blocks,
    dense_layers,
    trunk,
    trunk_width,
    values_after,
)
from meshsight.models.patch.losses import circle_loss, class_loss
from meshsight.models.patch.net import INPUT, PatchNet
from meshsight.models.patch.targets import PatchAnswers, PatchTargets


class EarlyExitOutputs(NamedTuple):
    """What the early look says, and what the whole network says.

    Attributes:
        early_logits: of no ball and ball, or of the ball alone.
        class_logits: likewise.
        circles: radius, centre x and centre y as shares of the patch.
    """

    early_logits: Float[Tensor, "b c"]
    class_logits: Float[Tensor, "b c"]
    circles: Float[Tensor, "b 3"]


class EarlyExit(PatchNet):
    """Ball or no ball, and where it is; quick where there is clearly none.

    Attributes:
        exit_threshold: below this early score the network stops; saved with the weights.
    """

    outputs = EarlyExitOutputs

    def __init__(self, spec: Spec):
        super().__init__(spec)
        self.class_loss, self.circle_loss, self.exit_weight = spec.class_loss, spec.circle_loss, spec.exit_weight
        self.exit_threshold: Tensor
        self.register_buffer("exit_threshold", torch.tensor(spec.exit_threshold))
        width = values_after(spec, spec.exit_after)
        self.grow("start", INPUT, conv_blocks(spec, spec.all_blocks[: spec.exit_after]))
        self.grow("early", "start", dense_layers(width, spec.exit_dense, spec.slope, spec.dropout))
        self.grow("early_logits", "early", class_output(spec, (width, *spec.exit_dense)[-1]))
        self.grow("trunk", "start", trunk(spec, spec.exit_after))
        self.grow("class_logits", "trunk", class_output(spec, trunk_width(spec)))
        self.grow("circles", "trunk", circle_output(spec, trunk_width(spec)))

    def task_losses(self, raw: EarlyExitOutputs, targets: PatchTargets) -> dict[str, Float[Tensor, ""]]:
        """Returns the terms `early`, `class` and `circle`."""
        return {
            "early": self.exit_weight * class_loss(raw.early_logits, targets.balls, self.class_loss),
            "class": class_loss(raw.class_logits, targets.balls, self.class_loss),
            "circle": circle_loss(raw.circles, targets, self.circle_loss),
        }

    def decode(self, raw: EarlyExitOutputs) -> PatchAnswers:
        """Returns scores, and circles in pixels: zeros where the network stopped before it looked for one."""
        early = scores_of(raw.early_logits)
        goes_on = early >= self.exit_threshold
        scores = torch.where(goes_on, scores_of(raw.class_logits), early)
        circles = in_pixels(raw.circles, self.spec.input_hw)
        return PatchAnswers(scores, torch.where(goes_on[:, None], circles, 0.0))


def build(spec: Spec) -> EarlyExit:
    """Builds the network with fresh weights."""
    return EarlyExit(spec)
