"""Array shapes in annotations are enforced while testing: a wrong one must fail, or the annotations prove nothing."""

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from meshsight.core.boxes import box_area
from meshsight.records.detections import Detections


def test_a_wrong_shape_is_caught() -> None:
    with pytest.raises(TypeCheckError):
        box_area(np.zeros((3, 5), np.float32))
    with pytest.raises(TypeCheckError):
        Detections(boxes=np.zeros((2, 4), np.float32), scores=np.zeros(3, np.float32), class_ids=np.zeros(2, np.int64))
