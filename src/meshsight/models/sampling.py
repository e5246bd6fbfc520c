"""Random samples of what an assignment gives, with a share of positives; part of step 7."""

import torch
from jaxtyping import Int64
from torch import Tensor

from meshsight.models.anchors import BACKGROUND, NEUTRAL


def sample_owners(owner: Int64[Tensor, " n"], count: int, positive_share: float, seed: int) -> Int64[Tensor, " n"]:
    """Turns owners that are not drawn into `NEUTRAL`.

    Args:
        owner: index of the object that each place learns, `BACKGROUND` or `NEUTRAL`.
        count: how many are drawn, if there are so many.
        positive_share: largest share of them that learn an object.
        seed: of this drawing.
    """
    positives = torch.nonzero(owner >= 0).flatten()
    negatives = torch.nonzero(owner == BACKGROUND).flatten()
    num_positives = min(len(positives), int(count * positive_share))
    random = torch.Generator(owner.device).manual_seed(seed)
    drawn = torch.cat([_draw(positives, num_positives, random), _draw(negatives, count - num_positives, random)])
    sampled = torch.full_like(owner, NEUTRAL)
    sampled[drawn] = owner[drawn]
    return sampled


def _draw(places: Int64[Tensor, " k"], count: int, random: torch.Generator) -> Int64[Tensor, " _"]:
    return places[torch.randperm(len(places), generator=random, device=places.device)[:count]]
