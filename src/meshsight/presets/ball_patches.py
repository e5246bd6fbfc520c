"""How `meshsight patches make` cuts balls: every key explained, and the habits of teams as variants."""

from functools import partial
from itertools import product

from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.patch_making import NegativeSpec, PatchMakeSpec, ProposalSpec

NAOTH_COLOURS = ("y_pil", "y_cv2", "yuv422_pil", "yuv422_cv2")


def hard(seed: int = 0) -> PatchMakeSpec:
    """Returns how the patches of `benchmarks/ball_patches.py` are cut from `ball_scenes`.

    A ball fills 0.59 to 0.83 of a patch's side and its centre is up to a fifth of the side off, 2.1 of 16 pixels on
    average; half of each ball can be seen at least. What shows a seventh to a half of one is left out.
    """
    return PatchMakeSpec(
        proposals=ProposalSpec(per_object=8, scale=(1.2, 1.7), shift=0.2),
        negatives=NegativeSpec(near=2.0, busy=14.0, anywhere=4.0, candidates=4),
        seed=seed,
    )


def _naoth(colour: str, border: float, side: int) -> PatchMakeSpec:
    spec = PatchMakeSpec(border=border, size_hw=(side, side))
    return spec.evolve(colour=colour, split={"train": 0.7, "validation": 0.15, "test": 0.15})


def _variants() -> dict[str, Variant]:
    found = {"default": Variant(make=PatchMakeSpec, about="16x16, luminance of OpenCV, one set")}
    found["hard"] = Variant(make=hard, about="many patches of each scene, as the benchmark of the small nets cuts them")
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
