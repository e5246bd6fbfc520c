"""Built-in objects from a robot football pitch: balls of many patterns, robots, lines, and what is taken for a ball.

The balls have the diameter of the RoboCup Standard Platform League's, 10 cm, and no brand's design.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from jaxtyping import Float

from meshsight.assets.builtin.paint import Color, band, canvas, make_part, painted, plain, spots, worn
from meshsight.assets.builtin.solids import circle, extrude, extrude_ring, rounded_box
from meshsight.assets.builtin.surface import Surface, ball, cylinder, join
from meshsight.core.images import RgbImage
from meshsight.records.mesh import MeshPart

RADIUS_M = 0.05
WHITE: Color = (238, 238, 235)
BLACK: Color = (18, 18, 20)

Directions = Float[np.ndarray, "h w 3"]
Pattern = Callable[[Directions], Float[np.ndarray, "h w"]]
"""Which colour stands in each direction from the ball's centre: 0, 1 or 2."""


def _icosahedron() -> Float[np.ndarray, "12 3"]:
    """Returns the directions of the twelve corners."""
    golden = (1 + 5**0.5) / 2
    corners = [np.roll([0.0, one, two * golden], turn) for turn in range(3) for one in (-1, 1) for two in (-1, 1)]
    return np.array(corners) / np.hypot(1.0, golden)


def _directions(height: int = 128, width: int = 256) -> Directions:
    """Returns the direction of each texel of a ball's texture; see `lathe`: u turns about z, v is the height."""
    v = (np.arange(height)[::-1] + 0.5) / height
    z = np.clip(2 * (v - 0.02) / 0.96 - 1, -1, 1)
    angle = 2 * np.pi * (np.arange(width) + 0.5) / width
    across = np.sqrt(1 - z**2)[:, None]
    return np.stack([across * np.cos(angle), across * np.sin(angle), np.broadcast_to(z[:, None], (height, width))], -1)


def _ball(name: str, pattern: Pattern, colors: Sequence[Color], roughness: float = 0.4) -> list[MeshPart]:
    index = pattern(_directions()).astype(int)
    skin = np.ascontiguousarray(np.asarray(colors, dtype=np.uint8)[index])
    return [make_part(ball(RADIUS_M, 40), painted(worn(skin, name, 0.12), roughness=roughness))]


def _caps(corners: Float[np.ndarray, "k 3"], radius_deg: float) -> Pattern:
    """Round caps about some directions."""
    axes = corners / np.linalg.norm(corners, axis=1, keepdims=True)
    return lambda directions: (directions @ axes.T).max(axis=-1) > np.cos(np.radians(radius_deg))


def _faces(corners: Float[np.ndarray, "12 3"]) -> Float[np.ndarray, "20 3"]:
    """Returns the directions of the middles of the icosahedron's faces."""
    near = corners @ corners.T > 0.4
    triples = [
        (a, b, c)
        for a in range(12)
        for b in range(a + 1, 12)
        for c in range(b + 1, 12)
        if near[a, b] and near[b, c] and near[a, c]
    ]
    middles = corners[np.array(triples)].sum(axis=1)
    return middles / np.linalg.norm(middles, axis=1, keepdims=True)


def ball_classic() -> list[MeshPart]:
    """Football: white with twelve black pentagons, 10 cm."""
    corners = _icosahedron()
    faces = _faces(corners)

    def pattern(directions: Directions) -> np.ndarray:
        # A truncated icosahedron blown up: a ray leaves it through the face that it meets first. Pentagons lie 2.327
        # and hexagons 2.267 edges from the middle.
        return (directions @ corners.T).max(axis=-1) / 2.327 > (directions @ faces.T).max(axis=-1) / 2.267

    return _ball("ball_classic", pattern, (WHITE, BLACK))


def ball_spotted() -> list[MeshPart]:
    """Football: white with black round spots of one size, 10 cm."""
    return _ball("ball_spotted", _caps(_icosahedron(), 20.0), (WHITE, BLACK))


