"""How `meshsight patches make` cuts balls: every key explained, and the habits of teams as variants."""

from functools import partial
from itertools import product

from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.patch_making import PatchMakeSpec

NAOTH_COLOURS = ("y_pil", "y_cv2", "yuv422_pil", "yuv422_cv2")


def _naoth(colour: str, border: float, side: int) -> PatchMakeSpec:
    spec = PatchMakeSpec(border=border, size_hw=(side, side))
    return spec.evolve(colour=colour, split={"train": 0.7, "validation": 0.15, "test": 0.15})


def _variants() -> dict[str, Variant]:
    found = {"default": Variant(make=PatchMakeSpec, about="16x16, luminance of OpenCV, one set")}
    for colour, border, side in product(NAOTH_COLOURS, (0, 10, 20), (16, 32)):
        make = partial(_naoth, colour, border / 100, side)
        about = f"NaoTH's {colour}, border {border} %, {side}x{side}, in three splits"
        found[f"naoth_{colour}_border{border}_{side}"] = Variant(make=make, about=about)
    return found


VARIANTS = _variants()


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML.

    Raises:
        CallError: there is no such variant.
    """
    return print_variant("ball_patches", VARIANTS, variant, __doc__ or "")
