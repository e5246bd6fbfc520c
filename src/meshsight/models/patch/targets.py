"""What a patch network learns and what it answers; torch begins here.

Shapes: b patches. Circles are (radius, centre x, centre y), the order of the field's files.
"""

from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor


class PatchTargets(NamedTuple):
    """The truth of a batch of patches.

    Attributes:
        balls: 1 for a ball, 0 for none; between them where a ball is hardly to be seen.
        circles: as shares of the patch: radius and centre x of its width, centre y of its height.
        has_circle: whether the circle is known; elsewhere its numbers mean nothing.
    """

    balls: Float[Tensor, " b"]
    circles: Float[Tensor, "b 3"]
    has_circle: Bool[Tensor, " b"]


class PatchAnswers(NamedTuple):
    """What a network says of each patch.

    Attributes:
        scores: how sure it is of a ball, 0..1; none from a network that only locates.
        circles: in pixels of the patch; none from a network that only classifies.
    """

    scores: Float[Tensor, " b"] | None
    circles: Float[Tensor, "b 3"] | None
