"""Where the picture lies in a padded input, found in the input itself, so that an exported graph needs no second input.

Padding is grey 114, added around the picture as whole rows and columns (`core/letterbox.py`). A picture whose own edge
is exactly that grey loses it here, which costs nothing: no object's edge lies in it, and boxes are shares of what is
left.

Shapes: b images, h and w the input.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from meshsight.core.letterbox import PAD_VALUE


def find_region(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 4"]:
    """Returns corner x, y, width and height in pixels of all that is not padding; the whole input if all of it is."""
    is_content = (images != PAD_VALUE).any(dim=1)
    left, right = _extent(is_content.any(dim=1))
    top, bottom = _extent(is_content.any(dim=2))
    return torch.stack([left, top, right - left, bottom - top], dim=1)


def _extent(is_content: Bool[Tensor, "b n"]) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """Returns the first place with content, and the one after the last."""
    length = is_content.shape[1]
    places = torch.arange(length, device=is_content.device, dtype=torch.float32)
    first = torch.where(is_content, places, float(length)).amin(dim=1)
    last = torch.where(is_content, places + 1, 0.0).amax(dim=1)
    is_blank = last == 0
    return first.where(~is_blank, 0.0), last.where(~is_blank, float(length))


def whole(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 4"]:
    """Returns the region of inputs of which nothing is taken for padding."""
    height, width = images.shape[2:]
    return images.new_tensor([0.0, 0.0, float(width), float(height)]).expand(images.shape[0], 4)


def region_mask(region: Float[Tensor, "b 4"], size_hw: tuple[int, int]) -> Bool[Tensor, "b h w"]:
    """Returns which pixels lie in the regions."""
    x = torch.arange(size_hw[1], device=region.device, dtype=torch.float32) + 0.5
    y = torch.arange(size_hw[0], device=region.device, dtype=torch.float32) + 0.5
    left, top, width, height = region[:, :, None].unbind(dim=1)
    columns = (x > left) & (x < left + width)
    rows = (y > top) & (y < top + height)
    return rows[:, :, None] & columns[:, None, :]


def to_pixels(boxes: Float[Tensor, "b q 4"], region: Float[Tensor, "b 4"]) -> Float[Tensor, "b q 4"]:
    """Turns centre, width and height in shares of the regions into xyxy in pixels of the input."""
    corner, sides = region[:, None, :2], region[:, None, 2:]
    middles, half = boxes[..., :2] * sides + corner, boxes[..., 2:] * sides / 2
    return torch.cat([middles - half, middles + half], dim=-1)


def to_shares(boxes: Float[Tensor, "n 4"], region: Float[Tensor, "4"]) -> Float[Tensor, "n 4"]:
    """Turns xyxy in pixels of the input into centre, width and height in shares of a region, cut to it."""
    corners = ((boxes.reshape(-1, 2, 2) - region[:2]) / region[2:]).clamp(0, 1)
    return torch.cat([corners.mean(dim=1), corners[:, 1] - corners[:, 0]], dim=1)
