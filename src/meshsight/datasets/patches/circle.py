"""What a ball patch says: nothing, a class, or a circle; and how that is a label.

A patch is a small image with at most one object. A circle of radius r about (cx, cy) becomes the label whose full box
is the circle's bounding square (cx - r, cy - r, cx + r, cy + r), in pixels of the patch; the ball's centre may lie
outside. The box is what of it lies within the patch. Where only the class is known, the box is the whole patch.
"""

from dataclasses import replace

from meshsight.records.sample import Box, ObjectLabel, Sample

Circle = tuple[float, float, float]
"""Radius, centre x, centre y in pixels: the order of the field's own files."""

BALL = "ball"


def circle_label(class_id: int, circle: Circle, size_hw: tuple[int, int]) -> ObjectLabel | None:
    """Returns the label of a circle, or None if its square does not touch the patch."""
    radius, x, y = circle
    square = (x - radius, y - radius, x + radius, y + radius)
    box = _clip(square, size_hw)
    if not (box[0] < box[2] and box[1] < box[3]):
        return None
    return ObjectLabel(class_id=class_id, box=box, full_box=square)


def class_label(class_id: int, size_hw: tuple[int, int]) -> ObjectLabel:
    """Returns the label of a patch of which only the class is known."""
    height, width = size_hw
    return ObjectLabel(class_id=class_id, box=(0.0, 0.0, float(width), float(height)))


def circle_of(label: ObjectLabel) -> Circle:
    """Returns the circle of a label that was made round."""
    assert label.full_box is not None
    return _circle(label.full_box)


def made_round(label: ObjectLabel, sample: Sample) -> ObjectLabel:
    """Replaces a label's boxes by those of a circle.

    The circle has the centre and the mean side of the full box, which a sphere's silhouette all but fills. Where that
    misses the patch, as for a long object at its border, it is the circle of the visible box.
    """
    for box in (label.full_box, label.box):
        found = None if box is None else circle_label(label.class_id, _circle(box), sample.size_hw)
        if found is not None:
            return replace(label, box=found.box, full_box=found.full_box)
    raise AssertionError("a box within the patch has a circle that touches it")


def made_whole(label: ObjectLabel, sample: Sample) -> ObjectLabel:
    """Replaces a label's boxes by the whole patch."""
    return replace(label, box=class_label(label.class_id, sample.size_hw).box, full_box=None)


def _circle(box: Box) -> Circle:
    x1, y1, x2, y2 = box
    return (x2 - x1 + y2 - y1) / 4, (x1 + x2) / 2, (y1 + y2) / 2


def _clip(box: Box, size_hw: tuple[int, int]) -> Box:
    height, width = size_hw
    x1, y1, x2, y2 = box
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
