"""An object's triangles as one list, ready to be hit by rays.

Shapes: v vertices, f triangles, k hits.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int, Int32

from meshsight.core.pose import Matrix3, Matrix4, transform_points
from meshsight.records.mesh import Mesh
from meshsight.records.scene import Scene, SceneObject
from meshsight.render.surface import textured_parts
from meshsight.render.window import Window, hull_points, object_window


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """All parts of a mesh joined; every renderer sees the same parts, so vertex order is `surface.textured_parts`'s.

    Attributes:
        part_of_face: which part, and so which material, a triangle belongs to.
    """

    mesh: Mesh
    vertices: Float32[np.ndarray, "v 3"]
    faces: Int32[np.ndarray, "f 3"]
    part_of_face: Int[np.ndarray, " f"]
    normals: Float32[np.ndarray, "v 3"]
    uv: Float32[np.ndarray, "v 2"]
    colors: Float32[np.ndarray, "v 3"]
    hull: Float[np.ndarray, "m 3"]

    @property
    def num_bytes(self) -> int:
        """Memory of the arrays."""
        return sum(array.nbytes for array in (self.vertices, self.faces, self.normals, self.uv, self.colors))

    def release(self) -> None:
        """Does nothing: the arrays are freed with the body."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedBody:
    """A body in the camera's frame of one scene.

    Attributes:
        vertices_cam: float64 arithmetic, rounded once.
    """

    thing: SceneObject
    body: Body
    R_cam_object: Matrix3
    vertices_cam: Float32[np.ndarray, "v 3"]
    window: Window


def make_body(mesh: Mesh) -> Body:
    """Joins the parts of a mesh."""
    parts = textured_parts(mesh)
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    ones = [np.ones((len(part.vertices), 3), dtype=np.float32) for part in parts]
    return Body(
        mesh=mesh,
        vertices=np.concatenate([part.vertices for part in parts]),
        faces=np.concatenate([part.faces + int(start) for part, start in zip(parts, starts[:-1], strict=True)]).astype(
            np.int32
        ),
        part_of_face=np.repeat(np.arange(len(parts)), [len(part.faces) for part in parts]),
        normals=np.concatenate([part.normals for part in parts]),
        uv=np.concatenate([part.uv for part in parts if part.uv is not None]),
        colors=np.concatenate(
            [
                part.vertex_colors if part.vertex_colors is not None else one
                for part, one in zip(parts, ones, strict=True)
            ]
        ),
        hull=hull_points(mesh.vertices),
    )


def place_body(thing: SceneObject, body: Body, T_cam_world: Matrix4, scene: Scene) -> PlacedBody:
    """Moves a body into the camera's frame."""
    T_cam_object = T_cam_world @ thing.T_world_object
    vertices_cam = transform_points(T_cam_object, body.vertices.astype(np.float64) * thing.scale)
    window = object_window(transform_points(T_cam_object, body.hull * thing.scale), scene)
    return PlacedBody(
        thing=thing,
        body=body,
        R_cam_object=T_cam_object[:3, :3],
        vertices_cam=vertices_cam.astype(np.float32),
        window=window,
    )
