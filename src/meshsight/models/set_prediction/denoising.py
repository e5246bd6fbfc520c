"""Denoising queries: objects with their class and box spoilt, to be put right (Zhang et al. 2022, arXiv 2203.03605).

transformers makes them: groups of as many queries as the fullest image has objects, twice, the first half slightly
spoilt and to be put right, the second more strongly and to be called background. How many groups there are depends on
the whole batch, and so does what is random in them: of a batch that is shared out among processes, each makes the
queries of all images and keeps its own.

Shapes: b images, d denoising queries, l layers, c classes, n objects.
"""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from meshsight.models.batch import Targets
from meshsight.models.set_prediction.matching import Labels, Matches, join, to_labels
from meshsight.models.sharing import batch_rows, common_seeds, images_before, num_sharing

LibraryLabels = list[dict[str, Tensor]]
"""The truth of each image as transformers takes it: `class_labels`, and `boxes` in shares of the input."""

Maker = Callable[..., tuple[Any, Any, Any, Any]]
"""transformers' function; its answers are classes, boxes, a mask and notes, or four times None."""

MAKER = "get_contrastive_denoising_training_group"


def library_labels(targets: Targets, region: Tensor) -> LibraryLabels:
    """Returns the objects of each image; regions to ignore are left out."""
    return [{"class_labels": one.class_ids, "boxes": one.boxes} for one in to_labels(targets, region)]


def share_denoising(module: ModuleType) -> None:
    """Has a file of transformers make its denoising queries for the whole batch that processes share."""
    vars(module)[MAKER] = SharedDenoising(vars(module)[MAKER])


class SharedDenoising:
    """Makes denoising queries of all images of a batch, and gives those of this process's images."""

    def __init__(self, make: Maker):
        self._make = make

    def __call__(self, targets: LibraryLabels, **settings: Any) -> tuple[Any, Any, Any, Any]:
        """Returns what transformers' function does; the notes are of the whole batch."""
        device = targets[0]["boxes"].device
        (seed,) = common_seeds(1, device)
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            classes, boxes, mask, notes = self._make(targets=whole_batch(targets), **settings)
        if classes is None:
            return classes, boxes, mask, notes
        own = slice(images_before(len(targets)), images_before(len(targets)) + len(targets))
        return classes[own], boxes[own], mask, notes


def whole_batch(targets: LibraryLabels) -> LibraryLabels:
    """Returns the truth of all images of the batch, given that of this process's part."""
    if num_sharing() == 1:
        return targets
    before = images_before(len(targets))
    rows = [
        torch.cat([torch.full_like(one["boxes"][:, :1], before + i), one["class_labels"][:, None], one["boxes"]], dim=1)
        for i, one in enumerate(targets)
    ]
    image, class_ids, boxes = batch_rows(torch.cat(rows)).rows.split([1, 1, 4], dim=1)
    return [
        {"class_labels": class_ids[image[:, 0] == i, 0].long(), "boxes": boxes[image[:, 0] == i]}
        for i in range(len(targets) * num_sharing())
    ]


def num_longest(labels: Sequence[Labels]) -> int:
    """Returns how many objects the whole batch's fullest image has."""
    own = [float(len(one.class_ids)) for one in labels]
    return int(batch_rows(labels[0].boxes.new_tensor(own)[:, None]).rows.max())


def num_groups(longest: int, num_queries: int) -> int:
    """Returns into how many groups denoising queries fall; `longest` is what the fullest image has."""
    return num_queries // (2 * longest) if longest else 0


def denoising_matches(labels: Sequence[Labels], longest: int, num_queries: int) -> Matches:
    """Returns which denoising query has to become which object again.

    Args:
        labels: those that the queries were made of.
        longest: objects of the whole batch's fullest image.
        num_queries: denoising queries of each image.
    """
    pairs: list[Matches] = []
    for image, one in enumerate(labels):
        target = torch.arange(len(one.class_ids), device=one.class_ids.device)
        for group in range(num_groups(longest, num_queries)):
            where = torch.full_like(target, image)
            pairs.append(Matches(where, target + group * 2 * longest, one.class_ids[target], one.boxes[target]))
    return join(pairs)
