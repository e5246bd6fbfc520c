"""How a scene varies the materials that meshes bring along."""

from pydantic import Field

from meshsight.specs.base import Spec
from meshsight.specs.distributions import Choice, Distribution, Uniform
from meshsight.specs.pictures import ProceduralTextures, TextureSource
from meshsight.specs.ranges import Fraction, NonNegative


class MaterialJitter(Spec):
    """Changes of an object's own materials."""

    probability: float = Field(default=0.5, ge=0, le=1)
    """How often an object's materials are changed at all."""
    hue_deg: Distribution = Uniform(low=0, high=360)
    """Hue of the tint."""
    saturation: Fraction = Uniform(low=0.0, high=0.12)
    """Strength of the tint: 0 keeps every colour, 1 leaves only those of the hue."""
    brightness: NonNegative = Uniform(low=0.7, high=1.1)
    """Factor on the base colour."""
    roughness: Fraction | None = None
    """Replaces the roughness; null keeps the material's own."""
    metallic: Fraction | None = None
    """Replaces the metallic value; null keeps the material's own."""
    texture_probability: float = Field(default=0.0, ge=0, le=1)
    """How often the base colour texture is swapped for another picture."""
    textures: TextureSource = ProceduralTextures()
    """Where swapped textures come from."""


RANDOM_MATERIALS = MaterialJitter(
    probability=1.0,
    saturation=Uniform(low=0.0, high=0.9),
    brightness=Uniform(low=0.4, high=1.1),
    roughness=Uniform(low=0.15, high=1.0),
    metallic=Choice(values=(0, 1), weights=(0.85, 0.15)),
    texture_probability=0.5,
)
