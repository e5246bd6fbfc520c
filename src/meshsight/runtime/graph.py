"""What every exported graph does: a tensor of images in, candidates out.

Shapes: b images, k candidates an image.
"""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int64

from meshsight.runtime.preprocessing import InputTensor


class GraphCandidates(NamedTuple):
    """What a graph says about a batch, before suppression.

    Attributes:
        boxes: xyxy in pixels of the network's input.
        scores: confidence in 0..1; 0 fills up.
        class_ids: from 0.
    """

    boxes: Float32[np.ndarray, "b k 4"]
    scores: Float32[np.ndarray, "b k"]
    class_ids: Int64[np.ndarray, "b k"]


@runtime_checkable
class Graph(Protocol):
    """A loaded graph."""

    def run(self, images: InputTensor) -> GraphCandidates:
        """Runs a batch of any size."""
        ...
