"""Builds the `raster` renderer: the passes of one frame, in order.

Shadow maps, then the picture (surfaces first, then the light on them), then ids and depth, then silhouettes.
"""

from dataclasses import dataclass
from typing import ClassVar, get_args

from meshsight.core.camera import Camera
from meshsight.core.errors import RenderError
from meshsight.core.images import RgbImage
from meshsight.core.pose import Matrix4, invert_pose
from meshsight.records.frame import Frame
from meshsight.records.scene import AssetSource, Scene
from meshsight.render.base import Renderer
from meshsight.render.blur import is_blurred, mean_picture, sharp_scenes
from meshsight.render.cache import ResourceCache
from meshsight.render.features import Feature
from meshsight.render.gl.context import check_size, create_context, renderer_name
from meshsight.render.gl.environment import EnvironmentMaps
from meshsight.render.gl.frame_block import MAX_SUNS, SIZES, FrameBlock, check_lights
from meshsight.render.gl.geometry import MeshGeometry
from meshsight.render.gl.labels import LabelPass
from meshsight.render.gl.lamp_block import LAMP_SIZES, LampBlock, lamps_of_frame
from meshsight.render.gl.lamp_shadows import LampShadows
from meshsight.render.gl.lens_labels import LensLabelPass
from meshsight.render.gl.placed import Placed, place_object
from meshsight.render.gl.planes import PlacedPlane, place_planes, plane_geometry
from meshsight.render.gl.programs import Programs
from meshsight.render.gl.shading import ShadingPass
from meshsight.render.gl.shadow import ShadowMaps
from meshsight.render.gl.surfaces import SurfacePass
from meshsight.render.gl.textures import Textures
from meshsight.render.renderers.raster import Spec
from meshsight.render.wide import wide_camera


def build(spec: Spec, assets: AssetSource) -> Renderer:
    """Opens an OpenGL context and prepares the passes.

    Raises:
        RenderError: there is no OpenGL.
    """
    return RasterRenderer(spec, assets)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ready:
    """A scene whose shadow maps are drawn and whose blocks are filled.

    Attributes:
        drawn: the pinhole camera that the triangles are drawn with.
        placed, seen: all objects, and those that touch the image.
        planes: ground and walls.
        has_lamps: whether there are spot, area or many point lights.
    """

    drawn: Camera
    placed: list[Placed]
    seen: list[Placed]
    planes: list[PlacedPlane]
    has_lamps: bool


