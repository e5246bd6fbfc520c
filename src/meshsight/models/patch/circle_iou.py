"""The overlap of two discs, exactly, with exact gradients.

Shapes: n pairs of circles (radius, centre x, centre y).
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

Circles = Float[Tensor, "n 3"]
Values = Float[Tensor, " n"]


def circle_intersection(a: Circles, b: Circles) -> Values:
    """Returns the common area of pairs of discs; radii must not be negative.

    The lens is two sectors without the kite between the centres and the two crossings. Moving a circle moves the area
    by the length of the arc inside the other one or of the chord, so the sum below has the right gradient with angles
    and chord held fixed; torch's own way through the root and the arc tangent would be infinite where circles touch.
    """
    distance = torch.linalg.vector_norm(a[:, 1:] - b[:, 1:], dim=1)
    angle_a, angle_b, kite = _angles(a[:, 0].detach(), b[:, 0].detach(), distance.detach())
    chord = torch.where(kite > 0, 2 * kite / distance.detach().clamp(min=torch.finfo(a.dtype).tiny), 0)
    sectors = a[:, 0].square() * angle_a + b[:, 0].square() * angle_b
    return sectors - chord * (distance - distance.detach()) - kite


def _angles(radius_a: Values, radius_b: Values, distance: Values) -> tuple[Values, Values, Values]:
    """Returns half the angle of each disc's arc within the other, and the area of the kite (Heron's formula)."""
    product = (
        (radius_a + radius_b - distance)
        * (distance + radius_a - radius_b)
        * (distance - radius_a + radius_b)
        * (distance + radius_a + radius_b)
    )
    twice_kite = product.clamp(min=0).sqrt()
    angle_a = torch.atan2(twice_kite, distance.square() + radius_a.square() - radius_b.square())
    angle_b = torch.atan2(twice_kite, distance.square() + radius_b.square() - radius_a.square())
    is_inside = distance <= (radius_a - radius_b).abs()
    whole_a = math.pi * (radius_a <= radius_b).to(distance.dtype)
    angle_a = torch.where(is_inside, whole_a, angle_a)
    angle_b = torch.where(is_inside, math.pi - whole_a, angle_b)
    return angle_a, angle_b, torch.where(is_inside, 0.0, twice_kite / 2)


def circle_iou(a: Circles, b: Circles) -> Values:
    """Returns the intersection over union of pairs of discs with radii above zero."""
    common = circle_intersection(a, b)
    return common / (math.pi * (a[:, 0].square() + b[:, 0].square()) - common)
