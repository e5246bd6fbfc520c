"""The recipe to begin with: a few built-in objects, everything else at its default and explained."""

from meshsight.specs.commented import dump_commented
from meshsight.specs.scene import ObjectSpec, SceneSpec

HEAD = """A scene recipe: labelled pictures of 3D models.

Put your own models under `objects`, then look at what would be drawn:
    meshsight preview SPEC.yaml --out grid.png
and draw it:
    meshsight generate SPEC.yaml --out data

A number may be a constant (0.5), a range [low, high], or a mapping:
    {kind: log_uniform, low: 0.1, high: 1}
    {kind: normal, mean: 0, std: 1, low: -3, high: 3}
    {kind: choice, values: [0, 1], weights: [0.8, 0.2]}
Every key but `objects` may be left out; what stands here are the defaults."""


def basic() -> SceneSpec:
    """Returns the recipe: two classes, one of which has two meshes."""
    return SceneSpec(
        objects=(
            ObjectSpec(name="mug", mesh="builtin:mug"),
            ObjectSpec(name="can", mesh="builtin:can_cola"),
            ObjectSpec(name="can", mesh="builtin:can_paint"),
        )
    )


def recipe() -> str:
    """Returns the recipe as YAML, with a comment above each key."""
    return dump_commented(basic(), HEAD)
