from functools import partial

import numpy as np

from meshsight.core.rng import stream
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.specs.cropping import IouCropSpec
from meshsight.training.view import draw_view

BOXES = np.array([[20.0, 20, 80, 60]], dtype=np.float32)


def share_whole(probability: float) -> float:
    """How many of 400 images are left whole, of which one in 7 would be anyway."""
    spec = AugmentationSpec(iou_crop=IouCropSpec(probability=probability, min_ious=(0.1, 0.2, 0.3, 0.4, 0.5)))
    views = [draw_view(spec, (100, 120), BOXES, partial(stream, 0, k)) for k in range(400)]
    return float(np.mean([view.tolist() == [0, 0, 120, 100] for view in views]))


def test_a_window_by_overlap_is_tried_as_often_as_is_said() -> None:
    assert share_whole(0.0) == 1
    tried = share_whole(1.0)
    assert 1 / 7 - 0.06 < tried < 1 / 7 + 0.06
    assert abs(share_whole(0.5) - (0.5 + tried / 2)) < 0.08
