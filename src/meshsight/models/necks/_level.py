"""Builds what stands for a neck where there is none."""

from meshsight.core.errors import SpecError
from meshsight.models.necks.level import Spec
from meshsight.models.parts import FeatureSpec, Neck, Pyramid


class Level(Neck):
    """Hands one level on."""

    def __init__(self, spec: Spec, inputs: tuple[FeatureSpec, ...]):
        super().__init__()
        strides = [level.stride for level in inputs]
        if spec.stride not in strides:
            raise SpecError(f"neck.stride: the backbone gives levels of strides {strides}, found {spec.stride}")
        self.index = strides.index(spec.stride)
        self.features = (inputs[self.index],)

    def forward(self, pyramid: Pyramid) -> Pyramid:
        """Returns the one level."""
        return [pyramid[self.index]]


def build(spec: Spec, inputs: tuple[FeatureSpec, ...]) -> Level:
    """Builds it for a backbone's levels.

    Raises:
        SpecError: none of them has the stride.
    """
    return Level(spec, inputs)
