"""The code in the header: kernels, weights, one function a step, and the functions that the robot calls."""

import re
from collections.abc import Sequence

from meshsight.exporting.c99.header import Signature
from meshsight.exporting.c99.kernels import VECTORS
from meshsight.exporting.c99.layers import Place, constants, function, kernels_of, places
from meshsight.exporting.c99.numbers import c_float, c_floats
from meshsight.exporting.c99.plan import Plan, Step
from meshsight.models.patch.entry import SCALE
from meshsight.models.patch.families.early_exit import Spec as EarlyExitSpec
from meshsight.models.patch.net import INPUT, PatchNet

FUNCTIONS = {
    "sigmoid(": """\
static inline float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}
""",
    "clear_border(": """\
/* Puts zeros around a map. */
static void clear_border(float *map, int rows, int row, int border, int side)
{
    int y, i;
    for (i = 0; i < border * row; ++i)
        map[i] = map[(rows - border) * row + i] = 0.0f;
    for (y = border; y < rows - border; ++y)
        for (i = 0; i < side; ++i)
            map[y * row + i] = map[(y + 1) * row - side + i] = 0.0f;
}
""",
}
"""What not every network needs, by the call that needs it; compilers complain of what is not used."""
PRIVATE = re.compile(
    r"^#define (\w+)|^typedef .*?(\w+);|^static (?:inline |const )?(?:void|float|v4) (\w+)", re.MULTILINE
)
"""Finds what the code defines for itself at file scope."""


def source_code(net: PatchNet, plan: Plan, signature: Signature) -> str:
    """Returns the code, in which every name at file scope begins with the network's, so that it disturbs no other."""
    where = places(plan)
    kernels = sorted({kernel for step in plan.all_steps for kernel in kernels_of(step)})
    compute = _compute(net, plan, where, signature)
    parts = [
        "#include <math.h>\n",
        VECTORS.replace("@UPPER@", signature.upper),
        *(kernel.code() for kernel in kernels),
        *(text for call, text in FUNCTIONS.items() if call in compute),
        c_floats("mean", net.entry.mean.numpy()),
        *(constants(step) + "\n" + function(step, where) for step in plan.all_steps),
        _load(net, where[INPUT], "float", "load"),
        _load(net, where[INPUT], "unsigned char", "load_bytes"),
        compute,
        _entry_point(signature, "float", "", "load"),
        _entry_point(signature, "unsigned char", "_bytes", "load_bytes"),
    ]
    return _in_its_own_names("\n".join(parts), signature)


def _in_its_own_names(code: str, signature: Signature) -> str:
    names = sorted({"".join(groups) for groups in PRIVATE.findall(code)})
    words = re.compile(rf"\b({'|'.join(names)})\b")
    return words.sub(lambda found: f"{signature.upper if found[1].isupper() else signature.name}_{found[1]}", code)


def _load(net: PatchNet, place: Place, kind: str, name: str) -> str:
    """Returns the function that writes a patch, scaled, into the arena."""
    (height, width), channels = net.spec.input_hw, net.spec.channels
    lines = [
        f"static void {name}(const {kind} *patch, const float *place, float *arena)",
        "{",
        "    int y, x, c;",
        f"    for (y = 0; y < {height}; ++y)",
        f"        for (x = 0; x < {width}; ++x) {{",
        f"            float *pixel = arena + {place.offset(0, 0)} + y * {place.row} + x * {place.stored};",
        f"            for (c = 0; c < {channels}; ++c)",
        f"                pixel[c] = *patch++ * {c_float(SCALE)} - mean[c];",
        *([f"            pixel[{channels}] = place[y % 2 * 2 + x % 2];"] if net.spec.has_position else []),
        "        }",
        "    (void)place;",
        "}\n",
    ]
    return "\n".join(lines)


def _compute(net: PatchNet, plan: Plan, where: dict[str, Place], signature: Signature) -> str:
    """Returns the function that runs all steps and turns their results into answers."""
    lines = ["static void compute(float *out, float *arena)", "{"]
    lines += [
        f"    clear_border(arena + {p.start}, {p.rows}, {p.row}, {p.border}, {p.border * p.stored});"
        for p in where.values()
        if p.border
    ]
    for branch, steps in plan.steps.items():
        lines += [f"    {step.name}(arena);" for step in steps]
        start = where[plan.results[branch]].offset(0, 0)
        lines += _answers(net, branch, steps, start, signature)
    return "\n".join([*lines, "}", ""])


def _answers(net: PatchNet, branch: str, steps: Sequence[Step], start: int, signature: Signature) -> list[str]:
    if branch == "early_logits":
        assert isinstance(net.spec, EarlyExitSpec)
        threshold = float(net.get_buffer("exit_threshold"))
        rest = range(1, len(signature.outputs))
        return [
            f"    out[0] = {_score(steps[-1], start)};",
            f"    if (out[0] < {c_float(threshold)}) {{",
            f"        {' = '.join(f'out[{index}]' for index in rest)} = 0.0f;",
            "        return;",
            "    }",
        ]
    if branch == "class_logits":
        return [f"    out[0] = {_score(steps[-1], start)};"]
    if branch == "circles":
        height, width = net.spec.input_hw
        first = signature.outputs.index("radius")
        return [
            f"    out[{first + index}] = {side}.0f * {_value(steps[-1], start + index)};"
            for index, side in enumerate((width, width, height))
        ]
    return []


def _score(step: Step, start: int) -> str:
    logits = f"arena[{start}]" if step.made.channels == 1 else f"arena[{start + 1}] - arena[{start}]"
    return f"sigmoid({logits})"


def _value(step: Step, index: int) -> str:
    return f"sigmoid(arena[{index}])" if step.is_sigmoid else f"arena[{index}]"


def _entry_point(signature: Signature, kind: str, ending: str, load: str) -> str:
    place = "place" if signature.has_position else "0"
    return (
        f"{signature.declaration(kind, ending)}\n{{\n    {load}(patch, {place}, arena);\n    compute(out, arena);\n}}\n"
    )
