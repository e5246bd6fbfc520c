"""Which images a training sees, how often, and in which company."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from meshsight.specs.base import Spec
from meshsight.specs.cropping import Probability

Ratio = Annotated[float, Field(ge=0)]


class MixSpec(Spec):
    """Shares of named sources in what is seen, which may change from one pass over the data to the next.

    The names are those of `--data NAME=FOLDER`. Shares are relative: 3 and 1 are three quarters and one. Within a pass
    the sources follow each other evenly, so that every batch holds them in these shares, to within one image.
    """

    start: dict[str, Ratio]
    """Share of each source at the start."""
    end: dict[str, Ratio] | None = None
    """Share of each source at the end; none: as at the start."""
    begins: Probability = 0.0
    """Share of the run after which the change begins."""
    ends: Probability = 1.0
    """Share of the run after which it is complete; it is linear in between."""

    @model_validator(mode="after")
    def _complete(self) -> "MixSpec":
        for name, shares in (("start", self.start), ("end", self.end)):
            if shares is not None and not sum(shares.values()) > 0:
                raise ValueError(f"{name}: expected a share above 0 for at least one source")
        if self.end is not None and self.start.keys() != self.end.keys():
            raise ValueError(f"end: expected the sources of start ({', '.join(self.start)})")
        if self.begins > self.ends:
            raise ValueError(f"expected begins <= ends, found {self.begins:g}, {self.ends:g}")
        return self


class DataSpec(Spec):
    """What is left out, how often images are drawn, and which of them share a batch."""

    drop_empty: bool = False
    """Leave out images without any object to find; they teach background."""
    min_image_px: int = Field(default=0, ge=0)
    """Leave out images whose shorter side is below this; 32 in mmdetection."""
    min_box_px: float = Field(default=0.0, ge=0)
    """Objects whose shorter side is below this in the stored image become ignore regions."""
    crowds: Literal["ignore", "drop", "keep"] = "ignore"
    """What becomes of regions that the data set says to ignore: they stay so, are background, or are to be found."""
    sampling: Literal["uniform", "repeat_factor", "class_balanced"] = "uniform"
    """How often images are drawn: all alike; those of rare classes more often (LVIS, arXiv 1908.03195); or so that
    every class is drawn alike."""
    repeat_threshold: float = Field(default=0.001, gt=0, le=1)
    """Share of images below which a class counts as rare for `repeat_factor`."""
    group_by_aspect: bool = False
    """Batches of only upright or only lying images; upright ones are given the input turned."""
    mix: MixSpec | None = None
    """Shares of the sources; none: each image of each source once in a pass."""
    source_losses_every: int = Field(default=20, ge=1)
    """With several sources, steps between measurements of the loss of each."""
