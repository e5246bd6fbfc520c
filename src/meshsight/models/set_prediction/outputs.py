"""What every query detector predicts.

Shapes: b images, q queries, l decoder layers, c classes, p proposals of the encoder, d denoising queries, k layers that
predict edges, e values of the four edges' distributions.
"""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class QueryOutputs(NamedTuple):
    """Raw outputs; boxes are centre, width and height in shares of `region`. What a network lacks has no entries.

    Attributes:
        class_logits: of every layer; the last one is the answer. DETR's last column is "no object".
        boxes: of every layer.
        first_logits: of the encoder's proposals.
        first_boxes: of the encoder's proposals.
        noisy_logits: of denoising queries.
        noisy_boxes: of denoising queries.
        edges: logits of how far each edge (left, top, right, bottom) lies from where it was first put.
        edge_starts: the boxes whose edges those distances are counted from.
        noisy_edges: of denoising queries.
        noisy_edge_starts: of denoising queries.
        region: corner x, y, width and height in pixels of what the boxes are shares of.
    """

    class_logits: Float[Tensor, "b q l c"]
    boxes: Float[Tensor, "b q l 4"]
    first_logits: Float[Tensor, "b p c"]
    first_boxes: Float[Tensor, "b p 4"]
    noisy_logits: Float[Tensor, "b d l c"]
    noisy_boxes: Float[Tensor, "b d l 4"]
    edges: Float[Tensor, "b q k e"]
    edge_starts: Float[Tensor, "b q k 4"]
    noisy_edges: Float[Tensor, "b d k e"]
    noisy_edge_starts: Float[Tensor, "b d k 4"]
    region: Float[Tensor, "b 4"]


def make_outputs(
    class_logits: Float[Tensor, "b q l c"],
    boxes: Float[Tensor, "b q l 4"],
    region: Float[Tensor, "b 4"],
    **others: Tensor,
) -> QueryOutputs:
    """Returns float32 outputs in which what is not given has no entries."""
    batch, _, layers, classes = class_logits.shape
    empty = {
        "first_logits": (batch, 0, classes),
        "first_boxes": (batch, 0, 4),
        "noisy_logits": (batch, 0, layers, classes),
        "noisy_boxes": (batch, 0, layers, 4),
        "edges": (batch, 0, 0, 0),
        "edge_starts": (batch, 0, 0, 4),
        "noisy_edges": (batch, 0, 0, 0),
        "noisy_edge_starts": (batch, 0, 0, 4),
    }
    found = {name: others[name] if name in others else boxes.new_zeros(shape) for name, shape in empty.items()}
    floats = {name: part.float() for name, part in found.items()}
    return QueryOutputs(class_logits=class_logits.float(), boxes=boxes.float(), region=region.float(), **floats)
