"""Builds the classifier."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from meshsight.models.patch.decoding import scores_of
from meshsight.models.patch.families.classifier import Spec
from meshsight.models.patch.layers import class_output, trunk, trunk_width
from meshsight.models.patch.losses import class_loss
from meshsight.models.patch.net import INPUT, PatchNet
from meshsight.models.patch.targets import PatchAnswers, PatchTargets


class ClassOutputs(NamedTuple):
    """Logits of no ball and ball, or of the ball alone."""

    class_logits: Float[Tensor, "b c"]


class Classifier(PatchNet):
    """Ball or no ball."""

    outputs = ClassOutputs

    def __init__(self, spec: Spec):
        super().__init__(spec)
        self.class_loss = spec.class_loss
        self.grow("trunk", INPUT, trunk(spec))
        self.grow("class_logits", "trunk", class_output(spec, trunk_width(spec)))

    def task_losses(self, raw: ClassOutputs, targets: PatchTargets) -> dict[str, Float[Tensor, ""]]:
        """Returns the term `class`."""
        return {"class": class_loss(raw.class_logits, targets.balls, self.class_loss)}

    def decode(self, raw: ClassOutputs) -> PatchAnswers:
        """Returns scores."""
        return PatchAnswers(scores_of(raw.class_logits), None)


def build(spec: Spec) -> Classifier:
    """Builds the network with fresh weights."""
    return Classifier(spec)
