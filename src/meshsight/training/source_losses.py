"""The loss of each source of data, on the images of one batch."""

from collections.abc import Sequence
from typing import Any

import torch

from meshsight.training.stepping import Stepper


def source_losses(stepper: Stepper, batch: Any, source_ids: Sequence[int]) -> dict[int, tuple[float, int]]:
    """Measures without changing anything, in evaluation mode, before the batch is learnt from.

    Returns:
        By source: the loss of its images times their number, and their number.
    """
    result: dict[int, tuple[float, int]] = {}
    for source in sorted(set(source_ids)):
        rows = torch.tensor([row for row, each in enumerate(source_ids) if each == source])
        targets = type(batch.targets)(*(part[rows] for part in batch.targets))
        terms = stepper.losses(type(batch)(batch.images[rows], targets))
        result[source] = (len(rows) * float(sum(terms.values())), len(rows))
    return result
