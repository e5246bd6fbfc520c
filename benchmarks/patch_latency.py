"""One patch by every route to the robot: NaoTH's net of 1,550 parameters at 16x16, one thread, one patch at a time.

The generated C is compiled as plain C, for SSE4.1 alone, as for any x86-64, as for a NAO's Atom (Silvermont: SSE4.2, no
AVX) and for this processor, and is called in a loop by a small program. onnxruntime runs the same net from Python with
its buffers bound, in float32 and in 8 bits; what such a call costs by itself is measured by a graph that only negates
its input. Further sides join in where they are named, each in an environment of its own:

    python -m venv /tmp/emx && /tmp/emx/bin/pip install emx-onnx-cgen
    python -m venv /tmp/litert && /tmp/litert/bin/pip install '.[litert]'
    python benchmarks/patch_latency.py --emx /tmp/emx/bin/emx-onnx-cgen --litert /tmp/litert/bin/python

LiteRT runs the five TFLite files of `meshsight export --to tflite` from Python, each call with its input set and its
output taken.
"""

import argparse
import importlib
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from measuring import Target, arguments, median_ratio, progress, report, run_single_threaded, scratch, take_turns
from onnx import TensorProto, helper

import meshsight
from meshsight.exporting.c99.export import export_c99
from meshsight.exporting.kinds import PATCH_EXPORTER_KINDS
from meshsight.exporting.patches.comparing import PatchesToCompare
from meshsight.exporting.patches.graph import write_onnx
from meshsight.exporting.patches.int8 import write_int8
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.published import naoth_classifier
from meshsight.training.patches.model import TorchPatchModel, signature_of

SETTINGS = {
    "plain_c": ("-O3", "-DBALL_PLAIN_C"),
    "sse41": ("-O2", "-march=x86-64", "-msse4.1"),
    "any": ("-O2",),
    "silvermont": ("-O2", "-march=silvermont"),
    "native": ("-O3", "-march=native"),
}
EMX_SETTINGS = ("any", "silvermont", "native")
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
    parser.add_argument("--litert", type=Path, help="the python of an environment with meshsight[litert]")
    parser.add_argument("--write-tflite", type=Path, help=argparse.SUPPRESS)  # what that python is asked to do
    parser.add_argument("--time-tflite", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    run_single_threaded()
    if options.write_tflite is not None:
        return _write_tflite(options.write_tflite)
    if options.time_tflite is not None:
        return _time_tflite(options.time_tflite, options.patches)
    if shutil.which("gcc") is None:
        raise SystemExit("patch_latency.py: no gcc on this machine; install it to compile the generated code")
    with scratch() as folder:
        progress("exporting")
        sides = _sides(folder, options.patches, options.emx)
        if options.litert is not None:
            sides |= _tflite_sides(folder, max(options.patches // 40, 1), options.litert)
        progress("measuring")
        rows = take_turns(options.rounds, *(side.run for side in sides.values()))
    times = {
        name: [1e6 * seconds / side.count for seconds in side.told or [row[index].cpu_s for row in rows]]
        for index, (name, side) in enumerate(sides.items())
    }
    targets = (*TARGETS, TARGET_WITH_EMX) if options.emx is not None else TARGETS
    return report("One patch by every route to the robot", _figures(times), targets, options.json)


@dataclass(frozen=True, kw_only=True)
class Side:
    """What takes turns.

    Attributes:
        run: computes the patches.
        count: how many.
        told: seconds of each turn so far, from a side that tells them itself because it has to start first.
    """

    run: Callable[[], object]
    count: int
    told: list[float] = field(default_factory=list)


def _sides(folder: Path, count: int, emx: Path | None) -> dict[str, Side]:
    net = _net()
    source, graph = export_c99(net, folder).source, _net_graph(net, folder)
    programs = {name: _compile(folder, source, (*flags, OURS), count) for name, flags in SETTINGS.items()}
    if emx is not None:
        subprocess.run([emx, "compile", graph, folder / "emx.c"], check=True, stdout=subprocess.DEVNULL)
        for name in EMX_SETTINGS:
            programs[f"emx_{name}"] = _compile(folder, folder / "emx.c", (*SETTINGS[name], "-O3", THEIRS), count)
    few = max(count // 10, 1)
    sides = {
        name: Side(run=lambda program=program: subprocess.run([program], check=True), count=count)
        for name, program in programs.items()
    }
    floats = (np.arange(256, dtype=np.float32) * 37 % 256).reshape(1, 1, 16, 16)
    graphs = {
        "onnxruntime": (graph, floats),
        "onnxruntime_int8": (_int8_graph(net, folder), floats.astype(np.uint8)),
        "onnxruntime_empty_graph": (_empty_graph(folder), floats),
    }
    return sides | {name: Side(run=_session_loop(*given, few), count=few) for name, given in graphs.items()}


def _int8_graph(net: PatchNet, folder: Path) -> Path:
    signature = signature_of(net, "ball", None)
    write_onnx(net, signature, folder / "bytes.onnx")
    write_int8(folder / "bytes.onnx", folder / "int8.onnx", signature, _noise(), None)
    return folder / "int8.onnx"


def _noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (256, 16, 16, 1), dtype=np.uint8)


def _tflite_sides(folder: Path, count: int, python: Path) -> dict[str, Side]:
    """Has the other environment write the files, and time them in turn with everybody else."""
    command = [python, Path(__file__).resolve(), "--patches", str(count)]
    environment = {**os.environ, "PYTHONPATH": str(Path(meshsight.__file__).parents[1])}
    subprocess.run([*command, "--write-tflite", folder], check=True, env=environment, stdout=subprocess.DEVNULL)
    sides: dict[str, Side] = {}
    for path in sorted(folder.glob("model_*.tflite")):
        told: list[float] = []

        def run(path: Path = path, told: list[float] = told) -> None:
            asked = [*command, "--time-tflite", path]
            done = subprocess.run(asked, check=True, env=environment, stdout=subprocess.PIPE, text=True)
            told.append(float(done.stdout.split()[-1]))

        sides[path.stem.replace("model", "litert")] = Side(run=run, count=count, told=told)
    return sides


def _write_tflite(folder: Path) -> int:
    model = TorchPatchModel(_net(), "ball", None, torch.device("cpu"))
    patches = PatchesToCompare(pixels=_noise(), places=None, measure=lambda _: {})
    PATCH_EXPORTER_KINDS.builder("tflite")(PATCH_EXPORTER_KINDS.module("tflite").Spec(), model, patches, folder)
    return 0


def _time_tflite(path: Path, count: int) -> int:
    """Prints the seconds that one thread of LiteRT takes."""
    interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    given, taken = interpreter.get_input_details()[0], interpreter.get_output_details()[0]["index"]
    patch = (_noise()[:1].astype(np.int16) - 128 * (given["dtype"] == np.int8)).astype(given["dtype"])
    for is_counted in (False, True):
        started = time.process_time()
        for _ in range(count if is_counted else count // 10):
            interpreter.set_tensor(given["index"], patch)
            interpreter.invoke()
            interpreter.get_tensor(taken)
    sys.stdout.write(f"{time.process_time() - started}\n")
    return 0


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


def _session_loop(path: Path, patch: np.ndarray, count: int) -> Callable[[], None]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
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
