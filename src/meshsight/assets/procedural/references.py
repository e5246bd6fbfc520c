"""References to procedural pictures: `texture:FAMILY/SEED`, `background:FAMILY/SEED`, `environment:FAMILY/SEED`."""

import numpy as np
from jaxtyping import Float32

from meshsight.assets.procedural.backgrounds import BACKGROUNDS
from meshsight.assets.procedural.environments import ENVIRONMENTS, normalize_radiance
from meshsight.assets.procedural.textures import TEXTURES
from meshsight.core.errors import AssetError
from meshsight.core.images import RgbImage
from meshsight.core.kinds import did_you_mean
from meshsight.core.rng import stream

_FAMILIES: dict[str, tuple[str, ...]] = {
    "background": tuple(sorted(BACKGROUNDS)),
    "environment": tuple(sorted(ENVIRONMENTS)),
    "texture": tuple(sorted(TEXTURES)),
}
SORTS = tuple(_FAMILIES)


def list_families(sort: str) -> tuple[str, ...]:
    """Returns the family names of a sort: `background`, `environment` or `texture`."""
    return _FAMILIES[sort]


def sort_of(ref: str) -> str | None:
    """Returns which procedural sort a reference names, or None for anything else, such as a path."""
    sort, colon, _ = ref.partition(":")
    return sort if colon and sort in _FAMILIES else None


def draw_picture(ref: str) -> RgbImage:
    """Draws a procedural texture (256x256, tileable) or background (480x640).

    Raises:
        AssetError: an unknown sort or family, or a seed that is no whole number.
    """
    sort, family, seed = _parse(ref, ("texture", "background"))
    painter = (TEXTURES if sort == "texture" else BACKGROUNDS)[family]
    return painter(stream(seed, 0, f"{sort}:{family}"))


def draw_environment(ref: str) -> Float32[np.ndarray, "h w 3"]:
    """Draws a procedural environment, linear radiance of 128x256 with mean 1 over the sphere.

    Raises:
        AssetError: an unknown sort or family, or a seed that is no whole number.
    """
    sort, family, seed = _parse(ref, ("environment",))
    return normalize_radiance(ENVIRONMENTS[family](stream(seed, 0, f"{sort}:{family}")))


def _parse(ref: str, sorts: tuple[str, ...]) -> tuple[str, str, int]:
    sort, _, rest = ref.partition(":")
    family, slash, seed = rest.partition("/")
    if sort not in sorts:
        raise AssetError(f"'{ref}': expected {' or '.join(f'{s}:FAMILY/SEED' for s in sorts)}")
    if family not in _FAMILIES[sort]:
        hint = did_you_mean(family, _FAMILIES[sort]) or f"; there are: {', '.join(_FAMILIES[sort])}"
        raise AssetError(f"'{ref}': no {sort} family '{family}'{hint}")
    if not slash or not seed.isascii() or not seed.isdigit():
        raise AssetError(f"'{ref}': expected a whole number after the family, as in {sort}:{family}/7")
    return sort, family, int(seed)
