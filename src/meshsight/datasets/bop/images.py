"""One image's rows and masks become a sample; both BOP formats end here."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from meshsight.core.boxes import clip_boxes
from meshsight.core.camera import Camera, project
from meshsight.core.errors import DataError
from meshsight.core.masks import RunLengthMask, decode_mask, mask_area, tight_box
from meshsight.core.pose import transform_points
from meshsight.datasets.annotate import cuboid_points
from meshsight.datasets.bop.known_models import KnownModels
from meshsight.datasets.bop.rows import CameraRow, InfoRow, TruthRow, parse_row
from meshsight.datasets.bop.terms import box_of, camera_of, camera_place, counts_of
from meshsight.datasets.foreign import BoxCheck, ForeignSpec
from meshsight.records.sample import Box, ObjectLabel, PixelCounts, Pose, Sample, StatedVisibility

log = logging.getLogger(__name__)


@runtime_checkable
class Masks(Protocol):
    """The masks of one image's objects, read when they are asked for."""

    def visible(self, index: int) -> RunLengthMask | None:
        """Returns the visible pixels of an object, by its place in the list of truths."""
        ...

    def full(self, index: int) -> RunLengthMask | None:
        """Returns the whole silhouette's pixels within the image."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BopImage:
    """What BOP's files say of one image.

    Attributes:
        image: its path, relative to the data set's folder.
        size_hw: its size.
        group: its scene.
        where: names it in messages.
        camera, truths, infos: entries as parsed from JSON; `infos` is None where there are none.
        masks: of its objects.
    """

    image: str
    size_hw: tuple[int, int]
    group: str
    where: str
    camera: Any
    truths: Sequence[Any]
    infos: Sequence[Any] | None
    masks: Masks


class SampleMaker:
    """Makes samples of one pass over a data set, and says at its end what had to be put right."""

    def __init__(self, models: KnownModels, spec: ForeignSpec) -> None:
        self._models = models
        self._check = BoxCheck(spec)
        self._notes: Counter[str] = Counter()

    def sample(self, image: BopImage, frame: int) -> Sample:
        """Returns an image with its labels.

        Raises:
            DataError: a row or box is bad, or an object can neither be given a box nor be known to be hidden.
        """
        row = parse_row(CameraRow, image.camera, f"{image.where}: camera")
        camera = camera_of(row, image.size_hw, image.where)
        truths = [parse_row(TruthRow, one, image.where) for one in image.truths]
        infos = self._infos(image, len(truths))
        objects: list[ObjectLabel] = []
        hidden: list[tuple[int, PixelCounts]] = []
        for index, (truth, info) in enumerate(zip(truths, infos, strict=True)):
            where = f"{image.where}, object {index}"
            found = _Object(index=index, truth=truth, info=info, where=where, pose=self._models.pose(truth))
            label = self._label(found, image, camera)
            if isinstance(label, PixelCounts):
                hidden.append((index + 1, label))
            elif label is not None:
                objects.append(label)
        return Sample(
            image=image.image,
            size_hw=image.size_hw,
            objects=tuple(objects),
            hidden=tuple(hidden),
            frame=frame,
            group=image.group if row.group is None else row.group,
            camera=camera,
            T_world_cam=camera_place(row),
        )

    def report(self, source: Path) -> None:
        """Says in one warning each what was put right."""
        self._check.report(source)
        for note, count in self._notes.items():
            log.warning("%s: %d %s", source, count, note)

    def _infos(self, image: BopImage, count: int) -> list[InfoRow | None]:
        if image.infos is None:
            return [None] * count
        if len(image.infos) != count:
            raise DataError(f"{image.where}: {count} objects, but properties of {len(image.infos)}")
        return [parse_row(InfoRow, one, image.where) for one in image.infos]

    def _label(self, found: "_Object", image: BopImage, camera: Camera | None) -> ObjectLabel | PixelCounts | None:
        """Returns a visible object's label, a hidden one's counts, or None for one of which neither is known."""
        full, visible = self._masks(found, image)
        counts = None if found.info is None else counts_of(found.info, None if full is None else mask_area(full))
        if found.is_hidden(visible):
            return counts
        box = found.box(visible) or self._projected_box(found, camera)
        checked = self._check.check(box, image.size_hw, found.where)
        if checked is None:
            return None
        return ObjectLabel(
            class_id=self._models.class_of(found.truth.obj_id, found.where),
            box=checked,
            instance_id=found.index + 1,
            full_box=None if found.info is None else box_of(found.info.bbox_obj),
            mask=visible,
            full_mask=full,
            pixels=counts,
            stated=found.stated() if counts is None else None,
            pose=found.pose,
            mesh=self._models.mesh(found.truth.obj_id),
        )

    def _masks(self, found: "_Object", image: BopImage) -> tuple[RunLengthMask | None, RunLengthMask | None]:
        """Returns the masks of the whole silhouette and of the visible pixels.

        Raises:
            DataError: one is of another size than the image.
        """
        masks = image.masks.full(found.index), image.masks.visible(found.index)
        for mask in masks:
            if mask is not None and mask.size_hw != image.size_hw:
                raise DataError(
                    f"{found.where}: a mask of {mask.size_hw[1]} x {mask.size_hw[0]} px, "
                    f"but an image of {image.size_hw[1]} x {image.size_hw[0]} px"
                )
        return masks

    def _projected_box(self, found: "_Object", camera: Camera | None) -> Box:
        """Returns the box around the object's 3-D box as far as it is in the image, which is looser than the object."""
        if found.pose is None or camera is None:
            raise DataError(
                f"{found.where}: no box, no mask, and no model to project; run bop_toolkit's calc_gt_info.py first"
            )
        self._notes["objects without a box or mask, given the box of their projected 3-D box"] += 1
        points = project(camera, transform_points(found.pose.T_cam_object, cuboid_points(found.pose)[:8]))
        if not np.isfinite(points).all():
            raise DataError(f"{found.where}: no box, no mask, and a 3-D box that reaches behind the camera")
        around = np.concatenate([points.min(axis=0), points.max(axis=0)])[None]
        x1, y1, x2, y2 = clip_boxes(around, camera.size_hw)[0].tolist()
        return x1, y1, x2, y2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Object:
    index: int
    truth: TruthRow
    info: InfoRow | None
    where: str
    pose: Pose | None

    def is_hidden(self, visible: RunLengthMask | None) -> bool:
        """Tells whether the object is known to have no visible pixel."""
        if self.info is not None and self.info.px_count_visib is not None:
            return self.info.px_count_visib == 0
        return visible is not None and mask_area(visible) == 0

    def box(self, visible: RunLengthMask | None) -> Box | None:
        """Returns the box of the visible pixels, as stated or else measured."""
        stated = None if self.info is None else box_of(self.info.bbox_visib)
        if stated is not None or visible is None:
            return stated
        measured = tight_box(decode_mask(visible))
        if measured is None:
            return None
        x1, y1, x2, y2 = measured.tolist()
        return x1, y1, x2, y2

    def stated(self) -> StatedVisibility | None:
        """Returns the visible share, where it is all that is said."""
        if self.info is None or self.info.visib_fract is None:
            return None
        return StatedVisibility(visibility=self.info.visib_fract)
