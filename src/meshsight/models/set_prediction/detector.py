"""The base of all query detectors, steps 6 and 7 of the walk: a network of transformers that takes our batch.

Shapes: b images, h and w the input.
"""

from abc import abstractmethod
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates, Detector
from meshsight.models.normalise import Normalise
from meshsight.models.set_prediction.criterion import Terms
from meshsight.models.set_prediction.matching import Labels, to_labels
from meshsight.models.set_prediction.outputs import QueryOutputs
from meshsight.models.set_prediction.region import to_pixels
from meshsight.models.topk import best_candidates
from meshsight.specs.decoding import DecodeSpec


class QueryDetector(Detector):
    """A detector whose queries answer with a class and a box each, so that nothing needs to be suppressed."""

    def __init__(self, normalise: Literal["imagenet", "unit"], decode: DecodeSpec, num_classes: int, stride: int):
        super().__init__()
        self.normalise = Normalise(normalise)
        self.decode_spec = decode
        self.num_classes = num_classes
        self.stride = stride

    @abstractmethod
    def forward(self, images: Float[Tensor, "b 3 h w"], targets: Targets | None = None) -> QueryOutputs:
        """Maps RGB images in 0..255 to what every layer's queries say."""

    @abstractmethod
    def set_loss(self, raw: QueryOutputs, labels: list[Labels]) -> Terms:
        """Returns the weighted terms of a batch."""

    def loss(self, raw: QueryOutputs, targets: Targets, size_hw: tuple[int, int]) -> Terms:
        """Returns the weighted terms of a batch, each summed over the layers."""
        return self.set_loss(raw, to_labels(targets, raw.region))

    def decode(self, raw: QueryOutputs, size_hw: tuple[int, int]) -> Candidates:
        """Returns the best pairs of query and class by the last layer."""
        boxes = to_pixels(raw.boxes[:, :, -1], raw.region)
        return best_candidates(boxes, raw.class_logits[:, :, -1].sigmoid(), self.decode_spec, size_hw)
