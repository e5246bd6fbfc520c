"""Plain shapes for distractors: they share the outline or the colour of the objects, and are never labelled."""

import itertools

import numpy as np
from jaxtyping import Float

from meshsight.assets.builtin.paint import Color, make_part, plain
from meshsight.assets.builtin.solids import circle, extrude, extrude_ring, rounded_box
from meshsight.assets.builtin.surface import Surface, ball, lathe, sweep
from meshsight.records.mesh import MeshPart


def _plain(surface: Surface, color: Color) -> list[MeshPart]:
    return [make_part(surface, plain(color, roughness=0.5))]


def sphere() -> list[MeshPart]:
    """Yellow sphere, 8 cm."""
    return _plain(ball(0.04, 32), (245, 205, 30))


def cube() -> list[MeshPart]:
    """Red cube with softened edges, 8 cm."""
    return _plain(rounded_box((0.08, 0.08, 0.08), 0.003, 2), (200, 30, 30))


def slab() -> list[MeshPart]:
    """Brown slab of the proportions of the boxes, 18 cm."""
    return _plain(rounded_box((0.14, 0.05, 0.18), 0.004, 2), (160, 115, 70))


def cylinder() -> list[MeshPart]:
    """Blue cylinder of the proportions of the cans, 12 cm."""
    profile = [(0.0, 0.0), (0.033, 0.0), (0.033, 0.12), (0.0, 0.12)]
    return _plain(lathe(profile, 48), (30, 60, 190))


def cone() -> list[MeshPart]:
    """Orange cone, 12 cm."""
    return _plain(lathe([(0.0, 0.0), (0.05, 0.0), (0.0, 0.12)], 40), (240, 110, 20))


def torus() -> list[MeshPart]:
    """Teal torus, 12 cm across."""
    angle = np.linspace(0, 2 * np.pi, 49)
    path = np.stack([0.044 * np.cos(angle), 0.044 * np.sin(angle), 0 * angle], axis=1)
    path[-1] = path[0]
    return _plain(sweep(path, np.full(49, 0.016), 20, is_closed=True), (0, 140, 140))


def capsule() -> list[MeshPart]:
    """White capsule, 14 cm."""
    angle = np.linspace(0, np.pi / 2, 10)
    high = np.stack([0.03 * np.cos(angle), 0.04 + 0.03 * np.sin(angle)], axis=1)
    high[-1, 0] = 0.0
    return _plain(lathe(np.concatenate([high[::-1] * (1, -1), high]), 32), (235, 235, 230))


def icosahedron() -> list[MeshPart]:
    """Violet icosahedron, 9 cm."""
    golden = (1 + 5**0.5) / 2
    corners = [np.roll([0.0, one, two * golden], turn) for turn in range(3) for one in (-1, 1) for two in (-1, 1)]
    points = np.array(corners)
    faces = [_outward(points, trio) for trio in itertools.combinations(range(12), 3) if _is_face(points, trio)]
    vertices = points * (0.045 / np.hypot(1.0, golden))
    uv = 0.5 + vertices[:, :2] / 0.1
    return _plain(Surface(vertices=vertices, faces=np.array(faces), uv=uv), (120, 40, 170))


def _is_face(points: Float[np.ndarray, "12 3"], trio: tuple[int, int, int]) -> bool:
    """Tells whether three corners of the icosahedron of edge length 2 are neighbours of each other."""
    return all(abs(np.linalg.norm(points[a] - points[b]) - 2.0) < 1e-9 for a, b in itertools.combinations(trio, 2))


def _outward(points: Float[np.ndarray, "12 3"], trio: tuple[int, int, int]) -> tuple[int, int, int]:
    a, b, c = trio
    return trio if np.linalg.det(points[list(trio)]) > 0 else (a, c, b)


def l_shape() -> list[MeshPart]:
    """Green angle bracket, 10 cm."""
    outline = np.array([(0, 0), (0.1, 0), (0.1, 0.035), (0.035, 0.035), (0.035, 0.1), (0, 0.1)])
    return _plain(extrude(outline, 0.04), (40, 150, 60))


def prism() -> list[MeshPart]:
    """Grey six-sided prism, 7 cm across."""
    return _plain(extrude(circle(0.035, 6), 0.08), (140, 142, 148))


def pyramid() -> list[MeshPart]:
    """Pink four-sided pyramid, 10 cm high."""
    return _plain(lathe([(0.0, 0.0), (0.055, 0.0), (0.0, 0.1)], 4), (235, 50, 130))


def ring() -> list[MeshPart]:
    """Brass-coloured ring, 9 cm across."""
    return _plain(extrude_ring(circle(0.045, 48), circle(0.03, 48), 0.02), (210, 165, 60))


def star() -> list[MeshPart]:
    """Red five-pointed star, 11 cm across."""
    outline = circle(0.055, 10)
    outline[1::2] *= 0.45
    return _plain(extrude(outline, 0.025), (200, 25, 30))


def arch() -> list[MeshPart]:
    """Dark half ring, 10 cm across."""
    angle = np.linspace(0, np.pi, 25)
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _plain(extrude(np.concatenate([0.05 * arc, 0.03 * arc[::-1]]), 0.035), (45, 45, 52))
