"""The best predictions of an image as candidates; part of step 7, and exportable."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from meshsight.models.detector import Candidates
from meshsight.specs.decoding import DecodeSpec


def best_candidates(
    boxes: Float[Tensor, "b n 4"],
    scores: Float[Tensor, "b n c"],
    spec: DecodeSpec,
    size_hw: tuple[int, int],
    class_ids: Int64[Tensor, "b n 1"] | None = None,
) -> Candidates:
    """Returns the `num_candidates` best pairs of box and class, clipped to the input.

    Scores that are not above the threshold become 0, and so do those of boxes that lie outside the input.

    Args:
        boxes: one for each place.
        scores: of each class, or of the one class that `class_ids` names.
        spec: how many, and from which score.
        size_hw: of the input.
        class_ids: each place's only class; None means that `scores` has a column for every class.
    """
    columns = scores.shape[-1]
    count = min(spec.num_candidates, scores.shape[-2] * columns)
    best, index = scores.flatten(1).topk(count, dim=1)
    where = (index // columns)[..., None].expand(-1, -1, 4)
    limit = torch.tensor([size_hw[1], size_hw[0]] * 2, dtype=boxes.dtype, device=boxes.device)
    chosen = torch.minimum(boxes.gather(1, where).clamp(min=0), limit)
    is_kept = (best > spec.score_threshold) & (chosen[..., 2:] > chosen[..., :2]).all(dim=-1)
    found = index % columns if class_ids is None else class_ids[..., 0].gather(1, index)
    return Candidates(chosen, best * is_kept, found)
