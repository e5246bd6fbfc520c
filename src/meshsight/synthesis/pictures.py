"""Which picture: a reference drawn from families and seeds, or from files."""

from typing import get_args

import numpy as np

from meshsight.specs.pictures import (
    BackgroundFamily,
    EnvironmentFamily,
    PictureFiles,
    ProceduralEnvironments,
    ProceduralTextures,
    Seeds,
    TextureFamily,
)
from meshsight.specs.surroundings import ProceduralBackgrounds


def draw_texture(source: ProceduralTextures | PictureFiles, rng: np.random.Generator) -> str:
    """Draws the reference of a surface texture."""
    if isinstance(source, PictureFiles):
        return draw_file(source.files, rng)
    return _draw_procedural("texture", source.families or get_args(TextureFamily), source.seeds, rng)


def draw_environment_map(source: ProceduralEnvironments | PictureFiles, rng: np.random.Generator) -> str:
    """Draws the reference of an environment map."""
    if isinstance(source, PictureFiles):
        return draw_file(source.files, rng)
    return _draw_procedural("environment", source.families or get_args(EnvironmentFamily), source.seeds, rng)


def draw_background_picture(source: ProceduralBackgrounds, rng: np.random.Generator) -> str:
    """Draws the reference of a painted background."""
    return _draw_procedural("background", source.families or get_args(BackgroundFamily), source.seeds, rng)


def draw_file(files: tuple[str, ...], rng: np.random.Generator) -> str:
    """Draws one of several references, each equally likely."""
    return files[rng.integers(0, len(files))]


def _draw_procedural(sort: str, families: tuple[str, ...], seeds: Seeds, rng: np.random.Generator) -> str:
    family = families[rng.integers(0, len(families))]
    return f"{sort}:{family}/{rng.integers(seeds[0], seeds[1] + 1)}"
