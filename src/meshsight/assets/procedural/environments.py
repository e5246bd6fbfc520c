"""Light from all directions, made by code: equirectangular linear radiance of 128x256.

Row 0 is up (+z); column 0 begins at +x and columns turn towards +y. The mean radiance over the sphere is 1.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float32

from meshsight.assets.procedural.noise import fractal_noise

Radiance = Float32[np.ndarray, "h w 3"]
Painter = Callable[[np.random.Generator], Radiance]
_Rgb = tuple[float, float, float] | Float[np.ndarray, "3"]

HEIGHT, WIDTH = 128, 256
_ELEVATION = (np.pi / 2 - (np.arange(HEIGHT) + 0.5) / HEIGHT * np.pi).astype(np.float32)[:, None]
_AZIMUTH = ((np.arange(WIDTH) + 0.5) / WIDTH * 2 * np.pi).astype(np.float32)[None, :]
_UP = np.broadcast_to(np.sin(_ELEVATION), (HEIGHT, WIDTH)).astype(np.float32)


def normalize_radiance(radiance: Radiance) -> Radiance:
    """Scales a map so that its mean over the sphere and the three channels is 1."""
    rows = len(radiance)
    weights = np.sin((np.arange(rows) + 0.5) / rows * np.pi)
    mean = float((radiance.mean(axis=(1, 2), dtype=np.float64) * weights).sum() / weights.sum())
    return (radiance / max(mean, 1e-9)).astype(np.float32)


def _full(color: _Rgb) -> Radiance:
    return np.tile(np.asarray(color, dtype=np.float32), (HEIGHT, WIDTH, 1))


def _mix(weight: Float32[np.ndarray, "h w"], low: _Rgb, high: _Rgb) -> Radiance:
    t = np.clip(weight, 0.0, 1.0)[..., None]
    return ((1 - t) * np.asarray(low, dtype=np.float32) + t * np.asarray(high, dtype=np.float32)).astype(np.float32)


def _tint(rng: np.random.Generator, warmth: float, spread: float = 0.15) -> Float[np.ndarray, "3"]:
    """Draws a white that is warm (`warmth` > 0) or cool (< 0)."""
    return np.clip(np.array([1.0 + warmth, 1.0, 1.0 - warmth]) + rng.uniform(-spread, spread, 3), 0.05, None)


def _panel(azimuth: float, elevation: float, half_width: float, half_height: float) -> Float32[np.ndarray, "h w"]:
    """Returns a rectangle in angles (radians) with edges two pixels soft."""
    edge = 2 * np.pi / HEIGHT
    turn = np.abs((_AZIMUTH - azimuth + np.pi) % (2 * np.pi) - np.pi) * np.cos(_ELEVATION)
    across = np.clip((half_width - turn) / edge + 0.5, 0, 1)
    along = np.clip((half_height - np.abs(_ELEVATION - elevation)) / edge + 0.5, 0, 1)
    return (across * along).astype(np.float32)


def _disc(azimuth: float, elevation: float, radius: float) -> Float32[np.ndarray, "h w"]:
    """Returns a soft disc on the sphere, 1 inside `radius` (radians) and falling to 0 over one more."""
    cosine = np.sin(_ELEVATION) * np.sin(elevation) + np.cos(_ELEVATION) * np.cos(elevation) * np.cos(
        _AZIMUTH - azimuth
    )
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    return np.clip(2.0 - angle / radius, 0, 1).astype(np.float32)


def _add(radiance: Radiance, weight: Float32[np.ndarray, "h w"], color: _Rgb) -> Radiance:
    return radiance + weight[..., None] * np.asarray(color, dtype=np.float32)


def _around(rng: np.random.Generator, cells_hw: tuple[int, int], octaves: int) -> Float32[np.ndarray, "h w"]:
    """Returns noise that closes around the azimuth (and, harmlessly, over the poles)."""
    return fractal_noise(rng, (HEIGHT, WIDTH), cells_hw, octaves, tile=True)


def studio(rng: np.random.Generator) -> Radiance:
    """Two to five softboxes around a grey room."""
    level = rng.uniform(0.05, 0.5)
    radiance = _mix(0.5 + 0.5 * _UP, np.full(3, 0.6 * level), np.full(3, level))
    for _ in range(int(rng.integers(2, 6))):
        box = _panel(rng.uniform(0, 2 * np.pi), rng.uniform(-0.1, 1.3), rng.uniform(0.15, 0.6), rng.uniform(0.1, 0.4))
        radiance = _add(radiance, box, rng.uniform(3, 12) * _tint(rng, rng.uniform(-0.2, 0.2), 0.05))
    return radiance


def sky(rng: np.random.Generator) -> Radiance:
    """Blue sky with clouds, a sun disc and ground below the horizon."""
    air = _mix(np.sqrt(np.clip(_UP, 0, 1)), (0.9, 0.95, 1.0), (0.15, 0.35, 0.9))
    cover = np.clip((_around(rng, (4, 8), 4) - rng.uniform(0.4, 0.8)) * 4, 0, 1)[..., None]
    air = (1 - cover) * air + cover * np.float32(1.2)
    ground = rng.uniform(0.05, 0.35) * _tint(rng, 0.1)
    above = np.clip(_UP * 40 + 0.5, 0, 1)[..., None]
    radiance = (above * air + (1 - above) * ground).astype(np.float32)
    sun = _disc(rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 1.4), 0.05)
    return _add(radiance, sun, rng.uniform(40, 160) * _tint(rng, 0.08, 0.02))


def sunset(rng: np.random.Generator) -> Radiance:
    """A warm band at the horizon, a low red sun, and a dark blue zenith."""
    azimuth = rng.uniform(0, 2 * np.pi)
    warm = np.array([1.6, rng.uniform(0.4, 0.8), rng.uniform(0.1, 0.4)])
    high = np.array([rng.uniform(0.1, 0.4), 0.2, rng.uniform(0.3, 0.7)])
    toward = (0.5 + 0.5 * np.cos(_AZIMUTH - azimuth)) * np.exp(-4 * np.abs(_UP))
    radiance = _mix(toward.astype(np.float32), high, warm) * (0.7 + 0.6 * _around(rng, (8, 8), 3))[..., None]
    radiance = np.where((_UP < 0)[..., None], np.float32(0.25) * radiance, radiance).astype(np.float32)
    sun = _disc(azimuth, rng.uniform(0.05, 0.25), 0.07)
    return _add(radiance, sun, rng.uniform(20, 60) * np.array([1.0, 0.55, 0.25]))


def overcast(rng: np.random.Generator) -> Radiance:
    """Even cloud, brightest overhead (CIE: (1 + 2 sin elevation) / 3), over dull ground."""
    cloud = (1 + 2 * np.clip(_UP, 0, 1)) / 3 * (0.8 + 0.4 * _around(rng, (4, 8), 4))
    ground = rng.uniform(0.05, 0.4)
    level = np.where(_UP > 0, cloud, ground).astype(np.float32)
    return (level[..., None] * _tint(rng, rng.uniform(-0.15, 0.1), 0.05)).astype(np.float32)


def room(rng: np.random.Generator) -> Radiance:
    """Indoors: warm walls, a ceiling lamp, and one to three bright cool windows."""
    wall, floor = rng.uniform(0.15, 0.5) * _tint(rng, 0.2), rng.uniform(0.05, 0.3) * _tint(rng, 0.25)
    radiance = _mix(np.clip(_UP * 6 + 2.5, 0, 1), floor, wall)
    radiance = _add(radiance, np.clip((_UP - 0.75) * 20, 0, 1), rng.uniform(0.1, 0.5) * _tint(rng, 0.05))
    for _ in range(int(rng.integers(1, 4))):
        azimuth, elevation = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.4)
        window = _panel(azimuth, elevation, rng.uniform(0.15, 0.45), rng.uniform(0.15, 0.4))
        bars = _panel(azimuth, elevation, 0.03, 1.0)
        radiance = _add(radiance, window * (1 - bars), rng.uniform(3, 9) * _tint(rng, -0.15, 0.05))
    lamp = _disc(rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 1.5), rng.uniform(0.08, 0.2))
    return _add(radiance, lamp, rng.uniform(2, 15) * _tint(rng, 0.25, 0.05))


def lamps(rng: np.random.Generator) -> Radiance:
    """Night: a dark world with many small coloured lamps."""
    radiance = _mix(0.5 + 0.5 * _UP, (0.05, 0.04, 0.03), rng.uniform(0.01, 0.1, 3))
    for _ in range(int(rng.integers(8, 30))):
        lamp = _disc(rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 1.0), rng.uniform(0.02, 0.1))
        radiance = _add(radiance, lamp, rng.uniform(5, 40) * _tint(rng, rng.uniform(-0.4, 0.6), 0.3))
    return radiance


def forest(rng: np.random.Generator) -> Radiance:
    """Foliage with holes through which the sky shines."""
    leaf = np.array([rng.uniform(0.05, 0.25), rng.uniform(0.15, 0.4), rng.uniform(0.02, 0.1)])
    radiance = _mix(_around(rng, (8, 16), 4), 0.3 * leaf, 1.5 * leaf)
    holes = np.clip((_around(rng, (16, 32), 3) - 0.72) * 12, 0, 1) * np.clip(_UP * 4, 0, 1)
    radiance = _add(radiance, holes.astype(np.float32), rng.uniform(2, 6) * _tint(rng, -0.1, 0.05))
    soil = rng.uniform(0.05, 0.2) * _tint(rng, 0.3)
    return np.where((_UP < -0.1)[..., None], soil * (0.6 + _around(rng, (16, 16), 3))[..., None], radiance).astype(
        np.float32
    )


def hall(rng: np.random.Generator) -> Radiance:
    """A workshop: rows of strip lights under a dark roof, floor and walls of concrete."""
    concrete = rng.uniform(0.1, 0.35) * _tint(rng, 0.03, 0.05)
    radiance = _mix(np.clip(_UP * 3 + 0.5, 0, 1), concrete, 0.3 * concrete)
    radiance = radiance * (0.7 + 0.6 * _around(rng, (8, 16), 4))[..., None]
    height, turn = rng.uniform(0.5, 1.5), rng.uniform(0, np.pi)
    across = height * np.cos(_ELEVATION) / np.clip(np.sin(_ELEVATION), 0.05, None)
    x, y = across * np.cos(_AZIMUTH - turn), across * np.sin(_AZIMUTH - turn)
    pitch = rng.uniform(0.5, 1.5)
    strips = (np.abs(x % pitch - 0.5 * pitch) < 0.08) & (np.abs(y % (2 * pitch) - pitch) < 0.6 * pitch)
    lit = (strips & (_UP > 0.12)).astype(np.float32)
    return _add(radiance, lit, rng.uniform(5, 14) * _tint(rng, rng.uniform(-0.1, 0.1), 0.03)).astype(np.float32)


def neon(rng: np.random.Generator) -> Radiance:
    """Two or three broad lights of strong colours from different sides."""
    radiance = _full(rng.uniform(0.05, 0.3, 3))
    start = rng.uniform(0, 2 * np.pi)
    for side in range(int(rng.integers(2, 4))):
        glow = _disc(start + side * rng.uniform(1.6, 2.6), rng.uniform(-0.2, 0.9), rng.uniform(0.3, 0.7))
        color = rng.uniform(0.0, 1.0, 3) ** 2 + 0.05
        radiance = _add(radiance, glow, rng.uniform(2, 6) * color / color.max())
    return radiance


ENVIRONMENTS: dict[str, Painter] = {
    "forest": forest,
    "hall": hall,
    "lamps": lamps,
    "neon": neon,
    "overcast": overcast,
    "room": room,
    "sky": sky,
    "studio": studio,
    "sunset": sunset,
}
