"""Builds the `raycast` renderer: one ray through each pixel centre, by Embree.

Ids, depth and silhouettes are as exact as the rasteriser's and share no code with its drawing. The picture is simpler:
every surface is matt, so `metallic`, `roughness` and their textures change nothing; textures are read without mipmaps;
there is one sample a pixel; an area light is 16 small lamps, each with hard shadows. Depth of field and motion are
refused. Everything else of a scene is honoured.
"""

from typing import ClassVar

import numpy as np
from jaxtyping import Float

from meshsight.core.images import RgbImage
from meshsight.core.pose import invert_pose
from meshsight.records.frame import Frame
from meshsight.records.scene import AssetSource, Scene
from meshsight.render.backdrop import draw_backdrop
from meshsight.render.base import Renderer
from meshsight.render.cache import ResourceCache
from meshsight.render.features import Feature
from meshsight.render.planes import planes_of
from meshsight.render.rays.body import Body, PlacedBody, make_body, place_body
from meshsight.render.rays.lighting import light_looks
from meshsight.render.rays.looks import Looks, add_bodies, add_plane, no_looks
from meshsight.render.rays.silhouettes import trace_silhouettes
from meshsight.render.rays.tracing import Hits, Tracer, image_window, pixel_rays
from meshsight.render.renderers.raycast import Spec
from meshsight.render.sky import sky_along
from meshsight.render.tone import encode_srgb, gains, to_image, tone_curve

_CACHE_BYTES = 512 * 2**20


def build(spec: Spec, assets: AssetSource) -> Renderer:
    """Prepares the renderer; nothing is loaded before the first scene."""
    return RaycastRenderer(assets)


class RaycastRenderer(Renderer):
    """Draws with rays on the CPU."""

    draws: ClassVar[frozenset[Feature]] = frozenset(
        {"lens", "walls", "spot_lights", "area_lights", "glow", "part_materials"}
    )

    def __init__(self, assets: AssetSource) -> None:
        self._assets = assets
        self._bodies: ResourceCache[Body] = ResourceCache(_CACHE_BYTES)

    @property
    def description(self) -> str:
        """What draws."""
        return "raycast (Embree)"

    def draw(self, scene: Scene) -> Frame:
        """Traces one frame."""
        placed = self._place(scene)
        tracer = Tracer(placed)
        window = image_window(scene.camera)
        hits = tracer.first_hits(pixel_rays(scene.camera, window), scene.near_m, scene.far_m)
        looks = no_looks(len(hits.rays))
        add_bodies(looks, placed, hits, self._assets)
        depth = hits.depth_m
        ids = np.concatenate([[item.thing.instance_id for item in placed], [0]])[hits.body]
        for plane in planes_of(scene, self._assets):
            plane_depth = add_plane(looks, plane, scene, hits.rays, depth)
            ids = np.where(plane_depth < depth, 0, ids)
            depth = np.minimum(depth, plane_depth)
        depth = np.where(np.isfinite(depth), depth, 0.0)
        size_hw = scene.camera.size_hw
        instance_ids = ids.reshape(size_hw).astype(np.int32)
        return Frame(
            rgb=self._picture(scene, looks, hits, depth, tracer),
            depth_m=depth.reshape(size_hw).astype(np.float32),
            instance_id=instance_ids,
            silhouettes=trace_silhouettes(scene, placed, instance_ids),
        )

    def _place(self, scene: Scene) -> list[PlacedBody]:
        T_cam_world = invert_pose(scene.T_world_cam)
        placed = [place_body(thing, self._body(thing.mesh), T_cam_world, scene) for thing in scene.objects]
        self._bodies.trim()
        return placed

    def _body(self, ref: str) -> Body:
        mesh = self._assets.mesh(ref)
        return self._bodies.fetch(mesh.fingerprint, lambda: make_body(mesh))

    def _picture(
        self, scene: Scene, looks: Looks, hits: Hits, depth: Float[np.ndarray, " n"], tracer: Tracer
    ) -> RgbImage:
        radiance = self._assets.environment(scene.environment.ref)
        light = light_looks(scene, looks, hits.rays * depth[:, None], radiance, tracer)
        factor = gains(scene.sensor)
        encoded = encode_srgb(tone_curve(np.maximum(light * factor, 0.0)))
        encoded[looks.is_flat] = encode_srgb(looks.emitted[looks.is_flat])
        picture = to_image(encoded)
        backdrop = draw_backdrop(scene, self._assets)
        behind = ~looks.is_seen
        if backdrop is None:
            picture[behind] = to_image(sky_along(hits.rays[behind], scene, self._assets))
        else:
            picture[behind] = backdrop.reshape(-1, 3)[behind]
        return picture.reshape(*scene.camera.size_hw, 3)

    def close(self) -> None:
        """Forgets all meshes."""
        self._bodies.clear()
