"""Glossy light of an environment: a pyramid of maps, each blurred by the reflection lobe of one roughness.

Level l is for roughness l / 4: level 0 is the map itself, the others are weighted by the GGX lobe seen head on (the
first factor of the split sum, Karis, "Real shading in Unreal Engine 4", SIGGRAPH 2013). On an equirectangular map the
blur does not depend on the azimuth, so it is a small matrix over the rows for each of the row's Fourier frequencies:
exact, and about a millisecond a map.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float32

from meshsight.render.equirect import RadianceMap, shrink, texel_directions, texel_solid_angles

BASE_HEIGHT = 128
NUM_LEVELS = 5


def reflection_pyramid(radiance: RadianceMap) -> tuple[RadianceMap, ...]:
    """Returns `NUM_LEVELS` maps, each half the size of the one before, from 128 x 256 on."""
    levels = [shrink(radiance, BASE_HEIGHT)]
    for level in range(1, NUM_LEVELS):
        smaller = shrink(levels[0], BASE_HEIGHT >> level)
        levels.append(_blur(smaller, level / (NUM_LEVELS - 1)))
    return tuple(levels)


def _blur(radiance: RadianceMap, roughness: float) -> RadianceMap:
    height, width = radiance.shape[:2]
    lobes = _lobes(height, width, roughness)
    spectrum = np.fft.rfft(radiance, axis=1).transpose(1, 0, 2)
    pairs = np.stack([spectrum.real, spectrum.imag], axis=-1).astype(np.float32).reshape(-1, height, 6)
    blurred = (lobes @ pairs).reshape(-1, height, 3, 2).astype(np.float64).view(np.complex128)[..., 0]
    return np.fft.irfft(blurred.transpose(1, 0, 2), n=width, axis=1).astype(np.float32)


@lru_cache(maxsize=NUM_LEVELS)
def _lobes(height: int, width: int, roughness: float) -> Float32[np.ndarray, "m h h"]:
    """Returns for each azimuthal frequency the weights (row out, row in)."""
    directions = texel_directions(height, width)
    cosine = np.einsum("ik,jak->ija", directions[:, 0], directions)
    weights = _lobe(cosine, roughness**2) * texel_solid_angles(height, width)[None]
    weights /= weights.sum(axis=(1, 2), keepdims=True)
    # Symmetric in the azimuth difference, so the transform is real.
    return np.ascontiguousarray(np.fft.rfft(weights, axis=2).real.transpose(2, 0, 1).astype(np.float32))


def _lobe(cosine: np.ndarray, alpha: float) -> np.ndarray:
    """Weighs light at an angle to the mirrored view: GGX of the half vector times the cosine at the surface."""
    half_cosine_squared = 0.5 * (1.0 + np.clip(cosine, -1.0, 1.0))
    ggx = (half_cosine_squared * (alpha**2 - 1.0) + 1.0) ** -2.0
    return ggx * np.maximum(cosine, 0.0)
