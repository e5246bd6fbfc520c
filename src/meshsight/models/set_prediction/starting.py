"""How query detectors start without weights: as their authors start them.

transformers gives all matrices, the queries' own places among them, a deviation of 0.02. Fresh queries are then all
alike, norms blow up what little distinguishes them, and a DETR learns next to nothing for thousands of steps. The
authors draw matrices after Glorot and Bengio (2010) and queries from a normal distribution: facebookresearch/detr,
`models/transformer.py` and `models/detr.py`; roboflow/rf-detr, `rfdetr/models/transformer.py`.
"""

import math

import torch
from torch import nn

OWN_START = ("sampling_offsets", "attention_weights")
"""Of deformable attention, which begins with places around the query, equally weighted."""
PRIOR_SCORE = 0.01


@torch.no_grad()
def start_matrices(part: nn.Module) -> None:
    """Draws all matrices of a transformer anew."""
    for name, parameter in part.named_parameters():
        if parameter.dim() > 1 and not any(own in name for own in OWN_START):
            nn.init.xavier_uniform_(parameter)


def start_layers(part: nn.Module) -> None:
    """Draws all layers of a head anew, as torch does it."""
    for layer in part.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            layer.reset_parameters()


@torch.no_grad()
def start_proposing_heads(classes: nn.Module, boxes: nn.Module) -> None:
    """Draws heads anew that begin with rare objects, and with the boxes that were proposed."""
    start_layers(classes)
    start_layers(boxes)
    for layer in classes.modules():
        if isinstance(layer, nn.Linear):
            nn.init.constant_(layer.bias, -math.log(1 / PRIOR_SCORE - 1))
    *_, last = (layer for layer in boxes.modules() if isinstance(layer, nn.Linear))
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
