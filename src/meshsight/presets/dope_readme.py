"""DOPE's scenes with the counts of its fork's README: 20 to 30 objects among 50 to 75 distractors."""

from meshsight.presets import dope


def recipe() -> str:
    """Returns the recipe as commented YAML."""
    return dope.recipe("readme")
