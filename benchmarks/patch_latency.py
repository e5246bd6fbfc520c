"""One patch through generated C beside onnxruntime: NaoTH's net of 1,550 parameters at 16x16, one thread.

The C is compiled as for any x86-64, as for a NAO's Atom (Silvermont: SSE4.2, no AVX) and for this processor, and is
called in a loop by a small program. onnxruntime runs the same net from Python with its buffers bound, one patch at a
time, as a robot would; what such a call costs by itself is measured by a graph that only negates its input.
"""

import shutil
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from measuring import Cost, Target, arguments, median_ratio, progress, report, run_single_threaded, scratch, take_turns
from onnx import TensorProto, helper

from meshsight.exporting.c99.export import export_c99
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.published import naoth_classifier

SETTINGS = {"any": ("-O2",), "silvermont": ("-O2", "-march=silvermont"), "native": ("-O3", "-march=native")}
TARGETS = (Target(figure="silvermont_to_onnxruntime", limit=0.5),)
PROGRAM = """\
#include "ball.h"
int main(void)
{
    static unsigned char patch[BALL_HEIGHT * BALL_WIDTH];
    static float out[BALL_NUM_OUTPUTS], arena[BALL_ARENA];
    volatile float sum = 0;
    int i;
    for (i = 0; i < BALL_HEIGHT * BALL_WIDTH; ++i)
        patch[i] = (unsigned char)(i * 37);
    for (i = 0; i < COUNT; ++i) {
        patch[i % 256] ^= 1;
        ball_run_bytes(patch, out, arena);
        sum += out[0];
    }
    return 0;
}
"""


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each side")
    parser.add_argument("--patches", type=int, default=100_000, help="patches in a turn of C; a tenth in onnxruntime's")
    options = parser.parse_args()
    run_single_threaded()
    if shutil.which("gcc") is None:
        raise SystemExit("patch_latency.py: no gcc on this machine; install it to compile the generated code")
    with scratch() as folder:
        progress("exporting")
        net = _net()
        programs = _compile(net, folder, options.patches)
        calls = [lambda program=program: subprocess.run([program], check=True) for program in programs]
        few = max(options.patches // 10, 1)
        calls += [_session_loop(path, few) for path in (_net_graph(net, folder), _empty_graph(folder))]
        progress("measuring")
        rows = take_turns(options.rounds, *calls)
    return report(
        "One patch through generated C beside onnxruntime", _figures(rows, options.patches, few), TARGETS, options.json
    )


def _net() -> PatchNet:
    torch.manual_seed(0)
    net = build_patch_net(naoth_classifier())
    assert net.num_parameters == 1550
    return net.eval()


def _compile(net: PatchNet, folder: Path, count: int) -> list[Path]:
    files = export_c99(net, folder)
    main_file = folder / "main.c"
    main_file.write_text(PROGRAM)
    for name, flags in SETTINGS.items():
        command = ["gcc", "-std=c99", *flags, f"-DCOUNT={count}", "-o", folder / name, main_file, files.source, "-lm"]
        subprocess.run(command, check=True)
    return [folder / name for name in SETTINGS]


def _net_graph(net: PatchNet, folder: Path) -> Path:
    path = folder / "net.onnx"
    patch = torch.zeros(1, 1, *net.spec.input_hw)
    torch.onnx.export(net, (patch,), path, dynamo=True, optimize=True, verbose=False, input_names=["patch"])
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


def _figures(rows: list[tuple[Cost, ...]], patches: int, few: int) -> dict[str, float | int | str | None]:
    sides = list(zip(*([cost.cpu_s for cost in row] for row in rows), strict=True))
    *ours, net, empty = (
        [1e6 * seconds / (patches if index < len(SETTINGS) else few) for seconds in side]
        for index, side in enumerate(sides)
    )
    figures: dict[str, float | int | str | None] = {
        f"{name}_us": statistics.median(times) for name, times in zip(SETTINGS, ours, strict=True)
    }
    figures |= {"onnxruntime_us": statistics.median(net), "onnxruntime_empty_graph_us": statistics.median(empty)}
    inner = [whole - call for whole, call in zip(net, empty, strict=True)]
    for name, times in zip(SETTINGS, ours, strict=True):
        figures[f"{name}_to_onnxruntime"] = median_ratio(times, net)
        figures[f"{name}_to_onnxruntime_without_its_call"] = median_ratio(times, inner)
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
