"""Small models that the loading tests write: a block with different sides, so that no axis can be mistaken."""

from pathlib import Path

import numpy as np
import trimesh
from PIL import Image

from meshsight.records.mesh import Mesh

BLOCK_M = (0.1, 0.2, 0.3)


def block() -> trimesh.Trimesh:
    """A box of 10 x 20 x 30 cm (x, y, z) whose low corner is the origin."""
    box = trimesh.creation.box(BLOCK_M)
    box.apply_translation(np.array(BLOCK_M) / 2)
    return box


def quad() -> trimesh.Trimesh:
    """A square metre in the x-y plane, seen from +z, as two triangles over four vertices."""
    vertices = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    return trimesh.Trimesh(vertices, [[0, 1, 2], [0, 2, 3]], process=False)


QUAD_UV = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def four_colors(size: int = 8) -> np.ndarray:
    """A picture of four flat squares: red, green above blue, white."""
    half = size // 2
    image = np.zeros((size, size, 3), dtype=np.uint8)
    image[:half, :half], image[:half, half:] = (255, 0, 0), (0, 255, 0)
    image[half:, :half], image[half:, half:] = (0, 0, 255), (255, 255, 255)
    return image


def write_png(path: Path, image: np.ndarray) -> None:
    Image.fromarray(image).save(path)


def write_textured_obj(folder: Path, mtl: str, obj_head: str = "mtllib quad.mtl\n") -> Path:
    """Writes quad.obj, which uses material `paint`, and quad.mtl."""
    lines = ["v 0 0 0", "v 1 0 0", "v 1 1 0", "v 0 1 0", "vt 0 0", "vt 1 0", "vt 1 1", "vt 0 1", "usemtl paint"]
    lines += ["f 1/1 2/2 3/3", "f 1/1 3/3 4/4"]
    path = folder / "quad.obj"
    path.write_text(obj_head + "\n".join(lines) + "\n")
    (folder / "quad.mtl").write_text(mtl)
    return path


def corners_of(mesh: Mesh) -> np.ndarray:
    """Returns every triangle's corners (f, 3, 3), all parts together."""
    return np.concatenate([part.vertices[part.faces] for part in mesh.parts])


def sorted_triangles(corners: np.ndarray) -> np.ndarray:
    """Brings triangles into one order, each beginning with its lowest corner, so that two sets can be compared."""
    rounded = np.round(corners.astype(np.float64), 6) + 0.0
    turned = [np.roll(t, -min(range(3), key=lambda k, t=t: tuple(t[k])), axis=0) for t in rounded]
    return np.array(sorted(turned, key=lambda t: t.ravel().tolist()))
