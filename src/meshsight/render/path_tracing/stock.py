"""What one Blender holds: sends what a frame needs and it has not, and makes it forget what was not used for long."""

from collections import OrderedDict

import numpy as np

from meshsight.execution.blender.process import BlenderProcess
from meshsight.execution.blender.wire import Arrays
from meshsight.records.scene import AssetSource
from meshsight.render.equirect import RadianceMap
from meshsight.render.rays.body import Body
from meshsight.render.surface import Texture


class Stock:
    """The store of one process; keys are those of the content, so nothing is sent twice."""

    def __init__(self, process: BlenderProcess, cache_bytes: int) -> None:
        self.process = process
        self._meshes = _Shelf(cache_bytes)
        self._pictures = _Shelf(cache_bytes)

    def want_mesh(self, body: Body) -> str:
        """Makes sure of a mesh."""
        key = body.mesh.fingerprint
        if not self._meshes.touch(key):
            arrays = {
                "vertices": body.vertices,
                "faces": body.faces,
                "part_of_face": body.part_of_face,
                "normals": body.normals,
                "uv": body.uv,
            }
            if any(part.vertex_colors is not None for part in body.mesh.parts):
                arrays["colors"] = body.colors
            self._send("mesh", key, {"num_parts": len(body.mesh.parts)}, arrays)
            self._meshes.put(key, body.num_bytes)
        return key

    def want_texture(self, texture: Texture, is_color: bool) -> str:
        """Makes sure of a texture; the same pixels as colours and as numbers are two."""
        key = texture.key if is_color else f"{texture.key} as numbers"
        if not self._pictures.touch(key):
            self._send("picture", key, {"is_color": is_color}, {"pixels": texture.pixels})
            self._pictures.put(key, texture.pixels.size // 3 * 4)
        return key

    def want_environment(self, ref: str, assets: AssetSource) -> str:
        """Makes sure of an environment map."""
        key = f"environment:{ref}"
        if not self._pictures.touch(key):
            radiance = assets.environment(ref)
            self._send("environment", key, {}, {"radiance": as_blender_sees(radiance)})
            self._pictures.put(key, radiance.size // 3 * 16)
        return key

    def trim(self) -> None:
        """Frees the least recently used of both sorts until the rest fits; to be called between two frames."""
        meshes, pictures = self._meshes.overflow(), self._pictures.overflow()
        if meshes or pictures:
            self.process.call({"command": "forget", "meshes": meshes, "pictures": pictures})

    def _send(self, command: str, key: str, message: dict[str, object], arrays: Arrays) -> None:
        self.process.call({"command": command, "key": key, **message}, arrays)


def as_blender_sees(radiance: RadianceMap) -> RadianceMap:
    """Turns a map into Blender's convention: +x in the middle, and columns that turn towards -y.

    Blender's column u shows the azimuth 2 pi (0.5 - u), ours 2 pi u.
    """
    width = radiance.shape[1]
    mirrored = np.roll(radiance[:, ::-1], width // 2, axis=1)
    if width % 2 == 0:
        return np.ascontiguousarray(mirrored)
    return np.ascontiguousarray(0.5 * (mirrored + np.roll(mirrored, 1, axis=1)))


class _Shelf:
    """Keys and sizes, the least recently used first."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()

    def touch(self, key: str) -> bool:
        if key in self._sizes:
            self._sizes.move_to_end(key)
            return True
        return False

    def put(self, key: str, num_bytes: int) -> None:
        self._sizes[key] = num_bytes

    def overflow(self) -> list[str]:
        gone: list[str] = []
        total = sum(self._sizes.values())
        while total > self._max_bytes and len(self._sizes) > 1:
            key, size = self._sizes.popitem(last=False)
            total -= size
            gone.append(key)
        return gone
