"""Both ways of suppressing agree with each other and with a loop over the definition."""

import pytest
import torch
from torch import Tensor

from meshsight.models.boxes import pairwise_iou
from meshsight.models.suppression import suppress, suppress_in_rounds


def slow(boxes: Tensor, iou: float) -> list[bool]:
    overlaps = pairwise_iou(boxes[None], boxes[None])[0]
    kept: list[int] = []
    for index in range(len(boxes)):
        if all(float(overlaps[index, better]) <= iou for better in kept):
            kept.append(index)
    return [index in kept for index in range(len(boxes))]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("iou", [0.3, 0.7])
def test_both_ways_are_greedy_suppression(seed: int, iou: float) -> None:
    rng = torch.Generator().manual_seed(seed)
    corners = 60 * torch.rand(2, 40, 2, generator=rng)
    boxes = torch.cat([corners, corners + 5 + 40 * torch.rand(2, 40, 2, generator=rng)], dim=-1)
    expected = [slow(one, iou) for one in boxes]
    assert suppress(boxes, iou).tolist() == expected
    assert suppress_in_rounds(boxes, iou).tolist() == expected


def test_no_boxes() -> None:
    assert suppress(torch.zeros(2, 0, 4), 0.5).shape == (2, 0)