def ball_mini_spots() -> list[MeshPart]:
    """Football: white with many small dark blue spots, 10 cm."""
    golden = np.pi * (3 - np.sqrt(5))
    k = np.arange(32)
    z = 1 - 2 * (k + 0.5) / 32
    points = np.stack([np.sqrt(1 - z**2) * np.cos(golden * k), np.sqrt(1 - z**2) * np.sin(golden * k), z], axis=1)
    return _ball("ball_mini_spots", _caps(points, 10.0), (WHITE, (20, 30, 90)))


def ball_wedges() -> list[MeshPart]:
    """Ball: eight black and white wedges like a beach ball, 10 cm."""
    return _ball(
        "ball_wedges",
        lambda directions: np.floor(np.arctan2(directions[..., 1], directions[..., 0]) * 4 / np.pi) % 2,
        (WHITE, BLACK),
    )


def ball_octants() -> list[MeshPart]:
    """Ball: black and white octants, 10 cm."""
    return _ball("ball_octants", lambda directions: np.prod(directions, axis=-1) > 0, (WHITE, BLACK))


def ball_ribbons() -> list[MeshPart]:
    """Ball: white with three black ribbons that cross, 10 cm."""
    return _ball("ball_ribbons", lambda directions: np.abs(directions).min(axis=-1) < 0.14, (WHITE, BLACK))


def ball_triangles() -> list[MeshPart]:
    """Football: white with twenty small black triangles, 10 cm."""
    corners = _icosahedron()

    def pattern(directions: Directions) -> np.ndarray:
        nearest = np.sort(directions @ corners.T, axis=-1)
        return nearest[..., -3] > 0.66

    return _ball("ball_triangles", pattern, (WHITE, BLACK))


def ball_squares() -> list[MeshPart]:
    """Ball: white with a dark square on each of six sides, 10 cm."""

    def pattern(directions: Directions) -> np.ndarray:
        sizes = np.sort(np.abs(directions), axis=-1)
        return sizes[..., 1] < 0.45 * sizes[..., 2]

    return _ball("ball_squares", pattern, (WHITE, (30, 30, 34)))


def ball_patchwork() -> list[MeshPart]:
    """Ball: irregular patches, black, white and green, 10 cm."""
    centres = np.random.default_rng(7).standard_normal((36, 3))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    colors = np.array([0, 1, 0, 1, 0, 2] * 6)
    return _ball(
        "ball_patchwork",
        lambda directions: colors[(directions @ centres.T).argmax(axis=-1)],
        (WHITE, BLACK, (20, 110, 50)),
    )


def ball_rings() -> list[MeshPart]:
    """Ball: white with four dark rings about one axis, 10 cm."""
    return _ball("ball_rings", lambda directions: (directions[..., 2] * 2.2 + 0.3) % 1 < 0.42, (WHITE, (25, 25, 60)))


def ball_checker() -> list[MeshPart]:
    """Ball: black and white fields between lines of latitude and longitude, 10 cm."""

    def pattern(directions: Directions) -> np.ndarray:
        turn = np.arctan2(directions[..., 1], directions[..., 0]) * 3 / np.pi
        height = np.arcsin(np.clip(directions[..., 2], -1, 1)) * 4.5 / np.pi + 0.5
        return (np.floor(turn) + np.floor(height)) % 2

    return _ball("ball_checker", pattern, (WHITE, BLACK))


def ball_camouflage() -> list[MeshPart]:
    """Ball: soft dark and grey shapes on white, 10 cm."""
    waves = np.random.default_rng(11).normal(0, 4.5, (9, 3))
    phases = np.arange(9) * 0.7

    def pattern(directions: Directions) -> np.ndarray:
        height = np.cos(directions @ waves.T + phases).sum(axis=-1)
        return np.where(height > 1.1, 1, np.where(height < -2.2, 2, 0))

    return _ball("ball_camouflage", pattern, (WHITE, (20, 25, 30), (120, 125, 130)))


