"""The best predictions of an image as candidates; part of step 7, and exportable."""

import torch
from jaxtyping import Float
from torch import Tensor

from meshsight.models.detector import Candidates
from meshsight.specs.decoding import DecodeSpec


def best_candidates(
    boxes: Float[Tensor, "b n 4"], scores: Float[Tensor, "b n c"], spec: DecodeSpec, size_hw: tuple[int, int]
) -> Candidates:
    """Returns the `num_candidates` best pairs of box and class, clipped to the input.

    Scores that are not above the threshold become 0, and so do those of boxes that lie outside the input.
    """
    num_classes = scores.shape[-1]
    count = min(spec.num_candidates, scores.shape[-2] * num_classes)
    best, index = scores.flatten(1).topk(count, dim=1)
    where = (index // num_classes)[..., None].expand(-1, -1, 4)
    limit = torch.tensor([size_hw[1], size_hw[0]] * 2, dtype=boxes.dtype, device=boxes.device)
    chosen = torch.minimum(boxes.gather(1, where).clamp(min=0), limit)
    is_kept = (best > spec.score_threshold) & (chosen[..., 2:] > chosen[..., :2]).all(dim=-1)
    return Candidates(chosen, best * is_kept, index % num_classes)
