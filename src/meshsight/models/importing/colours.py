"""First convolutions that were trained on other colours than ours: changed so that the same image gives the same map.

A network trained on (BGR - mean) / std becomes one for (RGB - mean) / std' by turning the order of its first kernel's
channels and scaling them. The means must agree, for the padding around the image is 0 after they are taken out.
"""

import re
from typing import NamedTuple

import torch
from torch import Tensor

from meshsight.core.errors import ArtifactError
from meshsight.models.normalise import MEAN_AND_STD

NUMBERS = r"\[([^\]]*)\]"
TOLERANCE = 0.01


class Colours(NamedTuple):
    """What images looked like in training.

    Attributes:
        mean, std: of the channels in the order of the network.
        is_rgb: whether that order is red, green, blue.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    is_rgb: bool


def colours_of(config: str) -> Colours | None:
    """Reads mmdetection's configuration; None where it does not say."""
    mean = re.search(rf"\bmean\s*=\s*{NUMBERS}", config)
    std = re.search(rf"\bstd\s*=\s*{NUMBERS}", config)
    order = re.search(r"\b(?:bgr_to_rgb|to_rgb)\s*=\s*(True|False)", config)
    if mean is None or std is None:
        return None
    values = [tuple(float(value) for value in match[1].split(",") if value.strip()) for match in (mean, std)]
    return Colours(values[0], values[1], order is None or order[1] == "True")


def turn_channels(weight: Tensor) -> Tensor:
    """Turns BGR into RGB for a first convolution, of an image or of pixels folded into channels."""
    return weight.unflatten(1, (-1, 3)).flip(2).flatten(1, 2)


def fold_colours(weight: Tensor, colours: Colours) -> Tensor:
    """Returns a first convolution for ImageNet's mean and deviation in RGB.

    Raises:
        ArtifactError: other means than ImageNet's.
    """
    mean, std = MEAN_AND_STD["imagenet"]
    found = colours if colours.is_rgb else Colours(colours.mean[::-1], colours.std[::-1], True)
    if any(abs(a - b) > TOLERANCE for a, b in zip(found.mean, mean, strict=True)):
        raise ArtifactError(f"trained on images less the mean {list(colours.mean)}; only ImageNet's {list(mean)} fits")
    weight = weight if colours.is_rgb else turn_channels(weight)
    return weight * (torch.tensor(std) / torch.tensor(found.std)).to(weight)[:, None, None]
