"""Numbers as C writes them: hexadecimal floats are exact and know no locale."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

SMALLEST = float(np.finfo(np.float32).tiny)
PER_LINE = 8


def c_float(value: float) -> str:
    """Returns a float32 as a C99 literal; what is too small to be normal becomes 0, for it would slow an Atom down."""
    number = float(np.float32(value))
    assert np.isfinite(number), number
    if abs(number) < SMALLEST:
        return "0.0f"
    digits, exponent = number.hex().split("p")
    digits = digits.rstrip("0")
    return f"{digits + '0' if digits.endswith('.') else digits}p{exponent}f"


def c_array(kind: str, name: str, literals: Iterable[str]) -> str:
    """Returns a constant array."""
    items = list(literals)
    lines = [", ".join(items[start : start + PER_LINE]) for start in range(0, len(items), PER_LINE)]
    return f"static const {kind} {name}[{len(items)}] = {{\n    " + ",\n    ".join(lines) + "};\n"


def c_floats(name: str, values: Float[np.ndarray, "..."]) -> str:
    """Returns a constant array of float32, whatever the shape."""
    return c_array("float", name, (c_float(value) for value in values.ravel().tolist()))
