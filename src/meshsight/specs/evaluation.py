"""How detections are judged against the truth."""

from pydantic import Field

from meshsight.specs.base import Spec


class EvaluationSpec(Spec):
    """What counts as an object to find, and how sure the figures are."""

    min_visibility: float = Field(default=0.25, ge=0, le=1)
    """Objects of which less is visible become ignore regions (only where the pixel counts are known)."""
    num_bootstrap: int = Field(default=1000, ge=0)
    """Resamples of the images for the 95 % intervals; 0 gives none."""
    seed: int = Field(default=0, ge=0)
    """Seed of the resampling."""
    num_worst: int = Field(default=60, ge=0)
    """Worst errors kept in the report, over all kinds."""
