"""One patch through generated C beside onnxruntime: NaoTH's net of 1,550 parameters at 16x16, one thread.

The C is compiled as for any x86-64, as for a NAO's Atom (Silvermont: SSE4.2, no AVX) and for this processor, and is
called in a loop by a small program. onnxruntime runs the same net from Python with its buffers bound, one patch at a
time, as a robot would; what such a call costs by itself is measured by a graph that only negates its input.

A third side, the C of the off-the-shelf generator emx-onnx-cgen, joins in where its program is named:

    python -m venv /tmp/emx
    /tmp/emx/bin/pip install emx-onnx-cgen
    python benchmarks/patch_latency.py --emx /tmp/emx/bin/emx-onnx-cgen
"""

import shutil
import statistics
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import torch
from measuring import Target, arguments, median_ratio, progress, report, run_single_threaded, scratch, take_turns
from onnx import TensorProto, helper

from meshsight.exporting.c99.export import export_c99
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.published import naoth_classifier

SETTINGS = {"any": ("-O2",), "silvermont": ("-O2", "-march=silvermont"), "native": ("-O3", "-march=native")}
TARGETS = (Target(figure="silvermont_to_onnxruntime", limit=0.5),)
TARGET_WITH_EMX = Target(figure="silvermont_to_emx", limit=0.5)
OURS = "-DRUN=ball_run(patch, out, arena)"
THEIRS = "-DRUN=model((void *)patch, (void *)out)"
PROGRAM = """\
void ball_run(const float *patch, float *out, float *arena);
void model(const float *patch, float *out);
int main(void)
{
    static float patch[256], out[2], arena[100000];
    volatile float sum = 0;
    int i;
    for (i = 0; i < 256; ++i)
        patch[i] = (float)(i * 37 % 256);
    for (i = 0; i < COUNT; ++i) {
        patch[i % 256] += 1.0f;
        RUN;
        sum += out[0];
    }
    (void)arena;
    return 0;
}
"""


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--patches", type=int, default=400_000, help="patches in a turn of C; a tenth in onnxruntime's")
    parser.add_argument("--emx", type=Path, help="the program emx-onnx-cgen, in an environment of its own")
    options = parser.parse_args()
    run_single_threaded()
    if shutil.which("gcc") is None:
        raise SystemExit("patch_latency.py: no gcc on this machine; install it to compile the generated code")
    with scratch() as folder:
        progress("exporting")
        sides = _sides(folder, options.patches, options.emx)
        progress("measuring")
        rows = take_turns(options.rounds, *(side.run for side in sides.values()))
    times = {
        name: [1e6 * row[index].cpu_s / side.count for row in rows] for index, (name, side) in enumerate(sides.items())
    }
    targets = (*TARGETS, TARGET_WITH_EMX) if options.emx is not None else TARGETS
    return report("One patch through generated C beside onnxruntime", _figures(times), targets, options.json)


class Side(NamedTuple):
    """What takes turns: a call, and how many patches it computes."""

    run: Callable[[], object]
    count: int


def _sides(folder: Path, count: int, emx: Path | None) -> dict[str, Side]:
    net = _net()
    source, graph = export_c99(net, folder).source, _net_graph(net, folder)
    programs = {name: _compile(folder, source, (*flags, OURS), count) for name, flags in SETTINGS.items()}
    if emx is not None:
        subprocess.run([emx, "compile", graph, folder / "emx.c"], check=True, stdout=subprocess.DEVNULL)
        for name, flags in SETTINGS.items():
            programs[f"emx_{name}"] = _compile(folder, folder / "emx.c", (*flags, "-O3", THEIRS), count)
    few = max(count // 10, 1)
    sides = {
        name: Side(lambda program=program: subprocess.run([program], check=True), count)
        for name, program in programs.items()
    }
    sides["onnxruntime"] = Side(_session_loop(graph, few), few)
    return sides | {"onnxruntime_empty_graph": Side(_session_loop(_empty_graph(folder), few), few)}


def _net() -> PatchNet:
    torch.manual_seed(0)
    net = build_patch_net(naoth_classifier())
    assert net.num_parameters == 1550
    return net.eval()


def _compile(folder: Path, source: Path, flags: Sequence[str], count: int) -> Path:
    main_file, program = folder / "main.c", folder / f"{source.stem}{len(list(folder.iterdir()))}"
    main_file.write_text(PROGRAM)
    command = ["gcc", "-std=c99", *flags, f"-DCOUNT={count}", "-o", program, main_file, source, "-lm"]
    subprocess.run(command, check=True)
    return program


def _net_graph(net: PatchNet, folder: Path) -> Path:
    path = folder / "net.onnx"
    patch = torch.zeros(1, 1, *net.spec.input_hw)
    torch.onnx.export(
        net, (patch,), path, dynamo=True, optimize=True, verbose=False, input_names=["patch"], external_data=False
    )
    return path


def _empty_graph(folder: Path) -> Path:
    """Returns the graph that says how long a call takes that does nearly nothing."""
    value = helper.make_tensor_value_info("patch", TensorProto.FLOAT, [1, 1, 16, 16])
    result = helper.make_tensor_value_info("result", TensorProto.FLOAT, [1, 1, 16, 16])
    node = helper.make_node("Neg", ["patch"], ["result"])
    model = helper.make_model(
        helper.make_graph([node], "empty", [value], [result]), opset_imports=[helper.make_opsetid("", 18)], ir_version=9
    )
    onnx.save(model, folder / "empty.onnx")
    return folder / "empty.onnx"


def _session_loop(path: Path, count: int) -> Callable[[], None]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    patch = (np.arange(256, dtype=np.float32) * 37 % 256).reshape(1, 1, 16, 16)
    binding.bind_cpu_input(session.get_inputs()[0].name, patch)
    binding.bind_output(session.get_outputs()[0].name)

    def loop() -> None:
        for _ in range(count):
            session.run_with_iobinding(binding)

    return loop


def _figures(times: dict[str, list[float]]) -> dict[str, float | int | str | None]:
    """Returns microseconds, and the ratios of our code to the others."""
    figures: dict[str, float | int | str | None] = {
        f"{name}_us": statistics.median(values) for name, values in times.items()
    }
    inner = [whole - call for whole, call in zip(times["onnxruntime"], times["onnxruntime_empty_graph"], strict=True)]
    for name in SETTINGS:
        figures[f"{name}_to_onnxruntime"] = median_ratio(times[name], times["onnxruntime"])
        figures[f"{name}_to_onnxruntime_without_its_call"] = median_ratio(times[name], inner)
        if f"emx_{name}" in times:
            figures[f"{name}_to_emx"] = median_ratio(times[name], times[f"emx_{name}"])
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
