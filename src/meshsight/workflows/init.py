"""`init`: a ready recipe, commented, to be edited."""

from meshsight.core.kinds import Kinds

PRESET_KINDS = Kinds("meshsight.presets", "preset")


def init(preset: str) -> str:
    """Returns a commented recipe as YAML.

    Raises:
        CallError: there is no such preset.
    """
    return PRESET_KINDS.module(preset).recipe()
