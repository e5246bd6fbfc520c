"""Pictures on the GPU, with mipmaps: those of meshes stay, those that scenes name come and go with the frames."""

from collections import defaultdict

import moderngl
import numpy as np

from meshsight.render.cache import ResourceCache
from meshsight.render.mipmaps import mipmap_levels
from meshsight.render.surface import Texture

_SRGB8 = 0x8C41

# Storage for scenes' pictures is soon used again for the next frame's: allocating costs more than writing.
_NAMED_BYTES = 32 * 2**20
_MAX_SPARE = 8

_Format = tuple[tuple[int, int], bool]


class GpuTexture:
    """One texture and its memory; releasing it lends its storage to the next picture of its size."""

    def __init__(self, texture: moderngl.Texture, spare: list[moderngl.Texture]) -> None:
        self.texture = texture
        # Drivers keep four bytes a texel, and a third more for the mipmaps.
        self.num_bytes = texture.width * texture.height * 16 // 3
        self._spare = spare

    def release(self) -> None:
        """Gives the storage to the spare ones, or frees it when there are enough."""
        if len(self._spare) < _MAX_SPARE:
            self._spare.append(self.texture)
        else:
            self.texture.release()


class Textures:
    """The surface textures of one context, kept by their keys."""

    def __init__(self, context: moderngl.Context, anisotropy: int, max_bytes: int, *, is_supersampled: bool) -> None:
        """Takes the nearest mipmap where several samples of a pixel are averaged anyway, else blends two."""
        self._context = context
        self._shrinking = moderngl.LINEAR_MIPMAP_NEAREST if is_supersampled else moderngl.LINEAR_MIPMAP_LINEAR
        self._anisotropy = min(float(anisotropy), context.max_anisotropy)
        self._of_meshes: ResourceCache[GpuTexture] = ResourceCache(max_bytes)
        self._named: ResourceCache[GpuTexture] = ResourceCache(_NAMED_BYTES)
        self._spare: dict[_Format, list[moderngl.Texture]] = defaultdict(list)

    def bind(self, texture: Texture, unit: int, *, is_color: bool) -> None:
        """Binds a picture, uploaded when it is new; a colour is decoded from sRGB when it is sampled."""
        cache = self._named if texture.is_named else self._of_meshes
        item = cache.fetch((texture.key, is_color), lambda: self._upload(texture, is_color))
        item.texture.use(unit)

    def _upload(self, texture: Texture, is_color: bool) -> GpuTexture:
        height, width = texture.pixels.shape[:2]
        spare = self._spare[(width, height), is_color]
        made = spare.pop() if spare else self._allocate((width, height), is_color)
        for level, pixels in enumerate(mipmap_levels(texture.pixels, is_color=is_color)):
            made.write(np.ascontiguousarray(pixels), level=level, alignment=1)
        return GpuTexture(made, spare)

    def _allocate(self, size_wh: tuple[int, int], is_color: bool) -> moderngl.Texture:
        made = self._context.texture(size_wh, 3, alignment=1, internal_format=_SRGB8 if is_color else None)
        made.build_mipmaps()
        made.filter = (self._shrinking, moderngl.LINEAR)
        made.anisotropy = self._anisotropy
        return made

    def trim(self) -> None:
        """Releases what is too much; call between frames."""
        self._of_meshes.trim()
        self._named.trim()
        # Sizes that come once and never again must not pile up.
        while sum(map(len, self._spare.values())) > _MAX_SPARE:
            oldest = next(key for key, spare in self._spare.items() if spare)
            self._spare[oldest].pop().release()

    def release(self) -> None:
        """Frees all textures."""
        self._of_meshes.clear()
        self._named.clear()
        for spare in self._spare.values():
            for texture in spare:
                texture.release()
        self._spare.clear()
