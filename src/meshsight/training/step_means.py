"""Training metrics as means over a few steps, which is what trackers are told."""

from collections import defaultdict

from meshsight.training.events import StepDone


class StepMeans:
    """Gathers steps, and gives the means of their numbers every so often, by names such as `train/loss`."""

    def __init__(self, every_steps: int):
        self._every = every_steps
        self._steps: list[StepDone] = []

    def take(self, step: StepDone) -> dict[str, float] | None:
        """Takes in a step; returns the means when enough have come."""
        self._steps.append(step)
        return self.rest() if len(self._steps) >= self._every else None

    def rest(self) -> dict[str, float] | None:
        """Returns the means of what has come since they were last given; None if nothing has."""
        if not self._steps:
            return None
        sums: defaultdict[str, list[float]] = defaultdict(list)
        for step in self._steps:
            for name, value in _numbers(step).items():
                sums[f"train/{name}"].append(value)
        self._steps.clear()
        return {name: sum(values) / len(values) for name, values in sums.items()}


def _numbers(step: StepDone) -> dict[str, float]:
    terms = {f"loss_{name}": value for name, value in step.losses.items()}
    sources = {f"loss_on_{name}": value for name, value in step.source_losses.items()}
    rest = {"seconds": step.seconds, "data_wait": step.data_wait, "grad_norm": step.grad_norm}
    return {"loss": step.loss, **terms, **sources, **rest, "learning_rate": step.learning_rate}
