"""Pictures on the GPU, with mipmaps; one frame's new ones replace those not used for longest."""

import moderngl
import numpy as np

from meshsight.render.cache import ResourceCache
from meshsight.render.surface import Texture

_SRGB8 = 0x8C41


class GpuTexture:
    """One texture and its memory."""

    def __init__(self, texture: moderngl.Texture, num_bytes: int) -> None:
        self.texture = texture
        self.num_bytes = num_bytes

    def release(self) -> None:
        """Frees it."""
        self.texture.release()


class Textures:
    """The surface textures of one context, kept by their keys."""

    def __init__(self, context: moderngl.Context, anisotropy: int, max_bytes: int, *, is_supersampled: bool) -> None:
        """Takes the nearest mipmap where several samples of a pixel are averaged anyway, else blends two."""
        self._context = context
        self._shrinking = moderngl.LINEAR_MIPMAP_NEAREST if is_supersampled else moderngl.LINEAR_MIPMAP_LINEAR
        self._anisotropy = min(float(anisotropy), context.max_anisotropy)
        self._cache: ResourceCache[GpuTexture] = ResourceCache(max_bytes)

    def bind(self, texture: Texture, unit: int, *, is_color: bool) -> None:
        """Binds a picture, uploaded when it is new; a colour is decoded from sRGB when it is sampled."""
        item = self._cache.fetch((texture.key, is_color), lambda: self._upload(texture, is_color))
        item.texture.use(unit)

    def _upload(self, texture: Texture, is_color: bool) -> GpuTexture:
        height, width = texture.pixels.shape[:2]
        pixels = np.ascontiguousarray(texture.pixels)
        made = self._context.texture(
            (width, height), 3, pixels, alignment=1, internal_format=_SRGB8 if is_color else None
        )
        made.build_mipmaps()
        made.filter = (self._shrinking, moderngl.LINEAR)
        made.anisotropy = self._anisotropy
        # Drivers keep four bytes a texel, and a third more for the mipmaps.
        return GpuTexture(made, height * width * 16 // 3)

    def trim(self) -> None:
        """Releases what is too much; call between frames."""
        self._cache.trim()

    def release(self) -> None:
        """Frees all textures."""
        self._cache.clear()
