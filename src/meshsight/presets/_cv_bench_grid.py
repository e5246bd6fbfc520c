"""How many angles and materials CV-Bench's generator renders each model with: a regular grid, as large as is paid for.

Of n images a share `just_merge` costs no render, and the others pay one render each, shared evenly by all models. A
model's renders are all combinations of its inclinations, azimuths, metallic and roughness values, of which those that
are ranges are divided: angles into `skew` times as many steps as materials.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from meshsight.specs.distributions import AnyDistribution, Linspace, Uniform

BANK = 8
"""Scenes that depths, lights, materials and distractors are drawn for; each is combined with all angles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Steps of a range of angles, and of a range of metallic or roughness."""

    angle: int
    material: int


def grid_for(
    renders: float, angles: Sequence[AnyDistribution], materials: Sequence[AnyDistribution | None], skew: float
) -> Grid:
    """Divides a model's renders over what varies.

    With a ranges of angles, m of materials and s times as many angles as materials, n renders are (s k)^a k^m.

    Args:
        renders: how many for one model.
        angles: inclination and azimuth.
        materials: metallic and roughness; None for one that stays as the model has it.
        skew: angle steps for one material step.
    """
    num_angles, num_materials = (sum(isinstance(drawn, Uniform) for drawn in drawns) for drawns in (angles, materials))
    if num_angles + num_materials == 0:
        return Grid(angle=1, material=1)
    each = (renders / skew**num_angles) ** (1.0 / (num_angles + num_materials))
    return Grid(angle=_steps(skew * each), material=_steps(each) if num_materials else 1)


def _steps(share: float) -> int:
    # A tenth power's rounding must not make one step more of a whole number.
    return max(1, math.ceil(share - 1e-9))


def divided(drawn: AnyDistribution, steps: int) -> AnyDistribution:
    """Returns a range as so many values, both ends included; anything else as it is."""
    return Linspace(low=drawn.low, high=drawn.high, num=steps) if isinstance(drawn, Uniform) else drawn
