"""Denoising queries: objects with their class and box spoilt, to be put right (Zhang et al. 2022, arXiv 2203.03605).

transformers makes them: groups of as many queries as the fullest image has objects, twice, the first half slightly
spoilt and to be put right, the second more strongly and to be called background.

Shapes: b images, d denoising queries, l layers, c classes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from meshsight.models.batch import Targets
from meshsight.models.set_prediction.matching import Labels, Matches, join, to_labels

LibraryLabels = list[dict[str, Tensor]]
"""The truth of each image as transformers takes it: `class_labels`, and `boxes` in shares of the input."""


def library_labels(targets: Targets, region: Tensor) -> LibraryLabels:
    """Returns the objects of each image; regions to ignore are left out."""
    return [{"class_labels": one.class_ids, "boxes": one.boxes} for one in to_labels(targets, region)]


def num_groups(labels: Sequence[Labels], num_queries: int) -> int:
    """Returns into how many groups a batch's denoising queries fall."""
    longest = max(len(one.class_ids) for one in labels)
    return num_queries // (2 * longest) if longest else 0


def denoising_matches(labels: Sequence[Labels], num_queries: int) -> Matches:
    """Returns which denoising query has to become which object again.

    Args:
        labels: those that the queries were made of.
        num_queries: denoising queries of each image.
    """
    longest = max(len(one.class_ids) for one in labels)
    pairs: list[Matches] = []
    for image, one in enumerate(labels):
        target = torch.arange(len(one.class_ids), device=one.class_ids.device)
        for group in range(num_groups(labels, num_queries)):
            where = torch.full_like(target, image)
            pairs.append(Matches(where, target + group * 2 * longest, one.class_ids[target], one.boxes[target]))
    return join(pairs)