def ball_swirl() -> list[MeshPart]:
    """Ball: a red and a dark swirl on white, 10 cm."""

    def pattern(directions: Directions) -> np.ndarray:
        turn = np.arctan2(directions[..., 1], directions[..., 0]) / (2 * np.pi) + 0.35 * directions[..., 2]
        part = (turn * 3) % 1.0
        return np.where(part < 0.25, 1, np.where(part > 0.75, 2, 0))

    return _ball("ball_swirl", pattern, (WHITE, (190, 30, 35), (30, 30, 50)))


def ball_orange() -> list[MeshPart]:
    """Street hockey ball: orange, 10 cm."""
    return _ball("ball_orange", lambda directions: directions[..., 2] * 0, ((235, 95, 15),), 0.55)


def ball_panels() -> list[MeshPart]:
    """Football: yellow and blue panels on white, 10 cm."""
    corners = _icosahedron()

    def pattern(directions: Directions) -> np.ndarray:
        found = (directions @ corners.T).argmax(axis=-1)
        is_panel = (directions @ corners.T).max(axis=-1) > 0.9
        return np.where(is_panel, 1 + found % 2, 0)

    return _ball("ball_panels", pattern, (WHITE, (240, 200, 20), (25, 60, 160)))


def _limb(length: float, radius: float) -> Surface:
    return cylinder(radius, length, 16)


def _robot(body: Color, joint: Color, head: Color, width: float) -> list[MeshPart]:
    """A walking robot of 58 cm: shell, joints, a round head with dark eyes, and feet."""
    shell = [
        rounded_box((0.1, width, 0.19), 0.03).moved(z=0.37),
        *(_limb(0.13, 0.033).moved(y=y, z=0.14) for y in (-0.05, 0.05)),
        *(_limb(0.11, 0.038).moved(y=y, z=0.02) for y in (-0.05, 0.05)),
        *(_limb(0.15, 0.024).moved(y=side * (width / 2 + 0.02), z=0.29) for side in (-1, 1)),
        *(rounded_box((0.16, 0.085, 0.04), 0.015).moved(x=0.02, y=y, z=0.02) for y in (-0.05, 0.05)),
    ]
    joints = [
        *(ball(0.04, 16).moved(y=y, z=0.14) for y in (-0.05, 0.05)),
        *(ball(0.036, 16).moved(y=side * (width / 2 + 0.02), z=0.44) for side in (-1, 1)),
        *(ball(0.028, 16).moved(y=side * (width / 2 + 0.02), z=0.29) for side in (-1, 1)),
        cylinder(0.025, 0.04, 16).moved(z=0.46),
    ]
    face = [ball(0.016, 12).moved(x=0.05, y=y, z=0.545) for y in (-0.026, 0.026)]
    return [
        make_part(join(shell), painted(worn(canvas(body, 64, 64), "robot", 0.2), roughness=0.45)),
        make_part(join(joints), plain(joint, roughness=0.5)),
        make_part(ball(0.062, 24).moved(z=0.54), plain(head, roughness=0.4)),
        make_part(join(face), plain(BLACK, roughness=0.2)),
    ]


def robot_white() -> list[MeshPart]:
    """Walking robot: white shell, grey joints, 58 cm."""
    return _robot(WHITE, (90, 90, 95), WHITE, 0.18)


def robot_grey() -> list[MeshPart]:
    """Walking robot: light grey shell, black joints, slim, 58 cm."""
    return _robot((190, 190, 195), BLACK, (205, 205, 205), 0.13)


def robot_jersey() -> list[MeshPart]:
    """Walking robot: white with a red jersey, 58 cm."""
    jersey = make_part(rounded_box((0.11, 0.185, 0.14), 0.03).moved(z=0.38), plain((180, 25, 30), roughness=0.9))
    return [*_robot(WHITE, (60, 60, 65), WHITE, 0.17), jersey]


def robot_dark() -> list[MeshPart]:
    """Walking robot: black shell, white joints and head, 58 cm."""
    return _robot((45, 45, 50), WHITE, (225, 225, 225), 0.16)


