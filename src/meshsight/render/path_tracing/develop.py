"""From the light that Cycles returns to the picture, by the same tone curve and over the same background as elsewhere.

The coverage of an edge is mixed after encoding, as the rasteriser does, so that edges look alike; what a lens or a
movement blurs is mixed in light, as the rasteriser's mean of sharp pictures is. Shapes: h, w the image.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int

from meshsight.core.images import RgbImage
from meshsight.records.scene import AssetSource, Scene
from meshsight.render.backdrop import draw_backdrop
from meshsight.render.blur import is_blurred
from meshsight.render.sky import draw_sky
from meshsight.render.tone import decode_srgb, encode_srgb, gains, to_image, tone_curve

_LEAST_COVER = np.float32(1e-4)

Cover = Float32[np.ndarray, "n 1"]
Colors = Float32[np.ndarray, "n 3"]


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
    """Returns the picture; only pixels with something in them are computed, in 32 bits, which is enough for 8."""
    picture = _behind(scene, assets)
    seen = np.flatnonzero(traced.light[..., 3].ravel() > 0)
    cover = np.minimum(_at(traced.light[..., 3], seen), np.float32(1))[:, None]
    lit_cover = cover
    if traced.flat_cover is not None:
        lit_cover = np.maximum(cover - _at(traced.flat_cover, seen)[:, None], np.float32(0))
    light = np.maximum(traced.light.reshape(-1, 4)[seen, :3], np.float32(0))
    light *= gains(scene.sensor).astype(np.float32) / np.maximum(lit_cover, _LEAST_COVER)
    pixels = picture.reshape(-1, 3)
    layers = [(lit_cover, encode_srgb(tone_curve(light))), (1 - cover, pixels[seen] / np.float32(255))]
    if traced.flat is not None and traced.flat_cover is not None:
        flat_cover = _at(traced.flat_cover, seen)[:, None]
        layers.append((flat_cover, traced.flat.reshape(-1, 3)[seen] / np.maximum(flat_cover, _LEAST_COVER)))
    pixels[seen] = to_image(_mixed(layers, in_light=is_blurred(scene)))
    return picture


def _mixed(layers: list[tuple[Cover, Colors]], *, in_light: bool) -> Colors:
    """Returns encoded colours, each times its cover, added up as they are or in light."""
    total = np.zeros_like(layers[0][1])
    for cover, color in layers:
        total += cover * (decode_srgb(color) if in_light else color)
    return encode_srgb(total) if in_light else total


def _at(values: Float32[np.ndarray, "h w"], where: Int[np.ndarray, " n"]) -> Float32[np.ndarray, " n"]:
    return values.ravel()[where]


def _behind(scene: Scene, assets: AssetSource) -> RgbImage:
    backdrop = draw_backdrop(scene, assets)
    return to_image(draw_sky(scene, assets)) if backdrop is None else backdrop.copy()
