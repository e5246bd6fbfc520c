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
    {kind: bernoulli, probability: 0.5}
    {kind: linspace, low: 0, high: 90, num: 4}
A normal distribution without low or high is open on that side.

What is null or empty here is switched off; `{}` switches it on with its defaults, as in
    room: {}
    focus: {}
    motion: {camera_speed_mps: [0, 0.5]}
    occluders: {probability: 0.5, cover: [0.2, 0.6]}
    lights: {lamps: [{kind: three_point}, {kind: area, count: [0, 2]}]}
    bundles: [{name: night, settings: {environment.strength: 0.05, lights.suns.count: 0}}, {name: day, settings: {}}]

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
