"""Step 3 of the walk: a rendered frame and its scene become a labelled sample.

Everything is counted in the frame's id image and silhouettes; nothing is estimated.
`docs/conventions.md` defines boxes, counts and keypoints. Shapes: h, w the image; sh, sw a silhouette's window.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Int

from meshsight.core.camera import Camera, project
from meshsight.core.masks import RunLengthMask, encode_window
from meshsight.core.pose import invert_pose, transform_points
from meshsight.datasets.canonical import canonical_pose
from meshsight.records.frame import Frame, Silhouette
from meshsight.records.mesh import Bounds
from meshsight.records.sample import Box, ObjectLabel, PixelCounts, Pose, Sample
from meshsight.records.scene import Scene, SceneObject
from meshsight.specs.symmetry import SymmetrySpec

KEYPOINT_SEEN = 2
KEYPOINT_UNSEEN = 1
KEYPOINT_UNKNOWN = 0

Window = tuple[slice, slice]


def group_of(scene: Scene) -> str:
    """Names the group of a rendered frame: a scene of its own, unless it shares a layout or a world with others."""
    if scene.world is not None:
        return f"world-{scene.world:06d}"
    return f"scene-{scene.frame if scene.layout is None else scene.layout:06d}"


def annotate(
    frame: Frame,
    scene: Scene,
    bounds: Mapping[str, Bounds],
    image: str,
    symmetries: Mapping[str, SymmetrySpec] = MappingProxyType({}),
) -> Sample:
    """Returns everything true about a rendered frame.

    Args:
        frame: what the renderer drew.
        scene: what it was asked to draw.
        bounds: box of each labelled object's mesh in its own frame, by the mesh's reference.
        image: path of the picture relative to the data set's folder, with forward slashes.
        symmetries: of meshes that have some, by reference; of their equal poses one is labelled (see `canonical.py`).
    """
    outlines = {outline.instance_id: outline for outline in frame.silhouettes}
    objects: list[ObjectLabel] = []
    hidden: list[tuple[int, PixelCounts]] = []
    for thing in sorted(scene.objects, key=lambda thing: thing.instance_id):
        if thing.class_id is None:
            continue
        outline = outlines[thing.instance_id]
        seen = _seen(frame.instance_id, outline)
        if seen is None:
            hidden.append((thing.instance_id, _count(outline, scene.camera.size_hw, 0)))
        else:
            pose = object_pose(thing, scene, bounds[thing.mesh], symmetries.get(thing.mesh))
            objects.append(_label(thing, seen, outline, pose, scene.camera))
    return Sample(
        image=image,
        size_hw=scene.camera.size_hw,
        objects=tuple(objects),
        hidden=tuple(hidden),
        frame=scene.frame,
        group=group_of(scene),
        camera=scene.camera,
        T_world_cam=scene.T_world_cam,
    )


def object_pose(thing: SceneObject, scene: Scene, bounds: Bounds, symmetry: SymmetrySpec | None = None) -> Pose:
    """Returns an object's pose in the camera, one of several equal ones, with the box of its scaled mesh."""
    T_cam_object = invert_pose(scene.T_world_cam) @ thing.T_world_object
    return Pose(
        T_cam_object=T_cam_object if symmetry is None else canonical_pose(T_cam_object, thing.scale, symmetry),
        scale=thing.scale,
        box_low_m=bounds.low * thing.scale,
        box_high_m=bounds.high * thing.scale,
    )


def cuboid_points(pose: Pose) -> Float[np.ndarray, "9 3"]:
    """Returns the corners of an object's box (x fastest, then y, then z; low before high) and its centre, in metres."""
    sides = np.stack([pose.box_low_m, pose.box_high_m])
    corners = [[sides[i & 1, 0], sides[i >> 1 & 1, 1], sides[i >> 2, 2]] for i in range(8)]
    return np.array([*corners, sides.mean(axis=0)])


def cuboid_keypoints(pose: Pose, camera: Camera) -> Float[np.ndarray, "9 3"]:
    """Projects the cuboid of a visible object to rows of x, y, v.

    v is 2 within the image and 1 outside it. A point behind the camera has no pixel: its row is 0, 0, 0.
    """
    points = project(camera, transform_points(pose.T_cam_object, cuboid_points(pose)))
    height, width = camera.size_hw
    is_known = np.all(np.isfinite(points), axis=1)
    is_inside = np.all((points >= 0) & (points < (width, height)), axis=1)
    v = np.where(is_inside, KEYPOINT_SEEN, np.where(is_known, KEYPOINT_UNSEEN, KEYPOINT_UNKNOWN))
    return np.column_stack([np.where(is_known[:, None], points, 0.0), v])


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """The visible pixels of an object.

    Attributes:
        mask: of their tight box.
        left, top: where the box begins in the image.
        count: how many they are.
    """

    mask: Bool[np.ndarray, "bh bw"]
    left: int
    top: int
    count: int

    @property
    def box(self) -> Box:
        """The half-open box."""
        height, width = self.mask.shape
        return float(self.left), float(self.top), float(self.left + width), float(self.top + height)


def _seen(ids: Int[np.ndarray, "h w"], outline: Silhouette) -> _Seen | None:
    """Returns an object's visible pixels, or None for none; they lie within its silhouette."""
    inside = _inside(outline, (ids.shape[0], ids.shape[1]))
    left, top = max(0, outline.origin_xy[0]), max(0, outline.origin_xy[1])
    height, width = outline.mask[inside].shape
    mask = ids[top : top + height, left : left + width] == outline.instance_id
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    tight = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _Seen(tight, left + int(columns[0]), top + int(rows[0]), int(np.count_nonzero(tight)))


def _label(thing: SceneObject, seen: _Seen, outline: Silhouette, pose: Pose, camera: Camera) -> ObjectLabel:
    assert thing.class_id is not None
    mask = encode_window(seen.mask, (seen.left, seen.top), camera.size_hw)
    counts = _count(outline, camera.size_hw, seen.count)
    return ObjectLabel(
        class_id=thing.class_id,
        box=seen.box,
        instance_id=thing.instance_id,
        full_box=_full_box(outline),
        mask=mask,
        # What is seen is part of the silhouette, so as many pixels are the same pixels.
        full_mask=mask if counts.visible == counts.inside else _inside_mask(outline, camera.size_hw),
        keypoints=cuboid_keypoints(pose, camera),
        pixels=counts,
        pose=pose,
        mesh=thing.mesh,
        is_cut=outline.is_cut,
    )


def _full_box(outline: Silhouette) -> Box:
    x, y = outline.origin_xy
    height, width = outline.mask.shape
    return float(x), float(y), float(x + width), float(y + height)


def _inside(outline: Silhouette, size_hw: tuple[int, int]) -> Window:
    """Returns the part of a silhouette's window that lies within the image."""
    x, y = outline.origin_xy
    height, width = size_hw
    return slice(max(0, -y), max(0, height - y)), slice(max(0, -x), max(0, width - x))


def _inside_mask(outline: Silhouette, size_hw: tuple[int, int]) -> RunLengthMask:
    x, y = outline.origin_xy
    return encode_window(outline.mask[_inside(outline, size_hw)], (max(0, x), max(0, y)), size_hw)


def _count(outline: Silhouette, size_hw: tuple[int, int], visible: int) -> PixelCounts:
    inside = int(np.count_nonzero(outline.mask[_inside(outline, size_hw)]))
    assert visible <= inside, f"object {outline.instance_id}: {visible} pixels seen of {inside} drawn alone"
    return PixelCounts(full=int(np.count_nonzero(outline.mask)), inside=inside, visible=visible)
