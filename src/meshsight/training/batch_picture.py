"""A picture of what a network learns from: augmented images with their targets, as the loss sees them."""

from collections.abc import Sequence

import numpy as np

from meshsight.core.images import RgbImage
from meshsight.plotting.draw import Mark, draw_fitted, image_grid
from meshsight.plotting.style import class_color, to_rgb
from meshsight.training.batches import BatchSource

NUM_IMAGES = 9
COLUMNS = 3
SIDE = 400
IGNORED = to_rgb("#9aa0a6")


def batch_picture(source: BatchSource, classes: Sequence[str]) -> RgbImage:
    """Draws the first images of a run in a grid; regions to ignore are grey and broken."""
    pictures: list[RgbImage] = []
    for k in range(-(-NUM_IMAGES // source.batch_size)):
        batch, _ = source.batch(k)
        images = batch.images.permute(0, 2, 3, 1).contiguous().numpy()
        boxes, class_ids, is_ignored = (part.numpy() for part in batch.targets)
        for row, image in enumerate(images):
            marks = _marks(boxes[row], class_ids[row], is_ignored[row], classes)
            pictures.append(draw_fitted(image, marks, SIDE))
    return image_grid(pictures[:NUM_IMAGES], COLUMNS)


def _marks(boxes: np.ndarray, class_ids: np.ndarray, is_ignored: np.ndarray, classes: Sequence[str]) -> list[Mark]:
    marks: list[Mark] = []
    for box, class_id, ignored in zip(boxes.tolist(), class_ids.tolist(), is_ignored.tolist(), strict=True):
        if class_id >= 0:
            color = IGNORED if ignored else class_color(class_id)
            text = "" if ignored else str(classes[class_id])
            marks.append(Mark(box=tuple(box), text=text, color=color, is_dashed=bool(ignored)))
    return marks
