"""Meshes, pictures and environments made by hand, and a scene builder, so that renderers are tested on their own."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from meshsight.core.camera import Camera
from meshsight.core.errors import MeshsightError
from meshsight.core.pose import make_pose
from meshsight.records.mesh import Material, Mesh, MeshPart
from meshsight.records.scene import (
    Environment,
    MaterialOverride,
    PlainBackground,
    Scene,
    SceneObject,
    SensorDraw,
)
from meshsight.render.base import RENDERER_KINDS, Renderer, open_renderer

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
QUARTERS = np.array([[RED, GREEN], [BLUE, WHITE]], dtype=np.uint8).repeat(32, 0).repeat(32, 1)
"""A picture whose quarters are red and green above, blue and white below."""

BLACK = PlainBackground(color=(0.0, 0.0, 0.0))


def mesh_of(
    name: str, vertices, faces, *, normals=None, uv=None, colors=None, material: Material | None = None
) -> Mesh:
    """One part; normals point along z where none are given."""
    vertices = np.asarray(vertices, dtype=np.float32)
    if normals is None:
        normals = np.tile([0.0, 0.0, 1.0], (len(vertices), 1))
    part = MeshPart(
        vertices=vertices,
        faces=np.asarray(faces, dtype=np.int32),
        normals=np.asarray(normals, dtype=np.float32),
        uv=None if uv is None else np.asarray(uv, dtype=np.float32),
        vertex_colors=None if colors is None else np.asarray(colors, dtype=np.float32),
        material=material or Material(),
    )
    return Mesh(name=name, fingerprint=name, parts=(part,))


def from_trimesh(name: str, shape: trimesh.Trimesh, material: Material | None = None) -> Mesh:
    return mesh_of(name, shape.vertices, shape.faces, normals=np.array(shape.vertex_normals), material=material)


def square(name: str, material: Material, *, has_uv: bool = True, colors=None) -> Mesh:
    """The square [-1, 1]^2 in the xy plane, facing +z, with uv (0, 0) at (-1, -1)."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=np.float32)
    uv = (corners[:, :2] + 1) / 2 if has_uv else None
    return mesh_of(name, corners, [[0, 1, 2], [0, 2, 3]], uv=uv, colors=colors, material=material)


def spot(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    """A black environment with one bright patch of about six degrees."""
    radiance = np.zeros((64, 128, 3), dtype=np.float32)
    column = int(azimuth_deg / 360 * 128) % 128
    row = int((90 - elevation_deg) / 180 * 64)
    radiance[row - 1 : row + 1, [column - 1, column]] = 50.0
    return radiance


def half_bright(axis: int) -> np.ndarray:
    """Light only from the half space where one coordinate is positive."""
    polar = (np.arange(64) + 0.5) * np.pi / 64
    azimuth = (np.arange(128) + 0.5) * 2 * np.pi / 128
    direction = np.stack(
        [
            np.outer(np.sin(polar), np.cos(azimuth)),
            np.outer(np.sin(polar), np.sin(azimuth)),
            np.outer(np.cos(polar), np.ones(128)),
        ]
    )
    return np.repeat((direction[axis] > 0)[..., None].astype(np.float32), 3, axis=2)


class Handmade:
    """An `AssetSource` of a few fixed things; more can be put in."""

    def __init__(self) -> None:
        ball = trimesh.creation.icosphere(subdivisions=5, radius=1.0)
        cube = trimesh.creation.box((1.0, 1.0, 1.0))
        cube.unmerge_vertices()
        knot = trimesh.creation.torus(0.6, 0.25, major_sections=48, minor_sections=24)
        open_box = trimesh.creation.box((1.0, 0.7, 0.5))
        open_box.update_faces(np.arange(len(open_box.faces)) > 1)
        white = Material(base_color=(1.0, 1.0, 1.0), roughness=1.0)
        pictured = replace(white, base_color_texture=QUARTERS)
        self.meshes = {
            "ball": from_trimesh("ball", ball, white),
            "cube": from_trimesh("cube", cube),
            "knot": from_trimesh("knot", knot),
            "open": from_trimesh("open", open_box),
            "square": square("square", white),
            "half_gray": square("half_gray", replace(white, base_color=(0.5, 0.5, 0.5))),
            "half_painted": square("half_painted", white, colors=np.full((4, 3), 0.5)),
            "glowing": square("glowing", replace(white, emissive=(0.2, 0.1, 0.0))),
            "pictured": square("pictured", pictured),
            "bare": square("bare", white, has_uv=False),
            "triangle": mesh_of("triangle", [[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]),
        }
        self.images = {"quarters": QUARTERS}
        self.environments = {
            "white": np.ones((64, 128, 3), dtype=np.float32),
            "black": np.zeros((64, 128, 3), dtype=np.float32),
            "from_y": half_bright(1),
            "spot_x": spot(0.0, 0.0),
            "spot_left_and_up": spot(20.0, 20.0),
        }

    def mesh(self, ref: str) -> Mesh:
        return self.meshes[ref]

    def image_size_hw(self, ref: str) -> tuple[int, int]:
        return self.images[ref].shape[0], self.images[ref].shape[1]

    def image(self, ref: str, at_least_hw: tuple[int, int] | None = None) -> np.ndarray:
        return self.images[ref]

    def environment(self, ref: str) -> np.ndarray:
        return self.environments[ref]


def thing(
    instance_id: int, mesh: str, at, *, rotation=None, scale=1.0, class_id: int | None = 0, **material
) -> SceneObject:
    """An object at a place of the world, with changes to its material."""
    pose = make_pose(np.eye(3) if rotation is None else rotation, np.asarray(at, dtype=np.float64))
    return SceneObject(
        instance_id=instance_id,
        mesh=mesh,
        class_id=class_id,
        T_world_object=pose,
        scale=scale,
        material=MaterialOverride(**material),
    )


def scene_of(*objects: SceneObject, camera: Camera | None = None, **changes) -> Scene:
    """A scene seen from the origin along +z with y down (the world is the camera's frame), in white light."""
    plain = Scene(
        frame=0,
        camera=camera or Camera(fx=100.0, fy=100.0, cx=48.0, cy=32.0, size_hw=(64, 96)),
        T_world_cam=np.eye(4),
        objects=objects,
        ground=None,
        environment=Environment(ref="white", strength=1.0, rotation_rad=0.0),
        suns=(),
        point_lights=(),
        background=BLACK,
        sensor=SensorDraw(),
        origins={},
    )
    return replace(plain, **changes)


def kinds() -> list:
    """Every renderer, as parameters of a fixture; those that draw with OpenGL are marked."""
    drawn_by_gl = ("raster", "composite")
    return [pytest.param(kind, marks=[pytest.mark.gl] if kind in drawn_by_gl else []) for kind in RENDERER_KINDS.names]


def try_open(kind: str, assets: Handmade, **settings) -> Renderer | str:
    """Opens a renderer, or says why it cannot be had here."""
    try:
        return open_renderer(RENDERER_KINDS.module(kind).Spec(**settings), assets)
    except MeshsightError as error:
        return str(error)