class RasterRenderer(Renderer):
    """Draws with OpenGL 3.3."""

    draws: ClassVar[frozenset[Feature]] = frozenset(get_args(Feature))

    def __init__(self, spec: Spec, assets: AssetSource) -> None:
        self._context = create_context()
        # With image rows running downwards, outside faces turn clockwise in OpenGL's own window coordinates.
        self._context.front_face = "cw"
        self._assets = assets
        self._programs = Programs(self._context, (*SIZES, *LAMP_SIZES))
        self._meshes: ResourceCache[MeshGeometry] = ResourceCache(spec.cache_mb * 2**20)
        is_supersampled = spec.samples > 1
        self._textures = Textures(
            self._context, spec.anisotropy, spec.cache_mb * 2**20, is_supersampled=is_supersampled
        )
        self._block = FrameBlock(self._context)
        self._environment = EnvironmentMaps(self._context)
        self._shadows = ShadowMaps(self._context, self._programs, spec.shadow_map_size, MAX_SUNS)
        self._lamp_shadows = LampShadows(self._context, self._programs, spec.shadow_map_size)
        self._lamp_block = LampBlock(self._context)
        self._area_cells = spec.area_cells
        self._blur_samples = spec.blur_samples
        per_side = 2 if is_supersampled else 1
        self._surfaces = SurfacePass(self._context, self._programs, self._textures, per_side)
        # Behind a lens a picture without antialiasing takes the nearest of several samples, not one up to a pixel away.
        wide_per_side = 2 if is_supersampled else 4
        self._wide_surfaces = SurfacePass(self._context, self._programs, self._textures, wide_per_side)
        self._shading = ShadingPass(self._context, self._programs, per_side)
        self._labels = LabelPass(self._context, self._programs)
        self._lens_labels = LensLabelPass(self._context, self._programs)
        self._plane = plane_geometry(self._context)

    @property
    def description(self) -> str:
        """The name of the OpenGL renderer."""
        return renderer_name(self._context)

    def draw(self, scene: Scene) -> Frame:
        """Draws all passes of one frame."""
        with self._context:
            frame = self._draw_passes(scene)
            self._meshes.trim()
            self._textures.trim()
        return frame

    def _draw_passes(self, scene: Scene) -> Frame:
        check_lights(scene)
        camera = scene.camera
        if is_blurred(scene):
            _check_blur(scene)
            rgb = mean_picture(self._sharp_picture(sharp) for sharp in sharp_scenes(scene, self._blur_samples))
            ready = self._prepare(scene)
        else:
            ready = self._prepare(scene)
            rgb = self._picture(scene, ready)
        labelled = [item for item in ready.placed if item.thing.class_id is not None]
        if camera.lens is None:
            instance_ids, depth_m = self._labels.draw_labels(camera.size_hw, ready.seen, ready.planes)
            silhouettes = self._labels.draw_silhouettes(camera.size_hw, labelled, instance_ids)
        else:
            instance_ids, depth_m = self._lens_labels.draw_labels(scene, ready.seen, ready.planes)
            silhouettes = self._lens_labels.draw_silhouettes(scene, labelled, instance_ids)
        return Frame(rgb=rgb, depth_m=depth_m, instance_id=instance_ids, silhouettes=silhouettes)

    def _prepare(self, scene: Scene) -> "_Ready":
        """Places everything, draws the shadow maps, and fills the blocks that all programs read."""
        camera = scene.camera
        drawn = camera if camera.lens is None else wide_camera(camera)
        check_size(self._context, drawn.size_hw)
        T_cam_world = invert_pose(scene.T_world_cam)
        placed = self._place(scene, T_cam_world)
        lamps = lamps_of_frame(scene, self._area_cells)
        self._shadows.draw(scene, placed)
        self._lamp_shadows.draw(scene, placed)
        forms = self._environment.load(self._assets.environment(scene.environment.ref))
        self._block.fill(scene, drawn, T_cam_world, forms, self._shadows)
        if lamps:
            self._lamp_block.fill(scene, lamps, T_cam_world, self._lamp_shadows)
        return _Ready(
            drawn=drawn,
            placed=placed,
            seen=[item for item in placed if item.window.touches_image(camera.size_hw)],
            planes=place_planes(self._plane, scene, T_cam_world, self._assets),
            has_lamps=bool(lamps),
        )

    def _sharp_picture(self, scene: Scene) -> RgbImage:
        return self._picture(scene, self._prepare(scene))

    def _picture(self, scene: Scene, ready: "_Ready") -> RgbImage:
        surface_pass = self._surfaces if scene.camera.lens is None else self._wide_surfaces
        surfaces = surface_pass.draw(ready.drawn.size_hw, ready.seen, ready.planes, self._assets)
        shadows = (self._shadows, self._lamp_shadows)
        return self._shading.draw(scene, surfaces, self._environment, shadows, ready.has_lamps, self._assets)

    def _place(self, scene: Scene, T_cam_world: Matrix4) -> list[Placed]:
        return [place_object(thing, self._geometry(thing.mesh), T_cam_world, scene) for thing in scene.objects]

    def _geometry(self, ref: str) -> MeshGeometry:
        mesh = self._assets.mesh(ref)
        return self._meshes.fetch(mesh.fingerprint, lambda: MeshGeometry(self._context, mesh))

    def close(self) -> None:
        """Frees everything on the GPU and the context."""
        with self._context:
            self._meshes.clear()
            self._textures.release()
            for part in (
                self._labels,
                self._lens_labels,
                self._wide_surfaces,
                self._shading,
                self._surfaces,
                self._shadows,
                self._environment,
                self._block,
                self._lamp_shadows,
                self._lamp_block,
                self._plane,
            ):
                part.release()
            self._programs.release()
        self._context.release()


def _check_blur(scene: Scene) -> None:
    """Refuses depth of field behind a lens that bends: its principal point cannot be moved alone.

    Raises:
        RenderError: the scene has both.
    """
    if scene.focus is not None and scene.camera.lens is not None:
        raise RenderError(
            f"frame {scene.frame}: renderer 'raster' cannot draw depth of field through a lens that distorts; "
            "leave out `focus` or `camera.intrinsics.distortion`"
        )
