"""`init`: a ready recipe, commented, to be edited."""

from pathlib import Path

from meshsight.core.errors import CallError
from meshsight.core.kinds import Kinds

PRESET_KINDS = Kinds("meshsight.presets", "preset")
TAO = "detectnet_v2"


def init(preset: str | None = None, source: Path | None = None, *, from_tao: Path | None = None) -> str:
    """Returns a commented recipe as YAML.

    Args:
        preset: its name, or NAME/VARIANT of one that comes in several variants; '-' counts as '_'.
        source: a settings file of the system that the preset stands for, which is read instead of its defaults.
        from_tao: a training specification of TAO's DetectNet_v2, instead of a preset.

    Raises:
        CallError: there is no such preset or variant, it reads no settings, or not one of preset and TAO is given.
        SpecError: the settings are no settings of that system.
    """
    if (preset is None) == (from_tao is None):
        raise CallError("init: expected a preset (`meshsight list presets`) or --from-tao FILE")
    if from_tao is not None:
        return PRESET_KINDS.module(TAO).recipe_from(from_tao)
    assert preset is not None
    return _preset(preset, source)


def _preset(preset: str, source: Path | None) -> str:
    name, _, variant = preset.partition("/")
    name = name.replace("-", "_")
    module = PRESET_KINDS.module(name)
    if source is not None:
        if variant or not hasattr(module, "recipe_from"):
            able = ", ".join(kind for kind in PRESET_KINDS.names if hasattr(PRESET_KINDS.module(kind), "recipe_from"))
            raise CallError(f"preset '{preset}' reads no settings of another system; these do: {able}")
        return module.recipe_from(source)
    if not variant:
        return module.recipe()
    if not variants_of(name):
        raise CallError(f"preset '{name}' has no variants; `meshsight init {name}` prints it")
    return module.recipe(variant)


def variants_of(preset: str) -> dict[str, str]:
    """Returns the variants of a preset with what each is about; none for a preset that is one recipe."""
    variants = getattr(PRESET_KINDS.module(preset), "VARIANTS", {})
    return {name: variant.about for name, variant in variants.items()}
