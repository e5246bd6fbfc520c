"""From the light that Cycles returns to the picture, by the same tone curve and over the same background as elsewhere.

Coverage is mixed after encoding, as the rasteriser does, so that edges look alike. Shapes: h, w the image.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from meshsight.core.images import RgbImage
from meshsight.records.scene import AssetSource, Scene
from meshsight.render.backdrop import draw_backdrop
from meshsight.render.sky import draw_sky
from meshsight.render.tone import encode_srgb, gains, to_image, tone_curve

_LEAST_COVER = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Light:
    """What was traced.

    Attributes:
        light: linear RGB times coverage, and coverage.
        flat: encoded RGB of flat colours times their coverage, or None where the scene has none.
        flat_cover: their coverage, a part of that in `light`.
    """

    light: Float32[np.ndarray, "h w 4"]
    flat: Float32[np.ndarray, "h w 3"] | None
    flat_cover: Float32[np.ndarray, "h w"] | None


def develop(traced: Light, scene: Scene, assets: AssetSource) -> RgbImage:
    """Returns the picture."""
    cover = np.clip(traced.light[..., 3:], 0.0, 1.0).astype(np.float64)
    lit_cover = cover if traced.flat_cover is None else np.maximum(cover - traced.flat_cover[..., None], 0.0)
    light = np.maximum(traced.light[..., :3], 0.0) / np.maximum(lit_cover, _LEAST_COVER)
    encoded = lit_cover * encode_srgb(tone_curve(light * gains(scene.sensor)))
    if traced.flat is not None:
        encoded += traced.flat
    if (cover < 1).any():
        encoded += (1.0 - cover) * _behind(scene, assets)
    return to_image(encoded)


def _behind(scene: Scene, assets: AssetSource) -> Float[np.ndarray, "h w 3"]:
    backdrop = draw_backdrop(scene, assets)
    return draw_sky(scene, assets) if backdrop is None else backdrop / 255.0
