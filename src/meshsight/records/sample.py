"""Step 3 of the walk: the one record of what is true in an image.

What a foreign data set does not know is None, never 0.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera
from meshsight.core.masks import RunLengthMask
from meshsight.core.pose import Matrix4

Box = tuple[float, float, float, float]
Polygon = Float[np.ndarray, "_ 2"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PixelCounts:
    """Exact visibility of one object in pixels.

    Attributes:
        full: drawn alone on a canvas three image sizes wide and high.
        inside: of those, within the image.
        visible: of those, not hidden by anything.
    """

    full: int
    inside: int
    visible: int

    @property
    def truncation(self) -> float:
        """1 - inside / full: how far the object leaves the image."""
        return 1.0 - self.inside / self.full if self.full else 1.0

    @property
    def occlusion(self) -> float:
        """1 - visible / inside: how much of what could be seen is hidden."""
        return 1.0 - self.visible / self.inside if self.inside else 1.0

    @property
    def visibility(self) -> float:
        """The share of the whole object that is seen: visible / full."""
        return self.visible / self.full if self.full else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedVisibility:
    """What a foreign data set says of an object's visibility, each in its own coarse terms; None is not said.

    Attributes:
        truncation: share of the object outside the image, 0..1 (KITTI; of what it is a share differs by author).
        visibility: share of the object that is seen, 0..1 (NDDS, DOPE).
        occlusion_level: 0 fully visible, 1 partly, 2 largely occluded, 3 unknown (KITTI).
        is_truncated, is_occluded: flags (Pascal VOC).
    """

    truncation: float | None = None
    visibility: float | None = None
    occlusion_level: int | None = None
    is_truncated: bool | None = None
    is_occluded: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pose:
    """A 6-DoF pose with the size of the object it belongs to.

    Attributes:
        T_cam_object: rigid pose in the OpenCV camera, metres.
        scale: uniform factor on the model's vertices.
        box_low_m, box_high_m: the model's axis-aligned box in its own frame after `scale`.
    """

    T_cam_object: Matrix4
    scale: float
    box_low_m: Float[np.ndarray, "3"]
    box_high_m: Float[np.ndarray, "3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObjectLabel:
    """One labelled object.

    Attributes:
        class_id: from 0.
        box: tight half-open xyxy around the visible pixels, original pixels.
        instance_id: id in the scene, or None.
        full_box: xyxy around the full silhouette, also outside the image, or None.
        mask: visible pixels, or None.
        full_mask: the full silhouette as far as it lies within the image, or None.
        polygons: the outline as a foreign set gives it, in pixels, or None; a `mask` beside it is drawn from it.
        keypoints: (k, 3) rows of x, y, v (v: 2 seen, 1 outside or hidden, 0 unknown), or None. For our own scenes
            k = 9: the 8 cuboid corners in binary order (x fastest, then y, then z, low before high) and the centre.
        pixels: exact counts, or None.
        stated: what a foreign set says in place of `pixels`, or None.
        pose: 6-DoF pose, or None.
        mesh: reference of the model, or None.
        is_ignored: a region that is neither right nor wrong to detect (crowd, DontCare).
        is_cut: the full silhouette misses a part (see Silhouette).
    """

    class_id: int
    box: Box
    instance_id: int | None = None
    full_box: Box | None = None
    mask: RunLengthMask | None = None
    full_mask: RunLengthMask | None = None
    polygons: tuple[Polygon, ...] | None = None
    keypoints: Float[np.ndarray, "k 3"] | None = None
    pixels: PixelCounts | None = None
    stated: StatedVisibility | None = None
    pose: Pose | None = None
    mesh: str | None = None
    is_ignored: bool = False
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """An image and everything true about it.

    Attributes:
        image: path relative to the data set's folder, with forward slashes; it may lead into a container, as
            `shard-000000.tar/000012.jpg` does (see core/containers).
        size_hw: height and width in pixels.
        objects: every object of which at least one pixel is visible, in instance order.
        hidden: labelled objects of the scene with no visible pixel, as counts by instance id.
        frame: index in the data set.
        group: samples of one scene or source photograph share it; splits never part a group.
        source: the data set that it came from before a merge, or None.
        camera, T_world_cam: None when unknown.
    """

    image: str
    size_hw: tuple[int, int]
    objects: tuple[ObjectLabel, ...]
    hidden: tuple[tuple[int, PixelCounts], ...] = ()
    frame: int
    group: str
    source: str | None = None
    camera: Camera | None = None
    T_world_cam: Matrix4 | None = None
