"""What the readers of TFRecord take out of an Example, checked."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64

from meshsight.core.errors import DataError
from meshsight.core.tf_example import Feature


def size_of(features: Mapping[str, Feature], prefix: str, where: str) -> tuple[int, int]:
    """Returns height and width of an image.

    Raises:
        DataError: they are missing or not positive.
    """
    height, width = (features.get(f"{prefix}{side}", ()) for side in ("height", "width"))
    if len(height) != 1 or len(width) != 1 or min(int(height[0]), int(width[0])) <= 0:
        raise DataError(f"{where}: expected one positive number each in {prefix}height and {prefix}width")
    return int(height[0]), int(width[0])


def text_of(features: Mapping[str, Feature], key: str, where: str) -> str:
    """Returns the one text under a name.

    Raises:
        DataError: there is none.
    """
    value = features.get(key, ())
    if not isinstance(value, tuple) or len(value) != 1:
        raise DataError(f"{where}: expected one text in {key}; there are: {', '.join(sorted(features))}")
    return value[0].decode("utf-8", errors="replace")


def column(
    features: Mapping[str, Feature], key: str, count: int, where: str, unknown: float | None = None
) -> Float64[np.ndarray, " _"]:
    """Returns a list of numbers, one for each object; one that may be missing has a value for "not known".

    Raises:
        DataError: it is missing, of another type, of another length, or holds numbers that are not finite.
    """
    values = features.get(key, ())
    if len(values) == 0 and (count == 0 or unknown is not None):
        return np.full(count, unknown or 0.0, np.float64)
    if isinstance(values, tuple) or len(values) != count:
        raise DataError(f"{where}: expected {count} numbers in {key}, one for each object, found {len(values)}")
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise DataError(f"{where}: {key} holds numbers that are not finite")
    return numbers
