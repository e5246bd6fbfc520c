"""Builds the `raster` renderer: the passes of one frame, in order.

Shadow maps, then the picture (surfaces first, then the light on them), then ids and depth, then silhouettes.
"""

from typing import ClassVar

from meshsight.core.pose import Matrix4, invert_pose
from meshsight.records.frame import Frame
from meshsight.records.scene import AssetSource, Scene
from meshsight.render.base import Renderer
from meshsight.render.cache import ResourceCache
from meshsight.render.features import Feature
from meshsight.render.gl.context import check_size, create_context, renderer_name
from meshsight.render.gl.environment import EnvironmentMaps
from meshsight.render.gl.frame_block import MAX_SUNS, SIZES, FrameBlock, check_lights
from meshsight.render.gl.geometry import MeshGeometry
from meshsight.render.gl.ground import ground_geometry, place_ground
from meshsight.render.gl.labels import LabelPass
from meshsight.render.gl.lens_labels import LensLabelPass
from meshsight.render.gl.placed import Placed, place_object
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


class RasterRenderer(Renderer):
    """Draws with OpenGL 3.3."""

    draws: ClassVar[frozenset[Feature]] = frozenset({"lens"})

    def __init__(self, spec: Spec, assets: AssetSource) -> None:
        self._context = create_context()
        # With image rows running downwards, outside faces turn clockwise in OpenGL's own window coordinates.
        self._context.front_face = "cw"
        self._assets = assets
        self._programs = Programs(self._context, SIZES)
        self._meshes: ResourceCache[MeshGeometry] = ResourceCache(spec.cache_mb * 2**20)
        is_supersampled = spec.samples > 1
        self._textures = Textures(
            self._context, spec.anisotropy, spec.cache_mb * 2**20, is_supersampled=is_supersampled
        )
        self._block = FrameBlock(self._context)
        self._environment = EnvironmentMaps(self._context)
        self._shadows = ShadowMaps(self._context, self._programs, spec.shadow_map_size, MAX_SUNS)
        per_side = 2 if is_supersampled else 1
        self._surfaces = SurfacePass(self._context, self._programs, self._textures, per_side)
        # Behind a lens a picture without antialiasing takes the nearest of several samples, not one up to a pixel away.
        wide_per_side = 2 if is_supersampled else 4
        self._wide_surfaces = SurfacePass(self._context, self._programs, self._textures, wide_per_side)
        self._shading = ShadingPass(self._context, self._programs, per_side)
        self._labels = LabelPass(self._context, self._programs)
        self._lens_labels = LensLabelPass(self._context, self._programs)
        self._ground = ground_geometry(self._context)

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
        drawn = camera if camera.lens is None else wide_camera(camera)
        check_size(self._context, drawn.size_hw)
        T_cam_world = invert_pose(scene.T_world_cam)
        placed = self._place(scene, T_cam_world)
        ground = None if scene.ground is None else place_ground(self._ground, scene.ground, T_cam_world, self._assets)
        self._shadows.draw(scene, placed)
        forms = self._environment.load(self._assets.environment(scene.environment.ref))
        self._block.fill(scene, drawn, T_cam_world, forms, self._shadows)
        seen = [item for item in placed if item.window.touches_image(camera.size_hw)]
        surface_pass = self._surfaces if camera.lens is None else self._wide_surfaces
        surfaces = surface_pass.draw(drawn.size_hw, seen, ground, self._assets)
        rgb = self._shading.draw(scene, surfaces, self._environment, self._shadows, self._assets)
        labelled = [item for item in placed if item.thing.class_id is not None]
        if camera.lens is None:
            instance_ids, depth_m = self._labels.draw_labels(camera.size_hw, seen, ground)
            silhouettes = self._labels.draw_silhouettes(camera.size_hw, labelled, instance_ids)
        else:
            instance_ids, depth_m = self._lens_labels.draw_labels(scene, seen, ground)
            silhouettes = self._lens_labels.draw_silhouettes(scene, labelled, instance_ids)
        return Frame(rgb=rgb, depth_m=depth_m, instance_id=instance_ids, silhouettes=silhouettes)

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
                self._ground,
            ):
                part.release()
            self._programs.release()
        self._context.release()
