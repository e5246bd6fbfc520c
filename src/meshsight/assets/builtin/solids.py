"""Solids with flat faces: boxes with rounded edges, and extruded outlines.

Shapes: n corners of an outline.
"""

import numpy as np
from jaxtyping import Float

from meshsight.assets.builtin.surface import Surface, join

Outline = Float[np.ndarray, "n 2"]
_Frame = Float[np.ndarray, "frame 2"]  # the outline whose box a texture spans

# Tangents (right, up) of the six sides of a box as seen from outside, in the order of the atlas cells.
_SIDES = (
    ((0, 1, 0), (0, 0, 1)),  # +x
    ((0, -1, 0), (0, 0, 1)),  # -x
    ((-1, 0, 0), (0, 0, 1)),  # +y
    ((1, 0, 0), (0, 0, 1)),  # -y
    ((1, 0, 0), (0, 1, 0)),  # +z
    ((1, 0, 0), (0, -1, 0)),  # -z
)


def _rounded_steps(half: float, radius: float, steps: int) -> Float[np.ndarray, " k"]:
    bend = np.linspace(half - radius, half, steps + 1)
    return np.concatenate([-bend[::-1], bend])


def rounded_box(size: tuple[float, float, float], radius: float, steps: int = 3) -> Surface:
    """Returns a box around the origin with rounded edges.

    The texture is an atlas of two rows of three cells: +x, -x, +y above -y, +z, -z, each upright seen from outside.
    """
    half = np.asarray(size) / 2
    sides: list[Surface] = []
    for cell, (right, up) in enumerate(np.asarray(_SIDES, dtype=np.float64)):
        s = _rounded_steps(float(half @ np.abs(right)), radius, steps)
        t = _rounded_steps(float(half @ np.abs(up)), radius, steps)
        out = np.cross(right, up)
        flat = s[:, None, None] * right + t[None, :, None] * up + float(half @ np.abs(out)) * out
        core = np.clip(flat, radius - half, half - radius)
        bulge = flat - core
        points = core + radius * bulge / np.linalg.norm(bulge, axis=-1, keepdims=True)
        across, along = (s - s[0]) / np.ptp(s), (t - t[0]) / np.ptp(t)
        u = np.broadcast_to(((cell % 3) + across)[:, None] / 3, points.shape[:2])
        v = np.broadcast_to(((1 - cell // 3) + along)[None, :] / 2, points.shape[:2])
        sides.append(_patch(points, np.stack([u, v], axis=-1)))
    return join(sides)


def _patch(points: Float[np.ndarray, "a b 3"], uv: Float[np.ndarray, "a b 2"]) -> Surface:
    corner = np.arange(points.shape[0] * points.shape[1]).reshape(points.shape[:2])
    a, b = corner[:-1, :-1].ravel(), corner[1:, :-1].ravel()
    c, d = corner[1:, 1:].ravel(), corner[:-1, 1:].ravel()
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    return Surface(vertices=points.reshape(-1, 3), faces=faces, uv=uv.reshape(-1, 2))


def _side(a: Float[np.ndarray, "2"], b: Float[np.ndarray, "2"], points: Outline) -> Float[np.ndarray, " n"]:
    """Returns for each point a positive number if it lies left of the line from a to b."""
    return (b[0] - a[0]) * (points[:, 1] - a[1]) - (b[1] - a[1]) * (points[:, 0] - a[0])


def triangulate(outline: Outline) -> list[tuple[int, int, int]]:
    """Cuts a simple counter-clockwise polygon into triangles by clipping ears."""
    left = list(range(len(outline)))
    triangles: list[tuple[int, int, int]] = []
    while len(left) > 3:
        for i, ear in enumerate(left):
            before, after = left[i - 1], left[(i + 1) % len(left)]
            a, b, c = outline[before], outline[ear], outline[after]
            if _side(a, b, outline[[after]])[0] <= 0:
                continue
            others = outline[[k for k in left if k not in (before, ear, after)]]
            inside = (_side(a, b, others) >= 0) & (_side(b, c, others) >= 0) & (_side(c, a, others) >= 0)
            if not inside.any():
                triangles.append((before, ear, after))
                del left[i]
                break
        else:
            raise ValueError("the outline crosses itself or turns clockwise")
    return [*triangles, (left[0], left[1], left[2])]


def _square(outline: Outline, frame: _Frame) -> Outline:
    return (outline - frame.min(axis=0)) / np.ptp(frame, axis=0)


def _wall(outline: Outline, frame: _Frame, height: float) -> Surface:
    """Returns the side of an extrusion; v runs along the second axis, u to the right as left and right are seen."""
    loop = np.concatenate([outline, outline[:1]])
    low = np.column_stack([loop, np.full(len(loop), -height / 2)])
    high = low + np.array([0.0, 0.0, height])
    x, v = _square(loop, frame).T
    start = (x > 0.5).astype(np.float64)
    uv = np.stack([np.stack([start, v], axis=1), np.stack([1.0 - start, v], axis=1)], axis=1)
    return _patch(np.stack([low, high], axis=1), uv)


def _cap(outline: Outline, frame: _Frame, faces: np.ndarray, z: float) -> Surface:
    vertices = np.column_stack([outline, np.full(len(outline), z)])
    uv = _square(outline, frame)
    if z > 0:
        return Surface(vertices=vertices, faces=faces, uv=uv)
    return Surface(vertices=vertices, faces=faces[:, ::-1], uv=uv * np.array([-1.0, 1.0]) + np.array([1.0, 0.0]))


def extrude(outline: Outline, height: float) -> Surface:
    """Extrudes a simple counter-clockwise outline along z, centred on z = 0; each cap shows the whole texture."""
    faces = np.asarray(triangulate(outline), dtype=np.int64)
    caps = [_cap(outline, outline, faces, z) for z in (height / 2, -height / 2)]
    return join([*caps, _wall(outline, outline, height)])


def extrude_ring(outer: Outline, inner: Outline, height: float) -> Surface:
    """Extrudes the strip between two counter-clockwise outlines of equally many corners, centred on z = 0."""
    count = len(outer)
    here, there = np.arange(count), np.roll(np.arange(count), -1)
    faces = np.concatenate(
        [np.stack([here, there, there + count], axis=1), np.stack([here, there + count, here + count], axis=1)]
    )
    both = np.concatenate([outer, inner])
    caps = [_cap(both, outer, faces, z) for z in (height / 2, -height / 2)]
    return join([*caps, _wall(outer, outer, height), _wall(inner[::-1], outer, height)])


def circle(radius: float, corners: int, center: tuple[float, float] = (0.0, 0.0)) -> Outline:
    """Returns a regular polygon, counter-clockwise from +x."""
    angle = np.arange(corners) * 2 * np.pi / corners
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius + np.asarray(center)
