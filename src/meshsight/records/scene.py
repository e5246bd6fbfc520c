"""Steps 1 and 2 of the walk: a Scene is a receipt of numbers that any renderer can draw, any day.

Meshes, pictures and environments are named by references (`builtin:mug`, `parts/mug.glb`, `texture:checker/17`),
which an `AssetSource` turns into arrays. All poses are rigid; scale is separate and uniform.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, UInt8

from meshsight.core.camera import Camera
from meshsight.core.pose import Matrix4
from meshsight.records.mesh import Mesh

Rgb = tuple[float, float, float]
Blending: TypeAlias = Literal["alpha", "feather", "match", "poisson"]


@runtime_checkable
class AssetSource(Protocol):
    """Turns references into arrays, and keeps them loaded."""

    def mesh(self, ref: str) -> Mesh:
        """Returns a mesh in metres, z up."""
        ...

    def image(self, ref: str, at_least_hw: tuple[int, int] | None = None) -> UInt8[np.ndarray, "h w 3"]:
        """Returns an sRGB picture: a background photograph or a surface texture.

        With `at_least_hw` it may be reduced as long as it stays this large; equal arguments give equal pictures.
        """
        ...

    def image_size_hw(self, ref: str) -> tuple[int, int]:
        """Returns the size of the whole picture."""
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
        color: linear RGB that replaces base colour and base colour texture; vertex colours still multiply it.
        texture: reference of a picture that replaces the base colour texture (by uv, or by box projection without uv).
        emissive: a flat linear RGB that replaces all shading (used to prove that picture and label agree).
        glow: linear RGB radiance that is added to the shading, instead of what the material emits by itself.
        glow_texture: reference of a picture that `glow` is multiplied by, mapped as `texture` is.
        hue_shift_rad, saturation: turn of the hue, and factor on the saturation (HSV of the linear RGB), of what base
            colour, texture, vertex colours and tint come to.
    """

    tint: Rgb = (1.0, 1.0, 1.0)
    metallic: float | None = None
    roughness: float | None = None
    color: Rgb | None = None
    texture: str | None = None
    emissive: Rgb | None = None
    glow: Rgb | None = None
    glow_texture: str | None = None
    hue_shift_rad: float = 0.0
    saturation: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartMaterial:
    """What a scene changes of one part of a mesh, instead of the object's own override.

    Attributes:
        part: index in the mesh's `parts`.
        material: the changes.
    """

    part: int
    material: MaterialOverride


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Motion:
    """How something moves while the shutter is open; a scene's poses are those of its middle.

    Attributes:
        velocity: metres a second, in the world.
        spin: rotation vector in radians a second, in the world, about the origin of what moves.
    """

    velocity: Float[np.ndarray, "3"]
    spin: Float[np.ndarray, "3"]


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
        part_materials: changes of single parts, which take the place of `material` there.
        motion: how it moves while the shutter is open; None rests.
        T_cam_taken: for a renderer of sprites, where the object stood in the camera when its picture was taken, in the
            light of the scene; it may have been turned about the camera's centre since. None: where it stands.
    """

    instance_id: int
    mesh: str
    class_id: int | None
    T_world_object: Matrix4
    scale: float = 1.0
    material: MaterialOverride = MaterialOverride()
    part_materials: tuple[PartMaterial, ...] = ()
    motion: Motion | None = None
    T_cam_taken: Matrix4 | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """A square floor around the world's origin; it receives shadows, hides what is under it, and has id 0.

    Attributes:
        z_m, half_size_m: height and half the side.
        tint, roughness, metallic: linear RGB factor, and a metallic-roughness material's numbers.
        texture: reference of a picture, repeated every `tile_m` metres; None for the plain tint.
        glow: linear RGB radiance that is added to the shading.
        glow_texture: reference of a picture that `glow` is multiplied by, repeated as `texture` is.
    """

    z_m: float
    half_size_m: float
    tint: Rgb
    roughness: float
    texture: str | None
    tile_m: float = 1.0
    metallic: float = 0.0
    glow: Rgb = (0.0, 0.0, 0.0)
    glow_texture: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wall:
    """A rectangle of a room: a wall, its floor or its ceiling; seen from both sides, with id 0.

    Like the ground it hides what is behind it and receives shadows, but casts none: light passes through it.

    Attributes:
        T_world_wall: its middle, with x along its width, y along its height and z out of it into the room.
        size_m: width and height.
        tint, roughness, metallic: linear RGB factor, and a metallic-roughness material's numbers.
        texture: reference of a picture, repeated every `tile_m` metres from the middle; None for the plain tint.
        glow: linear RGB radiance that is added to the shading.
        glow_texture: reference of a picture that `glow` is multiplied by, repeated as `texture` is.
    """

    T_world_wall: Matrix4
    size_m: tuple[float, float]
    tint: Rgb
    roughness: float
    texture: str | None
    tile_m: float = 1.0
    metallic: float = 0.0
    glow: Rgb = (0.0, 0.0, 0.0)
    glow_texture: str | None = None


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
class SpotLight:
    """A small light that shines into a cone.

    On a surface that faces it at a distance d and an angle a off its axis the irradiance is `intensity` / d^2 times
    s(t) = 3 t^2 - 2 t^3, where t = (cos a - cos h) / ((1 - cos h) blend), cut to 0..1, and h is half the cone's angle.

    Attributes:
        position: in the world.
        direction: unit vector of the world from the light into the scene.
        intensity: linear RGB along the axis.
        cone_rad: the cone's whole angle, up to pi.
        blend: 0 a hard edge, 1 a light that fades from the axis on.
        casts_shadow: whether objects, ground and walls receive its shadow.
    """

    position: Float[np.ndarray, "3"]
    direction: Float[np.ndarray, "3"]
    intensity: Rgb
    cone_rad: float
    blend: float = 0.15
    casts_shadow: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AreaLight:
    """A flat light that shines to one side, equally bright from everywhere (Lambert); the camera does not see it.

    Attributes:
        T_world_light: its middle, with x and y along its sides and z the way that it shines.
        shape: a rectangle, or the ellipse in it.
        size_m: sides along x and y.
        radiance: linear RGB; the power is pi times radiance times area.
        casts_shadow: whether objects, ground and walls receive its shadow.
    """

    T_world_light: Matrix4
    shape: Literal["rectangle", "disk"]
    size_m: tuple[float, float]
    radiance: Rgb
    casts_shadow: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Focus:
    """Depth of field of a thin lens; labels are those of the pinhole in its middle.

    Attributes:
        aperture_m: diameter of the lens's opening: focal length over f-number.
        distance_m: planar depth that is sharp.
    """

    aperture_m: float
    distance_m: float


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
        quarter_turns: by how many right angles the picture is turned first, counter-clockwise.
        crop: xyxy in 0..1 of the turned picture, stretched over the image.
        rotation_deg: turn of the crop about its middle, counter-clockwise in the image.
        is_flipped: mirrored left to right, last.
    """

    ref: str
    quarter_turns: int = 0
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    rotation_deg: float = 0.0
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
        salt: probability with which each channel of each pixel is struck and becomes white.
        blur_sigma_px: Gaussian blur.
        blur_kernel_px: odd side of the Gaussian's kernel; 0 takes one that leaves nothing out.
        motion_px: how far a point smears to either side, in whole pixels.
        motion_angle_deg: the way that it smears: 0 along the rows, 90 along the columns, clockwise.
        shot_noise: variance per unit of signal (0..1 sRGB-decoded light).
        read_noise: standard deviation in 0..1.
        black_level, black_std: mean and standard deviation of what is added to each encoded value, in steps of 1/255.
        bits: of the analogue-to-digital converter; there are 2^bits levels from `baseline` to white.
        baseline: the lowest encoded value there is, 0..254.
        jpeg_quality: 1..100, or None for no compression.
        seed: key of the noise.
    """

    exposure_ev: float = 0.0
    white_balance: Rgb = (1.0, 1.0, 1.0)
    salt: float = 0.0
    blur_sigma_px: float = 0.0
    blur_kernel_px: int = 0
    motion_px: int = 0
    motion_angle_deg: float = 0.0
    shot_noise: float = 0.0
    read_noise: float = 0.0
    black_level: float = 0.0
    black_std: float = 0.0
    bits: int = 8
    baseline: int = 0
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
        walls: those of a room, with its floor and ceiling.
        focus: depth of field; None is a pinhole, sharp everywhere.
        shutter_s: how long the shutter is open; what has a motion is blurred along it.
        camera_motion: how the camera moves meanwhile; None rests.
        blending: how a renderer of sprites puts them over the background; the labels are the same for all.
        layout: the frame whose layout this one shares, with another blending; None for a layout of its own.
        world: the world that this frame is a moment or another view of; None for a world of its own.
        bundle: name of the recipe's bundle of settings that was taken, if it has any.
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
    walls: tuple[Wall, ...] = ()
    spot_lights: tuple[SpotLight, ...] = ()
    area_lights: tuple[AreaLight, ...] = ()
    focus: Focus | None = None
    shutter_s: float = 0.0
    camera_motion: Motion | None = None
    blending: Blending = "alpha"
    layout: int | None = None
    world: int | None = None
    bundle: str | None = None
    origins: dict[str, str]
