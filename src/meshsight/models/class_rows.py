"""Which rows of which tensors belong to which class, so that a head can be cut to other classes."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor


class ClassRows(NamedTuple):
    """How the rows of a tensor are laid out: groups (anchors), each of some rows, the classes, some rows.

    Attributes:
        before: rows of each group before the classes.
        each: rows of each class.
        after: rows of each group after the classes.
    """

    before: int
    each: int
    after: int


LAYOUTS = {
    r"regions\.class_out\.": ClassRows(0, 1, 1),
    r"regions\.box_out\.": ClassRows(0, 4, 0),
    r"head\.out\.\d+\.": ClassRows(5, 1, 0),
    r"head\.(levels\.\d+\.)?class_out\.": ClassRows(0, 1, 0),
    r"network\.class_labels_classifier\.": ClassRows(0, 1, 1),
    r"network\.denoising_class_embed\.": ClassRows(0, 1, 1),
    r"network\.(decoder\.class_embed\.\d+|enc_score_head)\.": ClassRows(0, 1, 0),
    r"network\.(class_embed|model\.enc_out_class_embed\.\d+)\.": ClassRows(0, 1, 0),
}
"""By the start of a tensor's name in our detectors: Faster R-CNN's two, YOLOv3's, all other heads'; DETR's, the
denoising queries of RT-DETR and D-FINE and their heads', RF-DETR's."""


def class_rows(name: str) -> ClassRows | None:
    """Returns the layout of a tensor, or None if its rows are no classes."""
    return next((rows for pattern, rows in LAYOUTS.items() if re.match(pattern, name)), None)


def move_classes(
    rows: ClassRows, found: Tensor, own: Tensor, found_classes: Sequence[str], own_classes: Sequence[str]
) -> Tensor:
    """Returns our tensor with the rows of all classes that the other one knows by name, and with what is no class.

    Args:
        rows: the layout of both.
        found: the tensor to take from.
        own: ours; what the other one does not know stays.
        found_classes: its class names.
        own_classes: our class names.

    Raises:
        ValueError: the tensors differ in more than the number of classes.
    """
    theirs = _groups(rows, found, len(found_classes))
    ours = _groups(rows, own, len(own_classes)).clone()
    if len(theirs) != len(ours) or theirs.shape[2:] != ours.shape[2:]:
        raise ValueError(f"expected {list(ours.shape)} as groups, rows and the rest; found {list(theirs.shape)}")
    shared = [(own_classes.index(name), found_classes.index(name)) for name in own_classes if name in found_classes]
    for mine, other in shared:
        to, start = rows.before + mine * rows.each, rows.before + other * rows.each
        ours[:, to : to + rows.each] = theirs[:, start : start + rows.each]
    ours[:, : rows.before] = theirs[:, : rows.before]
    if rows.after:
        ours[:, -rows.after :] = theirs[:, -rows.after :]
    return ours.reshape(own.shape)


def _groups(rows: ClassRows, tensor: Tensor, num_classes: int) -> Tensor:
    in_group = rows.before + rows.each * num_classes + rows.after
    if tensor.shape[0] % in_group:
        raise ValueError(f"{tensor.shape[0]} rows are no multiple of the {in_group} that {num_classes} classes have")
    return tensor.unflatten(0, (-1, in_group))
