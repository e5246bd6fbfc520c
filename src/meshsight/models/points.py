"""Where the cells of a pyramid lie in the image.

Shapes: n cells of all levels, finest level first, row by row.
"""

from collections.abc import Sequence
from math import ceil

import torch
from jaxtyping import Float
from torch import Tensor


def level_sizes(size_hw: tuple[int, int], strides: Sequence[int]) -> list[tuple[int, int]]:
    """Returns rows and columns of each level; a part of a cell at the edge is a cell."""
    return [(ceil(size_hw[0] / stride), ceil(size_hw[1] / stride)) for stride in strides]


def grid(rows: int, columns: int, stride: int, offset: float, device: torch.device) -> Float[Tensor, "n 2"]:
    """Returns the points (x, y) = stride * (column + offset, row + offset) of one level."""
    y = (torch.arange(rows, device=device, dtype=torch.float32) + offset) * stride
    x = (torch.arange(columns, device=device, dtype=torch.float32) + offset) * stride
    return torch.stack([x.repeat(rows), y.repeat_interleave(columns)], dim=1)


def cell_centres(
    size_hw: tuple[int, int], strides: Sequence[int], device: torch.device
) -> tuple[Float[Tensor, "n 2"], Float[Tensor, " n"]]:
    """Returns the centre (x, y) in pixels and the stride of every cell."""
    sizes = level_sizes(size_hw, strides)
    centres = [grid(*size, stride, 0.5, device) for size, stride in zip(sizes, strides, strict=True)]
    widths = [
        torch.full((rows * columns,), float(stride), device=device)
        for (rows, columns), stride in zip(sizes, strides, strict=True)
    ]
    return torch.cat(centres), torch.cat(widths)
