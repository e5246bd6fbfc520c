"""What the files of one DOPE data set have in common: found in one pass over all labels, or stated by our own files.

Nothing in such a file says its unit, its camera axes or its corner order; the numbers do. Where they contradict each
other the data set is refused.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from meshsight.core.camera import Camera
from meshsight.core.errors import DataError
from meshsight.core.images import read_size_hw
from meshsight.datasets.dope.check import CornerCheck, PosedObject, cv_pose
from meshsight.datasets.dope.corners import DOPE, ISAAC, CornerOrder
from meshsight.datasets.dope.files import Conventions, FolderSettings, FrameFile, FrameJson, ObjectJson, read_frame
from meshsight.datasets.dope.objects import (
    camera_of,
    class_of,
    lacks_principal_point,
    raw_objects,
    size_of,
)
from meshsight.specs.base import VariantSpec

log = logging.getLogger(__name__)

Unit = Literal["m", "cm"]
OURS = "meshsight"
"""The `provenance` of objects that we write."""
METRES: dict[str, float] = {"m": 1.0, "cm": 0.01}
ORDERS = {"dope": DOPE, "isaac": ISAAC}
_FAR = 10.0
_USUAL_UNITS: dict[str, Unit] = {"Isaac": "m", "NVISII": "m", "NDDS": "cm"}


class DopeSpec(VariantSpec):
    """How doubtful files are read, and what is written."""

    units: Literal["auto", "m", "cm"] = "auto"
    """Of the poses. Reading: auto finds out. Writing: auto is metres, as NVISII writes."""
    corner_order: Literal["auto", "dope", "isaac"] = "auto"
    """Writing: auto is DOPE's. Reading: for objects without a pose, whose order cannot be found out; auto is DOPE's."""
    doubtful_corners: Literal["refuse", "remap"] = "refuse"
    """When corner orders are mixed or do not fit the poses: refuse the data set, or read each object in the order that
    fits it and leave out those that none fits."""
    max_corner_error_px: float = Field(3.0, gt=0)
    """How far a corner may lie from where pose and camera put it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How the labels of one data set are to be understood.

    Attributes:
        classes: names by class id, in the order of the alphabet unless the data set lists them.
        order: of the corners.
        remap_within_px: the order is found for each object, and must fit this well; None where all have the same.
        is_gl: poses are in a camera that looks along -z with y up.
        metres_per_unit: 1 or 0.01.
        counts_pixels: `visibility` is a number of pixels.
    """

    classes: tuple[str, ...]
    order: CornerOrder
    remap_within_px: float | None = None
    is_gl: bool = False
    metres_per_unit: float = 1.0
    counts_pixels: bool = False


@dataclass(slots=True)
class _Evidence:
    """What one pass over the labels shows."""

    check: CornerCheck
    names: set[str] = field(default_factory=set[str])
    left_out: Counter[str] = field(default_factory=Counter[str])
    programs: Counter[str] = field(default_factory=Counter[str])
    num_behind: int = 0
    num_posed: int = 0
    num_lacking_centre: int = 0
    most_visible: float = 0.0
    names_corners: bool = False


def stated_habits(conventions: Conventions, classes: tuple[str, ...]) -> Habits:
    """Returns what our own files say of themselves."""
    order, unit = ORDERS[conventions.corner_order], METRES[conventions.units]
    return Habits(classes=classes, order=order, metres_per_unit=unit)


def find_habits(
    root: Path,
    files: Sequence[FrameFile],
    settings: FolderSettings,
    spec: DopeSpec,
    classes: tuple[str, ...] | None = None,
) -> Habits:
    """Reads all labels once and finds out what they mean; says in warnings what was repaired or left out.

    Args:
        root: the data set's folder.
        files: its frames.
        settings: of its folders.
        spec: what to do in doubt.
        classes: names by class id, where a list of them is there; else they are those in the labels.

    Raises:
        DataError: a file is bad, or the corner orders are mixed or do not fit the poses and that is refused.
    """
    evidence = _Evidence(check=CornerCheck(within_px=spec.max_corner_error_px))
    for file in files:
        _look_at(read_frame(root / file.labels), file, root, settings, evidence)
    evidence.check.finish()
    for words, count in sorted(evidence.left_out.items()):
        log.warning("%s: left out %d objects %s", root, count, words)
    if evidence.num_lacking_centre:
        count = evidence.num_lacking_centre
        log.warning("%s: took the image's centre for %d principal points at (0, 0)", root, count)
    is_doubtful = _is_doubtful(evidence.check, spec, root)
    return Habits(
        classes=tuple(sorted(evidence.names)) if classes is None else classes,
        order=_order(evidence, spec),
        remap_within_px=spec.max_corner_error_px if is_doubtful else None,
        is_gl=evidence.num_behind > evidence.num_posed / 2,
        metres_per_unit=METRES[_unit(evidence, root) if spec.units == "auto" else spec.units],
        counts_pixels=evidence.most_visible > 1,
    )


def frame_camera(
    frame: FrameJson, file: FrameFile, root: Path, settings: FolderSettings
) -> tuple[tuple[int, int], Camera | None]:
    """Returns size and camera of a frame; the image is only opened where no file tells its size."""
    size = size_of(frame.camera_data, file, settings, str(root / file.labels)) or read_size_hw(root / file.image)
    return size, camera_of(frame, file, size, settings)


def _look_at(frame: FrameJson, file: FrameFile, root: Path, settings: FolderSettings, evidence: _Evidence) -> None:
    where = str(root / file.labels)
    evidence.names.update(class_of(row, where) for row in frame.objects)
    evidence.names_corners |= frame.keypoint_order is not None
    evidence.num_lacking_centre += lacks_principal_point(frame.camera_data.intrinsics)
    size_hw, camera = frame_camera(frame, file, root, settings)
    sizes = {one.class_name: one.cuboid_dimensions for one in settings.objects(file).exported_objects}
    for thing in raw_objects(frame, size_hw, where, evidence.left_out):
        evidence.most_visible = max(evidence.most_visible, thing.row.visibility or 0.0)
        evidence.programs.update(_program(frame, thing.row))
        is_behind = thing.location is not None and bool(thing.location[2] < 0)
        pose = cv_pose(thing, is_behind)
        if pose is not None and camera is not None:
            size = sizes.get(thing.row.class_name or "")
            evidence.num_posed += 1
            evidence.num_behind += is_behind
            evidence.check.add(PosedObject(thing=thing, camera=camera, T_cam_object=pose, size=size))


def _program(frame: FrameJson, row: ObjectJson) -> Iterator[str]:
    """Yields what wrote an object, if its fields tell."""
    if frame.keypoint_order is not None:
        yield "Isaac"
    elif row.provenance == OURS:
        return
    elif row.bounding_box_minx_maxx_miny_maxy is not None:
        yield "NVISII"
    elif row.bounding_box is not None or row.cuboid is not None:
        yield "NDDS"


def _order(evidence: _Evidence, spec: DopeSpec) -> CornerOrder:
    if evidence.check.leading is not None and evidence.check.num_fitting:
        return evidence.check.leading
    if evidence.names_corners:
        return ISAAC
    return DOPE if spec.corner_order == "auto" else ORDERS[spec.corner_order]


def _is_doubtful(check: CornerCheck, spec: DopeSpec, root: Path) -> bool:
    """Tells whether corner orders are mixed or do not fit.

    Raises:
        DataError: they do, and that is refused.
    """
    if check.leading is None or not (check.others or check.num_misfits):
        if check.leading not in (None, DOPE):
            log.warning("%s: corners in %s, found by projecting the boxes again", root, check.leading.name)
        return False
    counts = [f"{check.num_fitting} objects in {check.leading.name}"] * bool(check.num_fitting)
    counts += [f"{count} in {order.name}" for order, count in check.others.most_common()]
    counts += [f"{check.num_misfits} in none (off by more than {check.within_px:g} px)"] * bool(check.num_misfits)
    found = f"{root}: by pose and camera, the boxes' corners are listed: {', '.join(counts)}"
    if spec.doubtful_corners == "refuse":
        raise DataError(
            f"{found}. Trained on, they would contradict each other. Part the data set, or open it with "
            "`doubtful_corners: remap`, which reads each object in its own order and leaves out those of none."
        )
    log.warning("%s. Read each in its own order, and left out those of none", found)
    return True


def _unit(evidence: _Evidence, root: Path) -> Unit:
    """Tells the unit of the poses.

    A size in the settings that is a hundred times off settles it: the smaller number is in metres. Else the habit of
    the program that wrote the files does, and where that is not known, the distance: nothing is 10 m away on a table.
    """
    if evidence.check.ratios:
        ratio = float(np.median(evidence.check.ratios))
        if 0.005 < ratio < 0.02:
            return "m"
        if 50 < ratio < 200:
            return "cm"
    if not evidence.check.distances:
        return "m"
    distance = float(np.median(evidence.check.distances))
    by_distance: Unit = "cm" if distance >= _FAR else "m"
    program = evidence.programs.most_common(1)[0][0] if evidence.programs else None
    if program is None:
        log.warning("%s: nothing tells the unit; took %s, as the objects are %.3g away", root, by_distance, distance)
        return by_distance
    usual = _USUAL_UNITS[program]
    if usual != by_distance:
        in_metres = distance * METRES[usual]
        log.warning(
            "%s: %s writes %s, which puts the objects %.3g m away; say `units` if not so",
            root,
            program,
            usual,
            in_metres,
        )
    return usual
