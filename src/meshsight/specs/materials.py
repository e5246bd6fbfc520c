"""How a scene varies materials: those that meshes bring along, and those of ground and walls."""

from typing import Annotated

from pydantic import Field

from meshsight.specs.base import Spec
from meshsight.specs.colors import WHITE, Color
from meshsight.specs.distributions import Choice, Constant, Distribution, LogUniform, Uniform
from meshsight.specs.pictures import ProceduralTextures, TextureSource
from meshsight.specs.ranges import NOT_EMPTY, Fraction, NonNegative, Positive


class MaterialChange(Spec):
    """Changes of materials."""

    probability: float = Field(default=0.5, ge=0, le=1)
    """How often materials are changed at all."""
    hue_deg: Distribution = Uniform(low=0, high=360)
    """Hue of the tint."""
    saturation: Fraction = Uniform(low=0.0, high=0.12)
    """Strength of the tint: 0 keeps every colour, 1 leaves only those of the hue."""
    brightness: NonNegative = Uniform(low=0.7, high=1.1)
    """Factor on the base colour."""
    hue_shift_deg: Distribution | None = None
    """Turns the hue of the tinted material, its texture and vertex colours; null leaves it."""
    saturation_factor: NonNegative | None = None
    """Factor on the saturation of the same; null leaves it."""
    roughness: Fraction | None = None
    """Replaces the roughness; null keeps the material's own."""
    roughness_probability: float = Field(default=1.0, ge=0, le=1)
    """How often it does."""
    metallic: Fraction | None = None
    """Replaces the metallic value; null keeps the material's own."""
    metallic_probability: float = Field(default=1.0, ge=0, le=1)
    """How often it does."""
    color: Color | None = None
    """Replaces the base colour and its texture (the tint still applies); null keeps the material's own."""
    color_probability: float = Field(default=1.0, ge=0, le=1)
    """How often it does."""
    texture_probability: float = Field(default=0.0, ge=0, le=1)
    """How often the base colour texture is swapped for another picture."""
    textures: TextureSource = ProceduralTextures()
    """Where swapped textures come from."""
    glow: NonNegative | None = None
    """Radiance that the surface emits; null keeps the material's own."""
    glow_probability: float = Field(default=1.0, ge=0, le=1)
    """How often it does."""
    glow_color: Color = WHITE
    """Colour of the glow."""
    glow_textures: TextureSource | None = None
    """Pictures that the glow is multiplied by; null for an even glow."""


class PartChange(Spec):
    """Changes of single parts of a mesh, instead of those of the whole."""

    parts: Annotated[tuple[str | int, ...], NOT_EMPTY]
    """Which: names of the mesh's materials, where * stands for anything, or their indices from 0."""
    is_optional: bool = False
    """Whether meshes without such a part are left alone, instead of being an error."""
    changes: MaterialChange = MaterialChange(probability=1.0)
    """What is changed."""


class MaterialJitter(MaterialChange):
    """Changes of an object's own materials."""

    parts: tuple[PartChange, ...] = ()
    """Changes of single parts, chosen by the names of their materials."""


RANDOM_MATERIALS = MaterialJitter(
    probability=1.0,
    saturation=Uniform(low=0.0, high=0.9),
    brightness=Uniform(low=0.4, high=1.1),
    roughness=Uniform(low=0.15, high=1.0),
    metallic=Choice(values=(0, 1), weights=(0.85, 0.15)),
    texture_probability=0.5,
)


class PlaneMaterial(Spec):
    """What ground and walls are made of."""

    texture_probability: float = Field(default=0.85, ge=0, le=1)
    """How often there is a texture; else it has one colour."""
    textures: TextureSource = ProceduralTextures()
    """Where textures come from."""
    tile: Positive = LogUniform(low=0.3, high=1.5)
    """Side of a texture tile, in multiples of the region's radius."""
    tile_m: Positive | None = None
    """Side of a texture tile in metres, instead of `tile`."""
    hue_deg: Distribution = Uniform(low=0, high=360)
    """Hue of the tint."""
    saturation: Fraction = Uniform(low=0.0, high=0.25)
    """Strength of the tint."""
    brightness: NonNegative = Uniform(low=0.25, high=0.85)
    """Factor on the texture's colours, or brightness where there is none."""
    roughness: Fraction = Uniform(low=0.4, high=1.0)
    """Roughness."""
    metallic: Fraction = Constant(value=0.0)
    """0 for paint, stone or wood, 1 for metal."""
    glow: NonNegative = Constant(value=0.0)
    """Radiance that the surface emits."""
    glow_color: Color = WHITE
    """Colour of the glow."""
    glow_textures: TextureSource | None = None
    """Pictures that the glow is multiplied by; null for an even glow."""
