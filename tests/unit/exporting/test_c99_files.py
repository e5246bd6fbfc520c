"""What the generated files hold, what they refuse, and the self-test that goes to the robot."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from meshsight.core.errors import ArtifactError, CallError
from meshsight.exporting.c99.export import export_c99
from meshsight.exporting.c99.numbers import SMALLEST, c_float
from meshsight.exporting.c99.running import compiled, compiler_at_hand
from meshsight.exporting.patches.comparing import compare
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.families import classifier, joint
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.spec import PatchSpec
from meshsight.records.patches import PatchParity
from meshsight.training.patches.model import TorchPatchModel

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def make(spec: PatchSpec | None = None) -> PatchNet:
    torch.manual_seed(0)
    return build_patch_net(spec or classifier.Spec())


def first_conv(net: PatchNet) -> nn.Conv2d:
    return next(layer for layer in net.modules() if isinstance(layer, nn.Conv2d))


@settings(derandomize=True, max_examples=200, database=None)
@given(FLOATS)
def test_a_number_is_written_exactly(value: float) -> None:
    text = c_float(value)
    assert text.endswith("f") and "," not in text
    expected = value if abs(value) >= SMALLEST else 0.0
    assert np.float32(float.fromhex(text[:-1]) if "x" in text else float(text[:-1])) == np.float32(expected)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-40, 5e-324])
def test_what_is_too_small_becomes_a_valid_zero(value: float) -> None:
    assert c_float(value) == "0.0f"


def test_the_same_network_gives_the_same_files(tmp_path: Path) -> None:
    one, two = (export_c99(make(), tmp_path / name) for name in ("a", "b"))
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True))
    assert [path.name for path in one] == ["ball.h", "ball.c", "ball_test.c"]


def test_the_network_is_left_alone(tmp_path: Path) -> None:
    net = make().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    export_c99(net, tmp_path)
    assert net.training
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_the_code_allocates_nothing_keeps_nothing_and_includes_little(tmp_path: Path) -> None:
    code = export_c99(make(joint.Spec()), tmp_path).header.read_text().partition("#ifdef BALL_IMPLEMENTATION")[2]
    assert not re.search(r"alloc|printf|memset|memcpy|free\(", code)
    assert set(re.findall(r"#include <(.+)>", code)) == {"math.h", "immintrin.h", "arm_neon.h"}
    statics = re.findall(r"^static (.*)$", code, flags=re.MULTILINE)
    assert all(line.startswith("const ") or "(" in line for line in statics)


def test_exported_names_begin_with_the_given_one(tmp_path: Path) -> None:
    compiler, lister = shutil.which("gcc"), shutil.which("nm")
    if compiler is None or lister is None:
        pytest.skip("no gcc or nm on this machine")
    source = export_c99(make(joint.Spec()), tmp_path, "goal").source
    subprocess.run([compiler, "-std=c99", "-O1", "-c", "-o", tmp_path / "goal.o", source], check=True)
    done = subprocess.run([lister, "-g", tmp_path / "goal.o"], capture_output=True, text=True, check=True)
    symbols = [line.split()[-2:] for line in done.stdout.splitlines()]
    assert sorted(name for kind, name in symbols if kind != "U") == ["goal_run", "goal_run_bytes"]
    assert {name for kind, name in symbols if kind == "U"} <= {"expf", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}


@pytest.mark.parametrize("has_position", [False, True])
def test_the_self_test_passes_and_notices_a_changed_weight(has_position: bool, tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no gcc on this machine")
    files = export_c99(make(joint.Spec(has_position=has_position)), tmp_path)

    def run() -> subprocess.CompletedProcess[str]:
        flags = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O1")
        program = tmp_path / "test"
        subprocess.run([compiler, *flags, "-o", program, files.source, files.self_test, "-lm"], check=True)
        return subprocess.run([program], capture_output=True, text=True, check=False)

    done = run()
    assert (done.returncode, done.stdout) == (0, "0 of 32 outputs are wrong\n")
    code = files.header.read_text()
    changed, count = re.subn(r"(trunk_0_w\[\d+\] = \{\s*)\S+,", r"\g<1>0.5f,", code)
    assert count == 1
    files.header.write_text(changed)
    assert run().returncode == 1


def test_a_program_may_hold_two_networks_and_names_of_its_own(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no gcc on this machine")
    for name in ("ball", "goal"):
        export_c99(make(), tmp_path, name)
    mine = ("static float mean;", "static int v4(void) { return 4; }", "static void load(void) {}")
    both = [f'#define {name.upper()}_IMPLEMENTATION\n#include "{name}.h"' for name in ("ball", "goal")]
    use = "int main(void) { mean = 1; load(); return v4() - 4; }"
    (tmp_path / "main.c").write_text("\n".join([*mine, *both, '#include "ball.h"', use]))
    flags = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O1")
    subprocess.run([compiler, *flags, "-o", tmp_path / "both", tmp_path / "main.c", "-lm"], check=True)
    assert subprocess.run([tmp_path / "both"], check=False).returncode == 0


def test_compiled_code_with_a_changed_weight_is_found_to_differ(tmp_path: Path) -> None:
    compiler = compiler_at_hand()
    if compiler is None:
        pytest.skip("no C compiler on this machine")
    model = TorchPatchModel(make(joint.Spec()), "ball", None, torch.device("cpu"))
    files = export_c99(model.net, tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 1), dtype=np.uint8)
    expected = model.look(pixels, None)

    def parity() -> PatchParity:
        with compiled(files, model.signature, compiler) as program:
            assert 0 < program.microseconds(pixels, None) < 1e4
            return compare(expected, program.look(pixels, None))

    same = parity()
    assert same.num_patches == 50 and (same.max_score or 0) < 1e-5 and (same.max_circle_px or 0) < 1e-4
    code = files.header.read_text()
    files.header.write_text(re.sub(r"(circles_0_w\[\d+\] = \{\s*)\S+,", r"\g<1>0.5f,", code))
    assert (parity().max_circle_px or 0) > 1e-3
    files.header.write_text(code + "\nnonsense")
    with pytest.raises(ArtifactError, match=r"refuses it: .*error"):
        parity()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(value: float, tmp_path: Path) -> None:
    net = make()
    with torch.no_grad():
        first_conv(net).weight[1, 0, 2, 2] = value
    with pytest.raises(ArtifactError, match="trunk_0: 1 of 36 numbers of its weight are no finite float32"):
        export_c99(net, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_weight_that_only_folding_makes_infinite_is_refused(tmp_path: Path) -> None:
    net = make()
    norm = next(layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d))
    with torch.no_grad():
        norm.weight.fill_(3e38)
        first_conv(net).weight.fill_(10)
    with pytest.raises(ArtifactError, match="no finite float32"):
        export_c99(net, tmp_path)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.GELU(), r"trunk_0: GELU.* cannot be written as C"),
        (nn.MaxPool2d(3), r"trunk_0: MaxPool2d"),
        (nn.Sigmoid(), "only behind the circles"),
    ],
)
def test_a_layer_that_is_not_known_is_refused(layer: nn.Module, words: str, tmp_path: Path) -> None:
    net = make()
    net.branches["trunk"] = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), layer, nn.Flatten(), nn.LazyLinear(64))
    net(torch.zeros(1, 1, 16, 16))
    with pytest.raises(ArtifactError, match=words):
        export_c99(net, tmp_path)


@pytest.mark.parametrize("conv", [nn.Conv2d(1, 4, 3, groups=1, dilation=2), nn.Conv2d(1, 4, 3, stride=(1, 2))])
def test_a_convolution_that_is_not_plain_is_refused(conv: nn.Conv2d, tmp_path: Path) -> None:
    net = make()
    net.branches["trunk"] = nn.Sequential(conv, nn.Flatten())
    with pytest.raises(ArtifactError, match="only plain convolutions can"):
        export_c99(net, tmp_path)


@pytest.mark.parametrize("name", ["Ball", "2ball", "ball-net", "", "x" * 32, "ball\n"])
def test_a_name_that_is_no_identifier_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="lower-case C identifier"):
        export_c99(make(), tmp_path, name)
