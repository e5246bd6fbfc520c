"""Builds a query detector; all of it belongs to the architecture."""

from meshsight.models.detectors.query import Spec
from meshsight.models.kinds import QUERY_KINDS
from meshsight.models.set_prediction.detector import QueryDetector


def build(spec: Spec, num_classes: int, is_pretrained: bool) -> QueryDetector:
    """Builds the architecture.

    Raises:
        MissingExtraError: transformers is not installed.
        ArtifactError: published weights cannot be fetched or do not fit.
    """
    builder = QUERY_KINDS.builder(spec.architecture.kind)
    return builder(spec.architecture, spec.decode, num_classes, is_pretrained)
