"""One step of the plan as C: its weights in the order in which the kernel reads them, and the loops over the map."""

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from jaxtyping import Float

from meshsight.exporting.c99.kernels import Kernel
from meshsight.exporting.c99.numbers import c_float, c_floats
from meshsight.exporting.c99.plan import LANES, Plan, Step

MOST_PIXELS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a map lies in the arena.

    Attributes:
        start: index of its first number, in the corner of its border.
        border: zeros around it, in pixels.
        row: numbers from one row to the next.
        stored: numbers from one pixel to the next.
        rows: with the border.
    """

    start: int
    border: int
    row: int
    stored: int
    rows: int

    @property
    def size(self) -> int:
        """Numbers that it takes."""
        return self.rows * self.row

    def offset(self, y: int, x: int) -> int:
        """Returns the index of a pixel of the map, which may lie in its border."""
        return self.start + (y + self.border) * self.row + (x + self.border) * self.stored


def places(plan: Plan) -> dict[str, Place]:
    """Lays all maps into the arena, one behind the other."""
    found: dict[str, Place] = {}
    start = 0
    for name, one in plan.maps.items():
        border = plan.border(name)
        found[name] = Place(
            start=start,
            border=border,
            row=(one.width + 2 * border) * one.stored,
            stored=one.stored,
            rows=one.height + 2 * border,
        )
        start += found[name].size
    return found


def kernels_of(step: Step) -> set[Kernel]:
    """Returns the kernels that a step needs."""
    return {_kernel(step, columns, groups) for columns in _columns(step) for groups in _groups(step)}


def _kernel(step: Step, columns: range, groups: int) -> Kernel:
    return Kernel(pixels=4 if step.pool == 2 else columns.step, groups=groups, is_pooled=step.pool == 2)


def _columns(step: Step) -> list[range]:
    """Splits a row of the result: where each block of pixels begins, with the width of the blocks as step."""
    width = step.made.width
    if step.pool == 2:
        return [range(width)]
    whole = width - width % MOST_PIXELS
    parts = (range(0, whole, MOST_PIXELS), range(whole, width, max(width - whole, 1)))
    return [part for part in parts if part]


def _groups(step: Step) -> list[int]:
    """Splits the channels, in groups of four, into runs that fit the registers beside the pixels of a block."""
    most = 4 if step.made.width == step.pool == 1 else 2
    left, runs = step.made.stored // LANES, list[int]()
    while left:
        runs.append(next(size for size in (4, 2, 1) if size <= min(most, left)))
        left -= runs[-1]
    return runs


def constants(step: Step) -> str:
    """Returns a step's weights and biases as C arrays."""
    bias = np.zeros(step.made.stored)
    bias[: len(step.bias)] = step.bias
    return c_floats(f"{step.name}_w", _ordered(step)) + c_floats(f"{step.name}_b", bias)


def _ordered(step: Step) -> Float[np.ndarray, " n"]:
    """Returns the weights run of channels by run of channels, then by row, column and input channel."""
    out, inner, height, width = step.weight.shape
    full = np.zeros((height, width, step.found.stored, step.made.stored))
    full[:, :, :inner, :out] = step.weight.transpose(2, 3, 1, 0)
    edges = accumulate(_groups(step), initial=0)
    return np.concatenate([full[..., a * LANES : b * LANES].ravel() for a, b in pairwise(edges)])


def function(step: Step, where: dict[str, Place]) -> str:
    """Returns the C function that computes a step."""
    lines = [f"static void {step.name}(float *arena)", "{", "    int y, x;"]
    lines.append(f"    for (y = 0; y < {step.made.height}; ++y) {{")
    for columns in _columns(step):
        lines += _blocks(step, where[step.source], where[step.name], columns)
    return "\n".join([*lines, "    }", "}", ""])


def _blocks(step: Step, source: Place, target: Place, columns: range) -> list[str]:
    """Returns the loop over some blocks of a row."""
    height, width = step.weight.shape[2:]
    num, hop = width * source.stored, step.stride * step.pool
    first_in, first_out = source.offset(-step.padding, -step.padding), target.offset(0, 0)
    lines = [
        f"        for (x = {columns.start}; x < {columns.stop}; x += {columns.step}) {{",
        f"            const float *in = arena + {first_in} + y * {hop * source.row} + x * {hop * source.stored};",
        f"            float *out = arena + {first_out} + y * {target.row} + x * {target.stored};",
    ]
    first = 0
    for groups in _groups(step):
        lines.append(
            f"            {_kernel(step, columns, groups).name}(in, {source.row}, {height}, {num}, "
            f"{step.stride * source.stored}, {step.stride * source.row}, {step.name}_w + {first * height * num}, "
            f"{step.name}_b + {first}, {c_float(step.slope)}, out + {first}, {target.stored});"
        )
        first += groups * LANES
    return [*lines, "        }"]
