"""A joint network that gives up early on what is clearly no ball, after Nao Devils (Moos et al.)."""

from typing import Literal

from pydantic import Field, model_validator

from meshsight.models.patch.spec import ClassifyingSpec, Count, LocatingSpec


class Spec(ClassifyingSpec, LocatingSpec):
    """Looks at the first blocks' map first; only where that may be a ball, the rest of the network runs."""

    kind: Literal["early_exit"] = "early_exit"
    exit_after: int = Field(default=2, ge=1)
    """Blocks before the early look."""
    exit_dense: tuple[Count, ...] = ()
    """Widths of dense layers before the early score."""
    exit_threshold: float = Field(default=0.05, ge=0, le=1)
    """Below this early score the network stops, and that score is its answer."""
    exit_weight: float = Field(default=1.0, gt=0)
    """Of the early score's loss."""

    @model_validator(mode="after")
    def _exits_early(self) -> "Spec":
        if self.exit_after >= len(self.all_blocks):
            raise ValueError(
                f"exit_after: must be less than the {len(self.all_blocks)} blocks (found {self.exit_after})"
            )
        return self