def robot_blue() -> list[MeshPart]:
    """Walking robot: white with a blue jersey and dark joints, broad, 58 cm."""
    jersey = make_part(rounded_box((0.115, 0.215, 0.15), 0.035).moved(z=0.38), plain((30, 60, 170), roughness=0.9))
    return [*_robot((225, 225, 228), (35, 35, 40), (240, 240, 240), 0.2), jersey]


def robot_orange() -> list[MeshPart]:
    """Walking robot: silver with an orange jersey and black head, 58 cm."""
    jersey = make_part(rounded_box((0.11, 0.165, 0.16), 0.03).moved(z=0.375), plain((225, 110, 20), roughness=0.9))
    return [*_robot((205, 205, 208), (70, 70, 75), (35, 35, 38), 0.15), jersey]


def _painted_on_turf(surface: Surface) -> list[MeshPart]:
    return [make_part(surface, plain(WHITE, roughness=0.95))]


def line_straight() -> list[MeshPart]:
    """Field line: a white strip of 5 cm by 1.2 m."""
    return _painted_on_turf(rounded_box((1.2, 0.05, 0.003), 0.001))


def line_corner() -> list[MeshPart]:
    """Field line: a white corner, 60 cm each way."""
    outline = np.array([(0, 0), (0.6, 0), (0.6, 0.05), (0.05, 0.05), (0.05, 0.6), (0, 0.6)])
    return _painted_on_turf(extrude(outline, 0.003))


def line_circle() -> list[MeshPart]:
    """Field line: a white circle of 75 cm."""
    return _painted_on_turf(extrude_ring(circle(0.375, 48), circle(0.325, 48), 0.003))


def penalty_mark() -> list[MeshPart]:
    """Penalty mark: a white cross of 10 cm."""
    bars = [rounded_box((0.1, 0.035, 0.003), 0.001), rounded_box((0.035, 0.1, 0.0032), 0.001)]
    return _painted_on_turf(join(bars))


def goal_post() -> list[MeshPart]:
    """Goal post: a white pole of 80 cm."""
    return [make_part(cylinder(0.05, 0.8, 24), plain(WHITE, roughness=0.5))]


def lookalike_sphere() -> list[MeshPart]:
    """White sphere without a pattern, like a robot's head or shoulder, 10 cm."""
    return [make_part(ball(RADIUS_M, 32), plain((225, 225, 225), roughness=0.5))]


def lookalike_checker() -> list[MeshPart]:
    """Cube with a black and white checker, 9 cm."""
    skin = canvas(WHITE, 128, 192)
    for row in range(8):
        for col in range(row % 2, 12, 2):
            cv2.rectangle(skin, (col * 16, row * 16), (col * 16 + 15, row * 16 + 15), BLACK, -1)
    return [make_part(rounded_box((0.09, 0.09, 0.09), 0.006), painted(skin))]


def lookalike_can() -> list[MeshPart]:
    """White can with black spots, 10 cm."""
    skin: RgbImage = canvas(WHITE, 128, 128)
    spots(skin, 4, 5, 0.32, BLACK)
    return [make_part(cylinder(0.04, 0.1, 32), painted(worn(skin, "lookalike_can", 0.1)))]


def lookalike_egg() -> list[MeshPart]:
    """White egg with black bands, 14 cm."""
    skin = canvas(WHITE, 128, 64)
    for low in (0.2, 0.5, 0.75):
        band(skin, low, low + 0.12, BLACK)
    return [make_part(ball(0.042, 32).stretched(1.0, 1.0, 1.7), painted(worn(skin, "lookalike_egg", 0.1)))]


def lookalike_cone() -> list[MeshPart]:
    """Upturned bowl, white with a dark rim and a dark knob, 12 cm."""
    bowl = ball(0.06, 32).stretched(1.0, 1.0, 0.6).moved(z=0.02)
    knobs = [ball(0.016, 12).moved(z=0.056), cylinder(0.061, 0.012, 32).moved(z=0.008)]
    return [
        make_part(bowl, plain(WHITE, roughness=0.4)),
        make_part(join(knobs), plain(BLACK, roughness=0.4)),
    ]
