"""A sweep: many runs of one recipe with other values, which values, and what makes one of them the best."""

from typing import Annotated, Any, Literal, cast

from pydantic import Discriminator, Field, JsonValue, Tag, model_validator

from meshsight.core.kinds import Kinds
from meshsight.specs.base import Slot, Spec, VariantSpec

SAMPLER_KINDS = Kinds("meshsight.search.samplers", "sampler", extra="sweep")
PRUNER_KINDS = Kinds("meshsight.search.pruners", "pruner", extra="sweep")

RECIPES = ("train", "scene")
SMALLER_IS_BETTER = (
    *("loss", "centre_px", "radius_px"),
    *("num_parameters", "num_flops", "microseconds", "seconds", "cpu_seconds"),
)


class RangeSpec(Spec):
    """Numbers between two bounds, both included; integers where both bounds are."""

    low: int | float
    high: int | float
    log: bool = False
    """Spread over orders of magnitude; `low` must be above 0."""
    step: int | float | None = Field(default=None, gt=0)
    """Distance of the values, counted from `low`; none: any number, or every integer."""

    @model_validator(mode="after")
    def _consistent(self) -> "RangeSpec":
        if self.low >= self.high:
            raise ValueError(f"expected low < high (found {self.low} and {self.high})")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log: needs low above 0, and no step")
        if self.is_integer and self.step is not None and not isinstance(self.step, int):
            raise ValueError(f"step: expected an integer, as the bounds are (found {self.step})")
        return self

    @property
    def is_integer(self) -> bool:
        """Whether only integers are drawn."""
        return isinstance(self.low, int) and isinstance(self.high, int)


class BundlesSpec(Spec):
    """Named settings of several fields, of which a trial takes one."""

    bundles: Annotated[dict[str, dict[str, JsonValue]], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _names(cls, data: Any) -> Any:
        """Takes YAML's unquoted `on`, `off`, `yes` and `no` for the names that they look like."""
        given = cast("dict[str, Any]", data)
        if isinstance(data, dict) and isinstance(given.get("bundles"), dict):
            bundles = cast("dict[Any, Any]", given["bundles"])
            return {**given, "bundles": {_WORDS.get(name, str(name)): value for name, value in bundles.items()}}
        return given


_WORDS: dict[Any, str] = {True: "on", False: "off"}


def _form(parameter: Any) -> str:
    if isinstance(parameter, BundlesSpec) or (isinstance(parameter, dict) and "bundles" in parameter):
        return "bundles"
    return "range" if isinstance(parameter, dict | RangeSpec) else "values"


Values = Annotated[list[JsonValue], Field(min_length=1)]
ParameterSpec = list[Any] | RangeSpec | BundlesSpec
TaggedParameterSpec = Annotated[
    Annotated[Values, Tag("values")] | Annotated[RangeSpec, Tag("range")] | Annotated[BundlesSpec, Tag("bundles")],
    Discriminator(_form),
]
"""Told apart by their form, so that what is wrong is said about the one that was meant."""


class ObjectiveSpec(Spec):
    """A figure of a finished trial, and which way is better."""

    metric: str
    """`best` is the figure by which the recipe chooses its weights; others are `ap`, `ap50`, the figures of a patch
    network, `loss`, `num_parameters`, `num_flops`, `microseconds` (of one input, here) and `seconds`."""
    goal: Literal["maximize", "minimize"]

    @model_validator(mode="before")
    @classmethod
    def _usual_goal(cls, data: Any) -> Any:
        given = cast("dict[str, Any]", {"metric": data} if isinstance(data, str) else data)
        if isinstance(given, dict) and "goal" not in given:  # pyright: ignore[reportUnnecessaryIsInstance]
            return {**given, "goal": "minimize" if given.get("metric") in SMALLER_IS_BETTER else "maximize"}
        return given

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self.goal == "maximize" else -1


class SweepSpec(Spec):
    """A sweep over a training recipe and, if wished, over the scenes that its data is drawn from."""

    version: Literal[1] = 1
    train: str | dict[str, JsonValue]
    """The recipe of a training: a file, `preset:NAME` or `preset:NAME/VARIANT`, or the recipe itself."""
    scene: str | dict[str, JsonValue] | None = None
    """A recipe of scenes, named alike: a trial learns from a set drawn from it; trials with equal scenes share one."""
    data: tuple[str, ...] = ()
    """Data sets to learn from."""
    val: tuple[str, ...] = ()
    """Data sets to measure on; the first one decides."""
    parameters: Annotated[dict[str, TaggedParameterSpec], Field(min_length=1)]
    """What varies, by `train.path.to.field` or `scene.path.to.field`: a list of values, a range, or named bundles,
    whose own name is free."""
    sampler: Annotated[VariantSpec, Slot(SAMPLER_KINDS)] = Field(default="grid", validate_default=True)  # pyright: ignore[reportAssignmentType]
    """How values are chosen."""
    trials: int | None = Field(default=None, ge=1)
    """How many runs; none: all of a grid."""
    pruner: Annotated[VariantSpec, Slot(PRUNER_KINDS)] | None = None
    """Which runs end early, judged at each of their validations; only with one objective."""
    objectives: Annotated[tuple[ObjectiveSpec, ...], Field(min_length=1)] = (
        ObjectiveSpec(metric="best", goal="maximize"),
    )
    """What is sought; with several, the first says which trial wins, and all of them which are not beaten."""
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> "SweepSpec":
        if self.scene is None and not self.data:
            raise ValueError("data: name a data set to learn from, or give a recipe of scenes")
        if self.pruner is not None and len(self.objectives) > 1:
            raise ValueError(f"pruner: needs one objective (found {len(self.objectives)})")
        for name, parameter in self.parameters.items():
            paths = _paths(name, parameter)
            for path in paths:
                recipe, _, rest = path.partition(".")
                if recipe not in RECIPES or not rest:
                    raise ValueError(f"parameters.{name}: expected train.FIELD or scene.FIELD (found '{path}')")
                if recipe == "scene" and self.scene is None:
                    raise ValueError(f"parameters.{name}: there is no recipe of scenes; give one as `scene`")
        return self


def _paths(name: str, parameter: ParameterSpec) -> tuple[str, ...]:
    if isinstance(parameter, BundlesSpec):
        return tuple(path for settings in parameter.bundles.values() for path in settings)
    return (name,)
