"""Occluders: things before the objects that hide a wished share of them."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from meshsight.core.camera import project
from meshsight.core.pose import Matrix3, sample_rotation
from meshsight.records.scene import SceneObject
from meshsight.specs.clutter import OccludersSpec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.materials import MaterialDraw, draw_material, draw_part_materials
from meshsight.synthesis.sampling import describe, sample
from meshsight.synthesis.view import View

_GROWTH = 1.25
_FREE = 0.9
"""Share of its distance from the near plane that an occluder's radius may take."""
_BISECTIONS = 18

Polygon = Float[np.ndarray, "n 2"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cover:
    """One occluder in the making: it slides sideways before its object until it hides what is wished.

    Attributes:
        outline: convex outline of the object in the image.
        middle_px: pixel of the object's middle.
        depth_m: of the occluder.
        heading: unit direction in the image along which it slides away.
    """

    view: View
    outline: Polygon
    middle_px: Float[np.ndarray, "2"]
    depth_m: float
    heading: Float[np.ndarray, "2"]
    rotation: Matrix3

    def placed(self, body: Body, shift_px: float) -> PlacedBody:
        """Returns the occluder when it has slid so far."""
        center = self.view.point(self.middle_px + shift_px * self.heading, self.depth_m)
        return PlacedBody(body=body, T_world_object=body.pose_at(center, self.rotation))

    def share(self, body: Body, shift_px: float) -> float:
        """Returns the share of the object's outline that is hidden."""
        outline = _outline(self.view, self.placed(body, shift_px))
        if outline is None:
            return 0.0
        common, _ = cv2.intersectConvexConvex(self.outline.astype(np.float32), outline.astype(np.float32))
        return float(common) / float(cv2.contourArea(self.outline.astype(np.float32)))


def put_occluders(
    spec: OccludersSpec | None,
    view: View,
    bodies: list[PlacedBody],
    num_labelled: int,
    geometries: GeometryCache,
    draws: Draws,
) -> list[SceneObject]:
    """Draws the occluders of all labelled objects, each from its own streams; `bodies` grows by them.

    Raises:
        AssetError: a mesh is missing or unusable.
    """
    if spec is None:
        return []
    made: list[SceneObject] = []
    for k, target in enumerate(bodies[:num_labelled]):
        aspect = f"occluders[{k}]"
        rng = draws.stream(aspect)
        if rng.random() >= spec.probability:
            continue
        mesh = spec.meshes[rng.integers(0, len(spec.meshes))]
        placed = _place(spec, view, target, Body(geometry=geometries.get(mesh), scale=1.0), rng)
        if placed is None:
            continue
        path = f"objects[{len(bodies)}]"
        bodies.append(placed)
        draws.note(f"{path}.mesh", "occluders.meshes")
        draws.note(f"{path}.scale", f"occluders.size {describe(spec.size)} diameters of objects[{k}] in the image")
        cover, depth = describe(spec.cover), describe(spec.depth)
        draws.note(f"{path}.T_world_object", f"occluders: cover {cover} of objects[{k}], depth {depth}")
        which = MaterialDraw(path=f"{path}.material", aspect=f"{aspect}.material", randomiser="occluders.materials")
        made.append(
            SceneObject(
                instance_id=len(bodies),
                mesh=mesh,
                class_id=None,
                T_world_object=placed.T_world_object,
                scale=placed.body.scale,
                material=draw_material(spec.materials, which, draws),
                part_materials=draw_part_materials(spec.materials, which, placed.body.geometry.mesh, draws),
            )
        )
    return made


def _place(
    spec: OccludersSpec, view: View, target: PlacedBody, body: Body, rng: np.random.Generator
) -> PlacedBody | None:
    """Returns the occluder where it hides what is wished, or None before an object that has no outline."""
    outline = _outline(view, target)
    wished, depth_share, size = (sample(drawn, rng) for drawn in (spec.cover, spec.depth, spec.size))
    depth, angle, rotation = view.depth_of(target.center), rng.uniform(0.0, 2.0 * np.pi), sample_rotation(rng)
    if outline is None or cv2.contourArea(outline.astype(np.float32)) < 1.0:
        return None
    cover = _Cover(
        view=view,
        outline=outline,
        middle_px=outline.mean(axis=0),
        depth_m=max(depth_share * depth, 2.0 * view.near_m),
        heading=np.array([np.cos(angle), np.sin(angle)]),
        rotation=rotation,
    )
    body = Body(geometry=body.geometry, scale=size * target.radius / body.radius * cover.depth_m / depth)
    largest = _FREE * (cover.depth_m - view.near_m) / body.geometry.radius
    while cover.share(body, 0.0) < wished and _GROWTH * body.scale <= largest:
        body = Body(geometry=body.geometry, scale=_GROWTH * body.scale)
    return cover.placed(body, _shift_px(cover, body, wished))


def _shift_px(cover: _Cover, body: Body, wished: float) -> float:
    """Finds by bisection how far the occluder slides until it hides no more than is wished."""
    low, high = 0.0, float(np.linalg.norm(np.ptp(cover.outline, axis=0)))
    high += 2.0 * cover.view.camera.fx * body.radius / cover.depth_m
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if cover.share(body, middle) > wished else (low, middle)
    return low


def _outline(view: View, placed: PlacedBody) -> Polygon | None:
    """Returns the convex outline in the image in pixels; None for what reaches behind the near plane."""
    points = placed.hull_points(view.T_cam_world)
    if points[:, 2].min() <= view.near_m:
        return None
    return cv2.convexHull(project(view.camera, points).astype(np.float32)).reshape(-1, 2).astype(np.float64)
