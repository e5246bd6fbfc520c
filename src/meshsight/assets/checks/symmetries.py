"""Symmetries in words: what they mean for the poses in labels."""

from collections.abc import Iterator

import numpy as np

from meshsight.assets.checks.finding import AssetFinding
from meshsight.assets.symmetry import Symmetries
from meshsight.core.pose import Matrix3, Matrix4, Vector3

_REMEDY = (
    "nothing: it is how the object is. For pose networks, `symmetry: find` beside the mesh in the recipe labels one of "
    "its equal poses; a BOP folder states it in models_info.json, so that poses are scored by it"
)


def check_symmetry(textured: Symmetries, shape: Symmetries) -> Iterator[AssetFinding]:
    """Says which turns cannot be seen, and which only the colours tell apart.

    Args:
        textured: of the model as it looks.
        shape: of its shape alone.
    """
    if textured.continuous:
        yield AssetFinding(
            code="continuous_symmetry", severity="info", text=_continuous_in_words(textured), remedy=_REMEDY
        )
    elif textured.discrete:
        yield AssetFinding(code="discrete_symmetry", severity="info", text=_discrete_in_words(textured), remedy=_REMEDY)
    if _size(shape) > _size(textured):
        yield AssetFinding(
            code="symmetric_but_for_colour",
            severity="info",
            text=f"the shape alone has more: {symmetry_in_words(shape)}. Only its colours tell those turns apart, so "
            "poses are learned from the print, and in poor light may be one turn off",
            remedy="keep the colours: no `materials` that repaint it where poses matter",
        )


def symmetry_in_words(symmetries: Symmetries) -> str:
    """Returns one short phrase: "none", "any turn about z", "turns of 60 degrees about z", "3 turns about x, y, z"."""
    if len(symmetries.continuous) == 3:
        return "any turn"
    if symmetries.continuous:
        flip = ", and upside down" if symmetries.discrete else ""
        return f"any turn about {axis_name(symmetries.continuous[0].axis)}{flip}"
    if not symmetries.discrete:
        return "none"
    axes = dict.fromkeys(axis_name(axis) for axis in turn_axes(symmetries))
    count = len(symmetries.discrete)
    if len(axes) == 1:
        return f"{'a turn' if count == 1 else 'turns'} of {360 / (count + 1):g}\N{DEGREE SIGN} about {next(iter(axes))}"
    return f"{count} turns about {', '.join(list(axes)[:3])}" + (
        f" and {len(axes) - 3} more axes" if len(axes) > 3 else ""
    )


def turn_axes(symmetries: Symmetries) -> list[Vector3]:
    """Returns the axis of every symmetry: of the continuous ones first."""
    axes = [one.axis for one in symmetries.continuous]
    return axes + [axis_of(pose[:3, :3]) for pose in symmetries.discrete]


def axis_of(rotation: Matrix3) -> Vector3:
    """Returns the unit direction that a rotation keeps; its sign is arbitrary."""
    values, vectors = np.linalg.eigh(0.5 * (rotation + rotation.T))  # the axis is what stays: the eigenvalue nearest 1
    return vectors[:, int(np.argmax(values))]


def fixed_point(pose: Matrix4) -> Vector3:
    """Returns the point of a turn's axis that is nearest the origin."""
    return np.linalg.lstsq(np.eye(3) - pose[:3, :3], pose[:3, 3], rcond=1e-6)[0]


def axis_name(axis: Vector3) -> str:
    """Returns x, y or z where an axis is within 3 degrees of it, else its direction; an axis has no sign."""
    nearest = int(np.argmax(np.abs(axis)))
    if abs(axis[nearest]) > np.cos(np.radians(3.0)):
        return "xyz"[nearest]
    first = int(np.argmax(np.abs(axis) > 0.02))
    x, y, z = np.round(axis * np.sign(axis[first]), 2) + 0.0
    return f"({x:.2f}, {y:.2f}, {z:.2f})"


def _size(symmetries: Symmetries) -> int:
    """Returns a number that grows with the group; a continuous axis outweighs any number of turns."""
    return 1000 * len(symmetries.continuous) + len(symmetries.discrete)


def _continuous_in_words(symmetries: Symmetries) -> str:
    if len(symmetries.continuous) == 3:
        return "a ball: no turn can be seen, so labels can hold only its place, not its orientation"
    axis = axis_name(symmetries.continuous[0].axis)
    flip = " It also looks the same upside down." if symmetries.discrete else ""
    return (
        f"looks the same however it is turned about {axis}: the angle about {axis} in a pose label means nothing.{flip}"
    )


def _discrete_in_words(symmetries: Symmetries) -> str:
    count = len(symmetries.discrete)
    return (
        f"looks the same after {symmetry_in_words(symmetries)}: each pose label has {count} other"
        f"{'' if count == 1 else 's'} that {'is' if count == 1 else 'are'} just as right"
    )
