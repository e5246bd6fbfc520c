"""Paint for the built-in objects: materials, and small textures drawn by code.

Colours are sRGB 0..255, as a paint chart gives them.
"""

from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import UInt8

from meshsight.assets.builtin.surface import Surface
from meshsight.assets.normals import split_at_creases
from meshsight.assets.procedural.noise import fractal_noise
from meshsight.assets.procedural.palette import shade
from meshsight.core.images import RgbImage
from meshsight.core.rng import stream
from meshsight.records.mesh import Material, MeshPart

Color = tuple[int, int, int]

_LINEAR = np.where(
    np.arange(256) / 255 <= 0.04045, np.arange(256) / 255 / 12.92, ((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4
)


def to_linear(color: Color) -> tuple[float, float, float]:
    """Returns an sRGB colour as linear RGB in 0..1 (IEC 61966-2-1)."""
    red, green, blue = (float(_LINEAR[channel]) for channel in color)
    return red, green, blue


def plain(color: Color, roughness: float = 0.5, metallic: float = 0.0) -> Material:
    """Returns a material of one colour."""
    return Material(base_color=to_linear(color), roughness=roughness, metallic=metallic)


def painted(texture: RgbImage, roughness: float = 0.5, metallic: float = 0.0) -> Material:
    """Returns a material that shows a texture as it is."""
    return Material(base_color=(1.0, 1.0, 1.0), roughness=roughness, metallic=metallic, base_color_texture=texture)


def named(material: Material, name: str) -> Material:
    """Returns a material under a name, by which a scene may choose the part."""
    return replace(material, name=name)


def make_part(surface: Surface, material: Material) -> MeshPart:
    """Makes normals for a surface and covers it with a material."""
    split = split_at_creases(surface.vertices, surface.faces)
    return MeshPart(
        vertices=surface.vertices[split.source].astype(np.float32),
        faces=split.faces.astype(np.int32),
        normals=split.normals.astype(np.float32),
        uv=surface.uv[split.source].astype(np.float32),
        material=material,
    )


def canvas(color: Color, height: int = 256, width: int = 256) -> RgbImage:
    """Returns a picture of one colour."""
    return np.full((height, width, 3), color, dtype=np.uint8)


def band(image: RgbImage, low: float, high: float, color: Color) -> None:
    """Paints a horizontal band between two heights, 0 at the bottom and 1 at the top, in place."""
    rows = image.shape[0]
    image[round((1 - high) * rows) : round((1 - low) * rows)] = color


def wave(image: RgbImage, middle: float, swing: float, width: float, color: Color) -> None:
    """Paints a band that swings once around the object, in place; all in parts of the height."""
    rows, cols = image.shape[:2]
    center = rows * (1 - middle - swing * np.sin(np.linspace(0, 2 * np.pi, cols)))
    image[np.abs(np.arange(rows)[:, None] - center[None, :]) < width * rows / 2] = color


def spots(image: RgbImage, rows: int, cols: int, radius: float, color: Color) -> None:
    """Paints a lattice of round spots, every other row shifted, in place; the radius is in parts of a cell."""
    step_y, step_x = image.shape[0] / rows, image.shape[1] / cols
    for row in range(rows):
        for col in range(-1, cols + 1):
            center = (int((col + 0.5 + 0.5 * (row % 2)) * step_x), int((row + 0.5) * step_y))
            axes = (int(radius * step_x), int(radius * step_y))
            cv2.ellipse(image, center, axes, 0, 0, 360, color, -1, cv2.LINE_AA)


def letters(image: RgbImage, text: str, at: tuple[float, float], scale: float, color: Color) -> None:
    """Writes text in place, starting at (u, v)."""
    rows, cols = image.shape[:2]
    origin = (int(at[0] * cols), int((1 - at[1]) * rows))
    cv2.putText(image, text, origin, cv2.FONT_HERSHEY_DUPLEX, scale, color, max(1, round(2 * scale)), cv2.LINE_AA)


def worn(image: RgbImage, name: str, depth: float = 0.15) -> RgbImage:
    """Darkens a texture unevenly, so that no surface is perfectly even; `name` keys the noise."""
    dirt = fractal_noise(stream(0, 0, f"builtin:{name}"), image.shape[:2], (4, 4), 6)
    return shade(image, np.float32(1.0) - np.float32(depth) * dirt)


def scuffed(color: Color, name: str, size: int = 128) -> RgbImage:
    """Returns paint that was used hard: uneven, with scratches down to the primer; `name` keys them."""
    rng = stream(0, 0, f"builtin:scratches of {name}")
    skin = canvas(color, size, size)
    for _ in range(size // 5):
        start, run = rng.integers(0, size, 2), rng.integers(-size // 10, size // 10 + 1, 2)
        shade_of = rng.uniform(0.6, 0.9) if rng.random() < 0.7 else rng.uniform(1.05, 1.2)
        mark = tuple(int(min(255, channel * shade_of)) for channel in color)
        cv2.line(skin, start.tolist(), (start + run).tolist(), mark, int(rng.integers(1, 3)), cv2.LINE_AA)
    return worn(skin, name, 0.28)


def atlas(right_left: RgbImage, front_back: RgbImage, top_bottom: RgbImage) -> UInt8[np.ndarray, "h w 3"]:
    """Arranges three square pictures as a box's six sides, opposite sides alike."""
    upper = np.hstack([right_left, right_left, front_back])
    return np.vstack([upper, np.hstack([front_back, top_bottom, top_bottom])])
