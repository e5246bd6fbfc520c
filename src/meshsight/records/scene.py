"""Steps 1 and 2 of the walk: a Scene is a receipt of numbers that any renderer can draw, any day.

Meshes, pictures and environments are named by references (`builtin:mug`, `parts/mug.glb`, `texture:checker/17`),
which an `AssetSource` turns into arrays. All poses are rigid; scale is separate and uniform.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, UInt8

from meshsight.core.camera import Camera
from meshsight.core.pose import Matrix4
from meshsight.records.mesh import Mesh

Rgb = tuple[float, float, float]


@runtime_checkable
class AssetSource(Protocol):
    """Turns references into arrays, and keeps them loaded."""

    def mesh(self, ref: str) -> Mesh:
        """Returns a mesh in metres, z up."""
        ...

    def image(self, ref: str) -> UInt8[np.ndarray, "h w 3"]:
        """Returns an sRGB picture: a background photograph or a surface texture."""
        ...

    def environment(self, ref: str) -> Float32[np.ndarray, "h w 3"]:
        """Returns linear radiance, equirectangular, w = 2h.

        Row 0 is up (+z), column 0 looks along +x, and columns turn towards +y.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaterialOverride:
    """What a scene changes of an object's own materials; None leaves the material's value.

    Attributes:
        tint: linear RGB factor on the base colour.
        metallic, roughness: replace the factor, and any metallic-roughness texture.
        texture: reference of a picture that replaces the base colour texture (by uv, or by box projection without uv).
        emissive: a flat linear RGB that replaces all shading (used to prove that picture and label agree).
    """

    tint: Rgb = (1.0, 1.0, 1.0)
    metallic: float | None = None
    roughness: float | None = None
    texture: str | None = None
    emissive: Rgb | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneObject:
    """One mesh in the scene.

    Attributes:
        instance_id: from 1, unique in the scene; what the id pass draws.
        mesh: reference of the mesh.
        class_id: from 0; None for a distractor, which is drawn and hides others but is never labelled.
        T_world_object: rigid pose.
        scale: uniform factor on the mesh's vertices, applied before the pose.
        material: changes to the mesh's own materials.
    """

    instance_id: int
    mesh: str
    class_id: int | None
    T_world_object: Matrix4
    scale: float = 1.0
    material: MaterialOverride = MaterialOverride()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """A square floor around the world's origin; it receives shadows, hides what is under it, and has id 0.

    Attributes:
        z_m, half_size_m: height and half the side.
        tint, roughness: linear RGB factor, and perceptual roughness of a dielectric.
        texture: reference of a picture, repeated every `tile_m` metres; None for the plain tint.
    """

    z_m: float
    half_size_m: float
    tint: Rgb
    roughness: float
    texture: str | None
    tile_m: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sun:
    """A distant light.

    Attributes:
        direction: unit vector of the world from the scene towards the light.
        irradiance: linear RGB on a surface that faces it.
        casts_shadow: whether objects and ground receive its shadow.
    """

    direction: Float[np.ndarray, "3"]
    irradiance: Rgb
    casts_shadow: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PointLight:
    """A small light without shadow: irradiance at distance d is `intensity` / d^2."""

    position: Float[np.ndarray, "3"]
    intensity: Rgb


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Environment:
    """Light from all directions.

    Attributes:
        ref: reference of the equirectangular map.
        strength: factor on its radiance.
        rotation_rad: turn of the map about the world's z, counter-clockwise seen from above.
    """

    ref: str
    strength: float
    rotation_rad: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BackgroundPicture:
    """A picture behind everything.

    Attributes:
        ref: reference of the picture.
        crop: xyxy in 0..1 of the picture, stretched over the image.
        is_flipped: mirrored left to right.
    """

    ref: str
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    is_flipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlainBackground:
    """One sRGB colour in 0..1 behind everything."""

    color: Rgb


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SensorDraw:
    """What the sensor does to one frame, in this order; the neutral value of each leaves the image as it is.

    Attributes:
        exposure_ev: stops, applied to linear light before tone mapping (so by the renderer, in float).
        white_balance: linear RGB gains, applied with the exposure.
        blur_sigma_px: Gaussian blur.
        shot_noise: variance per unit of signal (0..1 sRGB-decoded light).
        read_noise: standard deviation in 0..1.
        jpeg_quality: 1..100, or None for no compression.
        seed: key of the noise.
    """

    exposure_ev: float = 0.0
    white_balance: Rgb = (1.0, 1.0, 1.0)
    blur_sigma_px: float = 0.0
    shot_noise: float = 0.0
    read_noise: float = 0.0
    jpeg_quality: int | None = None
    seed: int = 0


Background = BackgroundPicture | PlainBackground | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Everything a renderer needs for one frame, as numbers and references.

    Attributes:
        frame: index in its data set.
        camera, T_world_cam: intrinsics and pose (OpenCV axes).
        near_m, far_m: clip planes.
        background: None shows the environment.
        origins: for every sampled value its path in this scene and the randomiser (and distribution) that drew it.
    """

    frame: int
    camera: Camera
    T_world_cam: Matrix4
    objects: tuple[SceneObject, ...]
    ground: Ground | None
    environment: Environment
    suns: tuple[Sun, ...]
    point_lights: tuple[PointLight, ...]
    background: Background
    sensor: SensorDraw
    near_m: float = 0.01
    far_m: float = 100.0
    origins: dict[str, str]
