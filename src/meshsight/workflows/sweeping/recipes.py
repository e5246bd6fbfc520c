"""The recipes that a sweep starts from, and those of its trials."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshsight.core.errors import MeshsightError, SpecError
from meshsight.search.history import Params
from meshsight.search.space import choices_of, settings_of
from meshsight.specs.base import parse_spec
from meshsight.specs.recipe import apply_settings
from meshsight.specs.scene import SceneSpec
from meshsight.specs.sweep import SweepSpec
from meshsight.workflows.jobs.run_trial import training_recipe
from meshsight.workflows.sweeping.named import plain_recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecipes:
    """What a trial is made from, as plain data with every default written out."""

    train: dict[str, Any]
    scene: dict[str, Any] | None


class SweepRecipes:
    """The recipes of a sweep."""

    def __init__(self, spec: SweepSpec, root: Path) -> None:
        """Reads them.

        Args:
            spec: the sweep.
            root: folder of its file, which its paths start from.

        Raises:
            SpecError: a recipe is missing or wrong.
        """
        self._spec = spec
        train = training_recipe(plain_recipe(spec.train, root), "train")
        self._train: Any = train.model_dump(mode="json")  # with every default, so that each can be varied
        self._scene: Any = None
        if spec.scene is not None:
            self._scene = parse_spec(SceneSpec, plain_recipe(spec.scene, root), "scene").model_dump(mode="json")

    def of(self, params: Params) -> TrialRecipes:
        """Returns the recipes of a trial.

        Raises:
            SpecError: the values do not fit the recipe.
        """
        train = apply_settings(self._train, settings_of(self._spec, params, "train"), "parameters")
        made = training_recipe(train, "train").model_dump(mode="json")
        if self._scene is None:
            return TrialRecipes(train=made, scene=None)
        scene = apply_settings(self._scene, settings_of(self._spec, params, "scene"), "parameters")
        return TrialRecipes(train=made, scene=parse_spec(SceneSpec, scene, "scene").model_dump(mode="json"))

    def check(self) -> None:
        """Tries each value of each parameter alone, so that a typing error is found before the first trial.

        Raises:
            SpecError: a value does not fit its field, whatever the others are.
        """
        self.of({})
        for name, parameter in self._spec.parameters.items():
            values = choices_of(parameter) or []
            problems = [problem for value in values if (problem := self._problem({name: value})) is not None]
            if values and len(problems) == len(values):
                raise SpecError(f"parameters.{name}: none of its values fits: {problems[0]}")

    def _problem(self, params: Params) -> str | None:
        try:
            self.of(params)
        except MeshsightError as error:
            return str(error).splitlines()[0]
        return None
