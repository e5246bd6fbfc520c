"""From a detector's recipe to the network, with the weights it starts from."""

from meshsight.models.detector import Detector
from meshsight.models.kinds import DETECTOR_KINDS
from meshsight.specs.base import VariantSpec


def build_detector(spec: VariantSpec, num_classes: int, is_pretrained: bool = True) -> Detector:
    """Builds a detector of any kind.

    Args:
        spec: the spec of a kind in `DETECTOR_KINDS`.
        num_classes: number of classes.
        is_pretrained: fetch the pretrained weights that the recipe asks for; `False` where a whole detector's weights
            are loaded right after.

    Raises:
        MissingExtraError: the extra with torch is not installed.
        SpecError: parts do not fit together.
        ArtifactError: pretrained weights cannot be fetched or do not fit.
    """
    return DETECTOR_KINDS.builder(spec.kind)(spec, num_classes, is_pretrained)
