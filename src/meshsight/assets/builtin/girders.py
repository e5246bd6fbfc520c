"""What machines and furniture are welded from: boxes, bars between two points, plates, tubes and wheels."""

import numpy as np
from jaxtyping import Float

from meshsight.assets.builtin.surface import Surface, cylinder, join, sweep

Point = tuple[float, float, float]
Corners = Float[np.ndarray, "4 3"]

# Turns what was drawn in (x, y) and extruded along z so that it is seen from behind: x to y, y to z, z to x.
ALONG_X = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
# Turns what stands along z to lie along y.
ALONG_Y = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def hexahedron(low: Corners, high: Corners) -> Surface:
    """Joins two quadrilaterals, each counter-clockwise seen from above, by four sides; each side has the texture."""
    sides = [low[::-1], high]
    for here in range(4):
        there = (here + 1) % 4
        sides.append(np.stack([low[here], low[there], high[there], high[here]]))
    faces = np.concatenate([np.array([[0, 1, 2], [0, 2, 3]]) + 4 * side for side in range(6)])
    square = np.array([(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)])
    return Surface(vertices=np.concatenate(sides), faces=faces, uv=np.tile(square, (6, 1)))


def _rectangle(x: tuple[float, float], y: tuple[float, float], z: float) -> Corners:
    return np.array([(x[0], y[0], z), (x[1], y[0], z), (x[1], y[1], z), (x[0], y[1], z)])


def block(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> Surface:
    """Returns a box between low and high coordinates."""
    return hexahedron(_rectangle(x, y, z[0]), _rectangle(x, y, z[1]))


def taper(
    low: tuple[tuple[float, float], tuple[float, float]],
    high: tuple[tuple[float, float], tuple[float, float]],
    z: tuple[float, float],
) -> Surface:
    """Returns a body between two level rectangles, each given by its range in x and in y."""
    return hexahedron(_rectangle(*low, z[0]), _rectangle(*high, z[1]))


def bar(start: Point, end: Point, width: float, height: float | None = None) -> Surface:
    """Returns a straight bar of a rectangular section; `width` is across the vertical plane through the bar."""
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    axis = (b - a) / np.linalg.norm(b - a)
    flat = np.array([0.0, 1.0, 0.0]) if abs(axis[2]) > 0.999 else np.cross([0.0, 0.0, 1.0], axis)
    across = flat / np.linalg.norm(flat) * width / 2
    up = np.cross(axis, across) / np.linalg.norm(across) * (width if height is None else height) / 2
    section = np.stack([-across - up, across - up, across + up, -across + up])
    return hexahedron(a + section, b + section)


def tube(start: Point, end: Point, radius: float, segments: int = 10) -> Surface:
    """Returns a straight round bar."""
    return sweep(np.array([start, end], dtype=np.float64), np.full(2, radius), segments)


def rounded_loop(corners: Float[np.ndarray, "n 3"], rounds: int = 3) -> Float[np.ndarray, "m 3"]:
    """Returns a closed path around a polygon whose corners are cut off again and again (Chaikin 1974)."""
    points = np.asarray(corners, dtype=np.float64)
    for _ in range(rounds):
        following = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * following, 0.25 * points + 0.75 * following], axis=1).reshape(-1, 3)
    return np.concatenate([points, points[:1]])


def wheel(middle: Point, radius: float, width: float, segments: int = 24) -> Surface:
    """Returns a wheel whose axle lies along y."""
    x, y, z = middle
    return cylinder(radius, width, segments).turned(ALONG_Y).moved(x=x, y=y - width / 2, z=z)


def mirrored(surfaces: list[Surface]) -> Surface:
    """Returns surfaces together with their mirror images across the plane y = 0."""
    one = join(surfaces)
    other = Surface(vertices=one.vertices * np.array([1.0, -1.0, 1.0]), faces=one.faces[:, ::-1], uv=one.uv)
    return join([one, other])
