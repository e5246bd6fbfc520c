"""Meshes on the GPU: positions apart from what only shading needs, so that the id and shadow passes read little."""

import moderngl
import numpy as np

from meshsight.core.pose import Points3
from meshsight.records.mesh import Mesh, MeshPart
from meshsight.render.closed import is_closed
from meshsight.render.surface import textured_parts
from meshsight.render.window import hull_points

_LOOKS = ("in_normal", "in_uv", "in_color")


class PartGeometry:
    """The triangles of one part and the vertex arrays that feed them to programs."""

    def __init__(self, context: moderngl.Context, part: MeshPart) -> None:
        self._context = context
        looks = _look_attributes(part)
        self._positions = context.buffer(np.ascontiguousarray(part.vertices).tobytes())
        self._looks = context.buffer(looks.tobytes())
        self._indices = context.buffer(np.ascontiguousarray(part.faces).tobytes())
        self._arrays: dict[moderngl.Program, moderngl.VertexArray] = {}
        self.num_bytes = part.vertices.nbytes + looks.nbytes + part.faces.nbytes

    def draw(self, program: moderngl.Program) -> None:
        """Draws all triangles with a program whose uniforms are set."""
        if program not in self._arrays:
            self._arrays[program] = self._vertex_array(program)
        self._arrays[program].render(moderngl.TRIANGLES)

    def _vertex_array(self, program: moderngl.Program) -> moderngl.VertexArray:
        used = [name if name in program else None for name in _LOOKS]
        content: list[tuple[moderngl.Buffer, str, str] | tuple[moderngl.Buffer, str, *tuple[str, ...]]]
        content = [(self._positions, "3f", "in_position")]
        names = [name for name in used if name is not None]
        if names:
            sizes = {"in_normal": "3f", "in_uv": "2f", "in_color": "3f"}
            skips = {"in_normal": "12x", "in_uv": "8x", "in_color": "12x"}
            layout = " ".join(sizes[name] if name in names else skips[name] for name in _LOOKS)
            content.append((self._looks, layout, *names))
        return self._context.vertex_array(program, content, index_buffer=self._indices)

    def release(self) -> None:
        """Frees buffers and vertex arrays."""
        for array in self._arrays.values():
            array.release()
        self._arrays.clear()
        for buffer in (self._positions, self._looks, self._indices):
            buffer.release()


class MeshGeometry:
    """All parts of a mesh, the hull points that bound it, and whether its back faces can be left out."""

    def __init__(self, context: moderngl.Context, mesh: Mesh) -> None:
        self.mesh = mesh
        self.hull: Points3 = hull_points(mesh.vertices)
        self.is_closed = is_closed(mesh)
        self.parts = [PartGeometry(context, part) for part in textured_parts(mesh)]
        self.num_bytes = sum(part.num_bytes for part in self.parts)

    def release(self) -> None:
        """Frees all parts."""
        for part in self.parts:
            part.release()


def _look_attributes(part: MeshPart) -> np.ndarray:
    """Packs normal, uv (v turned down, as texture rows run) and colour of each vertex: (v, 8) float32."""
    count = len(part.vertices)
    uv = part.uv if part.uv is not None else np.zeros((count, 2), dtype=np.float32)
    colors = part.vertex_colors if part.vertex_colors is not None else np.ones((count, 3), dtype=np.float32)
    down = np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1)
    return np.concatenate([part.normals, down, colors], axis=1, dtype=np.float32)
