"""The `raster` renderer: physically based shading with OpenGL, on a GPU or in software. The default.

Where Mesa draws in software, a process that uses torchvision, too, must import it before it opens this renderer:
torchvision loads triton, whose LLVM and Mesa's cannot be loaded in the other order (the process dies). Every verb draws
in worker processes or without torch, so this concerns only Python programs that draw and train in one process.
"""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Draws with OpenGL 3.3: textures, environment light, shadows, antialiasing."""

    kind: Literal["raster"] = "raster"
    samples: Literal[1, 4] = 4
    """Samples of geometry and texture in each pixel (4: a 2 x 2 grid), against jagged edges. Light is computed once a
    pixel, and at edges once a sample. Labels are always sampled at pixel centres."""
    shadow_map_size: int = Field(default=512, ge=64, le=4096)
    """Side of each sun's shadow map in texels."""
    anisotropy: int = Field(default=1, ge=1, le=16)
    """Texture samples along the direction of a slanted view; more is sharper on the ground and slower in software."""
    area_cells: int = Field(default=2, ge=1, le=4)
    """Rows and columns of small lamps that stand for each area light."""
    blur_samples: int = Field(default=16, ge=2, le=256)
    """Pictures that are averaged where a scene has depth of field or motion, each from another place of the lens and
    another time; more is smoother and slower."""
    cache_mb: int = Field(default=512, ge=16)
    """Memory for meshes, and the same again for textures, that are kept between frames."""
