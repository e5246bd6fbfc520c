"""A mesh at a scale, and where it was put: an oriented box inside a sphere."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Matrix3, Matrix4, Vector3, make_pose
from meshsight.synthesis.geometry import Geometry


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """A mesh at a scale, not yet placed.

    Attributes:
        geometry: of the unscaled mesh.
        scale: factor on it.
    """

    geometry: Geometry
    scale: float

    @property
    def radius(self) -> float:
        """Radius of the bounding sphere in metres."""
        return self.geometry.radius * self.scale

    @property
    def center(self) -> Vector3:
        """Middle of the bounding sphere in the object's frame, after the scale."""
        return self.geometry.center * self.scale

    def pose_at(self, center_world: Vector3, rotation: Matrix3) -> Matrix4:
        """Returns the pose with a rotation whose bounding sphere has its middle at a point of the world."""
        return make_pose(rotation, center_world - rotation @ self.center)


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacedBody:
    """A body in the world.

    Attributes:
        body: the mesh at its scale.
        T_world_object: rigid pose.
    """

    body: Body
    T_world_object: Matrix4

    @cached_property
    def center(self) -> Vector3:
        """Middle of the box and of the bounding sphere, in the world."""
        return self.T_world_object[:3, :3] @ self.body.center + self.T_world_object[:3, 3]

    @property
    def axes(self) -> Matrix3:
        """The box's axes as columns, in the world."""
        return self.T_world_object[:3, :3]

    @property
    def half_size(self) -> Vector3:
        """Half the sides of the box along `axes`."""
        return self.body.geometry.half_size * self.body.scale

    @property
    def radius(self) -> float:
        """Radius of the bounding sphere."""
        return self.body.radius

    def hull_points(self, T_frame_world: Matrix4) -> Float[np.ndarray, "k 3"]:
        """Returns the points of the convex hull in another frame, such as the camera's."""
        pose = T_frame_world @ self.T_world_object
        return self.body.geometry.hull_points @ (pose[:3, :3].T * self.body.scale) + pose[:3, 3]
