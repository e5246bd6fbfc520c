"""The loss terms of one layer of a query detector."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from meshsight.models.set_prediction.losses import box_losses
from meshsight.models.set_prediction.matching import Labels, Matches, Prediction, Scoring, is_silent, match
from meshsight.models.set_prediction.spec import MatchSpec
from meshsight.models.sharing import batch_total

Terms = dict[str, Float[Tensor, ""]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Criterion:
    """How a layer's predictions are matched and judged.

    Attributes:
        spec: costs and weights.
        scoring: how logits become scores.
        class_loss: the sum of the class losses, given the predictions, their matches and the queries to leave out.
    """

    spec: MatchSpec
    scoring: Scoring
    class_loss: Callable[[Prediction, Matches, Bool[Tensor, "b q"]], Float[Tensor, ""]]

    def match(self, prediction: Prediction, labels: Sequence[Labels], num_groups: int = 1) -> Matches:
        """Finds which query learns which object."""
        return match(prediction, labels, self.spec, self.scoring, num_groups)

    def terms(self, prediction: Prediction, labels: Sequence[Labels], matches: Matches) -> Terms:
        """Returns the weighted sums of `class`, `box` and `giou`, still to be divided by the number of objects."""
        silent = is_silent(prediction.boxes, labels, matches)
        distance, overlap = box_losses(prediction.boxes, matches)
        return {
            "class": self.spec.class_weight * self.class_loss(prediction, matches, silent),
            "box": self.spec.box_weight * distance,
            "giou": self.spec.giou_weight * overlap,
        }


def add_terms(layers: Iterable[Terms]) -> Terms:
    """Returns the sum of each term over layers."""
    total: Terms = {}
    for terms in layers:
        for name, term in terms.items():
            total[name] = total[name] + term if name in total else term
    return total


def num_objects(labels: Sequence[Labels]) -> Float[Tensor, ""]:
    """Returns how many objects a batch has, at least one: what the sums are divided by."""
    count = sum(len(one.class_ids) for one in labels)
    return batch_total(labels[0].boxes.new_tensor(float(count)), least=1.0)
