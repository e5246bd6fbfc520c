"""`init`: a ready recipe, commented, to be edited."""

from meshsight.core.errors import CallError
from meshsight.core.kinds import Kinds

PRESET_KINDS = Kinds("meshsight.presets", "preset")


def init(preset: str) -> str:
    """Returns a commented recipe as YAML.

    Args:
        preset: its name, or NAME/VARIANT of one that comes in several variants.

    Raises:
        CallError: there is no such preset or variant.
    """
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
