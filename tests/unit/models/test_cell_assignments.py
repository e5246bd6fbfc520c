"""What must hold of TOOD's and YOLOX's assignments whatever the network says."""

import pytest
import torch
from torch import Tensor
from torchvision.ops import box_iou

from meshsight.models.anchor_head import ImageTargets
from meshsight.models.heads import yolox
from meshsight.models.points import cell_centres
from meshsight.models.simota import assign_simota
from meshsight.models.tood_assignment import assign_aligned

CELLS = cell_centres((96, 96), (8, 16, 32), torch.device("cpu"))
BOXES = torch.tensor([[2.0, 4, 40, 30], [30, 40, 62, 88], [60, 8, 95, 45]])


def predict(seed: int) -> tuple[Tensor, Tensor]:
    """Scores of two classes, and boxes that lie about the nearest object."""
    g = torch.Generator().manual_seed(seed)
    nearest = torch.cdist(CELLS[0], (BOXES[:, :2] + BOXES[:, 2:]) / 2).argmin(dim=1)
    boxes = BOXES[nearest] + torch.randn(len(nearest), 4, generator=g) * 3
    return torch.rand(len(nearest), 2, generator=g), boxes


@pytest.mark.parametrize("seed", range(3))
def test_the_largest_aligned_target_of_an_object_is_the_best_iou_of_its_positives(seed: int) -> None:
    scores, predicted = predict(seed)
    found = assign_aligned(CELLS, scores[:, [0, 1, 0]], predicted, BOXES, (1.0, 6.0), 13)
    for index, iou in enumerate(box_iou(BOXES, predicted)):
        learns = found.owner == index
        assert 0 < learns.sum() <= 13
        # The 1e-7 in the divisor counts against alignments of about 0.1.
        assert found.quality[learns].max().item() == pytest.approx(iou[learns].max().item(), rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shift_px", [0.0, 500.0])
def test_simota_gives_every_object_with_candidates_a_cell(seed: int, shift_px: float) -> None:
    """As many cells as its ten best IoUs sum up to; one where, as with the boxes shifted away, none overlaps."""
    scores, predicted = predict(seed)
    objects = ImageTargets(BOXES, torch.tensor([0, 1, 0]), torch.zeros(3, dtype=torch.bool))
    found = assign_simota(CELLS, scores, predicted + shift_px, objects, yolox.Spec())
    counts = [int((found.owner == index).sum()) for index in range(3)]
    assert min(counts) >= 1
    if shift_px:
        assert counts == [1, 1, 1]
    else:
        assert sum(counts) > 3 * 3
