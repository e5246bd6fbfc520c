"""`init`: a ready recipe, commented, to be edited."""

from pathlib import Path

from meshsight.core.errors import CallError
from meshsight.core.kinds import Kinds

PRESET_KINDS = Kinds("meshsight.presets", "preset")
TAO = "detectnet_v2"


def init(preset: str | None = None, *, from_tao: Path | None = None) -> str:
    """Returns a commented recipe as YAML.

    Args:
        preset: its name, or NAME/VARIANT of one that comes in several variants.
        from_tao: a training specification of TAO's DetectNet_v2, instead of a preset.

    Raises:
        CallError: there is no such preset or variant, or not one of the two is given.
        SpecError: no specification that can be mapped.
    """
    if (preset is None) == (from_tao is None):
        raise CallError("init: expected a preset (`meshsight list presets`) or --from-tao FILE")
    if from_tao is not None:
        return PRESET_KINDS.module(TAO).recipe_from(from_tao)
    assert preset is not None
    name, _, variant = preset.partition("/")
    module = PRESET_KINDS.module(name)
    if not variant:
        return module.recipe()
    if not variants_of(name):
        raise CallError(f"preset '{name}' has no variants; `meshsight init {name}` prints it")
    return module.recipe(variant)


def variants_of(preset: str) -> dict[str, str]:
    """Returns the variants of a preset with what each is about; none for a preset that is one recipe."""
    variants = getattr(PRESET_KINDS.module(preset), "VARIANTS", {})
    return {name: variant.about for name, variant in variants.items()}
