"""The interfaces between backbone, neck and head, step 6 of the walk.

Shapes: b images, h and w the input; a level of stride s has ceil(h/s) x ceil(w/s) cells.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates
from meshsight.specs.decoding import DecodeSpec

Pyramid = Sequence[Float[Tensor, "b _ _ _"]]
"""One feature map for each level, finest first."""


class FeatureSpec(NamedTuple):
    """What one level of a pyramid promises: channels, and input pixels from one cell to the next."""

    channels: int
    stride: int


class Backbone(nn.Module, ABC):
    """Turns normalised images into a feature pyramid.

    Attributes:
        features: the levels it gives, finest first.
    """

    features: tuple[FeatureSpec, ...]

    @abstractmethod
    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Pyramid:
        """Returns one map for each of `features`."""

    def stage_names(self) -> tuple[str, ...]:
        """Names the last module of each stage, finest first; learning rates that fall with depth go by them."""
        stages = getattr(self, "stages", ())
        return tuple(f"stages.{index}" for index in range(len(stages)))


class Neck(nn.Module, ABC):
    """Mixes the levels of a pyramid.

    Attributes:
        features: the levels it gives, finest first.
    """

    features: tuple[FeatureSpec, ...]

    @abstractmethod
    def forward(self, pyramid: Pyramid) -> Pyramid:
        """Returns one map for each of `features`."""


class Head(nn.Module, ABC):
    """Predicts from a pyramid, and knows what its predictions mean."""

    @abstractmethod
    def forward(self, pyramid: Pyramid) -> Any:
        """Returns raw outputs, a NamedTuple of float32 tensors."""

    def set_progress(self, share: float) -> None:
        """Tells what share of the training is done, 0..1, before a step; for losses that change on the way."""

    @abstractmethod
    def loss(self, raw: Any, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the weighted loss terms of a batch by name."""

    @abstractmethod
    def decode(self, raw: Any, size_hw: tuple[int, int], spec: DecodeSpec) -> Candidates:
        """Turns raw outputs into candidates before suppression."""
