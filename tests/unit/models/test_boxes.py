import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.boxes import box_iou
from meshsight.models.boxes import pairwise_iou


def random_boxes(rng: np.random.Generator, *shape: int) -> np.ndarray:
    corner = rng.uniform(0, 80, (*shape, 2))
    return np.concatenate([corner, corner + rng.uniform(1, 60, (*shape, 2))], axis=-1).astype(np.float32)


@given(seed=st.integers(0, 1000))
def test_pairwise_iou_equals_the_numpy_twin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = random_boxes(rng, 2, 5), random_boxes(rng, 2, 7)
    found = pairwise_iou(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    for i in range(2):
        np.testing.assert_allclose(found[i], box_iou(a[i], b[i]), rtol=1e-4, atol=1e-6)


def test_boxes_without_area_score_zero() -> None:
    point = torch.tensor([[5.0, 5.0, 5.0, 5.0]])
    assert pairwise_iou(point, point).item() == 0
