"""The interface of every detector, which training, evaluation and export rely on."""

from abc import abstractmethod
from typing import Any, NamedTuple

from jaxtyping import Float, Int64
from torch import Tensor

from meshsight.models.batch import Targets
from meshsight.models.learner import Learner
from meshsight.specs.decoding import DecodeSpec


class Candidates(NamedTuple):
    """Decoded candidates before suppression, k of the best of each image; these are an exported graph's outputs.

    Attributes:
        boxes: xyxy in pixels of the network's input.
        scores: confidence in 0..1; 0 fills up where there are fewer.
        class_ids: from 0.
    """

    boxes: Float[Tensor, "b k 4"]
    scores: Float[Tensor, "b k"]
    class_ids: Int64[Tensor, "b k"]


class Detector(Learner):
    """A detection network. `forward` returns the same NamedTuple of raw outputs in training and evaluation.

    Attributes:
        stride: both sides of the input must be multiples of it.
        num_classes: number of classes.
        decode_spec: thresholds from candidates to detections.
    """

    stride: int
    num_classes: int
    decode_spec: DecodeSpec

    @abstractmethod
    def forward(self, images: Float[Tensor, "b 3 h w"], targets: Targets | None = None) -> Any:
        """Maps RGB images in 0..255 to raw outputs, a NamedTuple of tensors.

        Args:
            images: all of one size.
            targets: in training, the truth, for networks that also learn to mend what is deliberately wrong in it
                (denoising queries); the others, and every network in evaluation, do not look at it.
        """

    @abstractmethod
    def loss(self, raw: Any, targets: Targets, size_hw: tuple[int, int]) -> dict[str, Float[Tensor, ""]]:
        """Returns the weighted loss terms of a batch by name; the total is their sum."""

    @abstractmethod
    def decode(self, raw: Any, size_hw: tuple[int, int]) -> Candidates:
        """Turns raw outputs into candidates; exportable, with a dynamic batch."""
