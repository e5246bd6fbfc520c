"""How a model stands: its up axis, and where its origin is."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from meshsight.assets.axes import METRES, guess_up_axis
from meshsight.assets.checks.finding import AssetFinding
from meshsight.assets.checks.model import Model
from meshsight.assets.checks.units import judge_unit, length_in_words
from meshsight.specs.mesh_import import UpAxis

_AXES: tuple[tuple[UpAxis, int], ...] = (("y", 1), ("z", 2))
_ON_THE_GROUND = 0.02
"""How near to 0 the lowest point of a standing model is, as a share of its height."""
_OFF_THE_GROUND = 0.1
_FAR = 0.5
"""How far outside the box an origin may be, as a share of the longest side."""


class UpVerdict(NamedTuple):
    """A model's up axis.

    Attributes:
        assumed: the one that its reader takes, for `reason`.
        likely: the one that it should be; the same unless what it stands on speaks against it.
        is_certain: said by the user or the format, or shown by what the model stands on.
    """

    assumed: UpAxis
    likely: UpAxis
    reason: str
    is_certain: bool


def judge_up_axis(model: Model) -> UpVerdict:
    """Judges by what the model stands on, if it does; what the user says is beyond doubt."""
    if model.wanted.up_axis != "auto":
        return UpVerdict(model.wanted.up_axis, model.wanted.up_axis, "as you say", True)
    if model.says_frame:
        assumed: UpAxis = "y"
        reason = "glTF is y up"
    else:
        guess, reason = guess_up_axis(model.path, model.points)
        assumed = "y" if guess == "y" else "z"
    stood_on = _stood_on(model)
    return UpVerdict(assumed, stood_on or assumed, reason, model.says_frame or stood_on is not None)


def _stood_on(model: Model) -> UpAxis | None:
    """Returns the one axis of y and z that the model stands on, when the other one clearly is not."""
    low, size = model.points.min(axis=0), np.ptp(model.points, axis=0)
    height = np.where(size > 0, np.abs(low) / np.where(size > 0, size, 1.0), np.inf)
    for axis, k in _AXES:
        other = 3 - k
        if height[k] <= _ON_THE_GROUND and height[other] >= _OFF_THE_GROUND:
            return axis
    return None


def check_up_axis(model: Model) -> Iterator[AssetFinding]:
    """Finds an up axis that is wrong or not stated."""
    verdict = judge_up_axis(model)
    setting = f"`objects.0.load.up_axis={verdict.likely}`"
    if verdict.likely != verdict.assumed:
        yield AssetFinding(
            code="up_axis_wrong",
            severity="warning",
            text=f"it is read with {verdict.assumed} up ({verdict.reason}), but it stands on {verdict.likely} = 0 and "
            f"reaches as far below {verdict.assumed} = 0 as a lying model does",
            remedy=f"say the axis in the recipe: {setting}",
            is_mended=True,
        )
    elif model.wanted.up_axis == "auto" and not model.says_frame:
        yield AssetFinding(
            code="up_axis_unstated",
            severity="info" if verdict.is_certain else "warning",
            text=f"the file does not say its up axis; taken as {verdict.assumed} ({verdict.reason})"
            + ("" if verdict.is_certain else "; that is a mere guess"),
            remedy=f"look at the pictures, and say it in the recipe: {setting}"
            + ("" if verdict.is_certain else "; for `--fix` with `--up-axis`"),
            is_mended=verdict.is_certain,
        )


def check_origin(model: Model) -> Iterator[AssetFinding]:
    """Finds an origin that lies far outside the model."""
    factor = METRES[judge_unit(model).likely]
    low, high = factor * model.points.min(axis=0), factor * model.points.max(axis=0)
    outside = np.maximum(np.maximum(low, -high), 0.0)
    side = float((high - low).max())
    if float(np.linalg.norm(outside)) <= _FAR * side:
        yield from _below_ground(model, low, high)
        return
    away = length_in_words(float(np.linalg.norm(0.5 * (low + high))))
    yield AssetFinding(
        code="origin_far",
        severity="warning",
        text=f"the origin lies {away} from the middle of the box (expected inside the box, whose longest side is "
        f"{length_in_words(side)}): poses in labels are those of the origin",
        remedy=f"move it below the middle of the base: `meshsight assets check {model.ref} --fix mended --origin base`",
    )


def _below_ground(model: Model, low: np.ndarray, high: np.ndarray) -> Iterator[AssetFinding]:
    up = 1 if judge_up_axis(model).likely == "y" else 2
    height = high[up] - low[up]
    if height > 0 and high[up] < _ON_THE_GROUND * height:
        yield AssetFinding(
            code="below_ground",
            severity="warning",
            text=f"it lies wholly below its origin: its lowest point is at {low[up]:.3g} m, its highest at "
            f"{high[up]:.3g} m (expected one that stands on 0 or is centred)",
            remedy=f"stand it on the ground: `meshsight assets check {model.ref} --fix mended --origin base`",
        )
