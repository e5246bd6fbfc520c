"""A trained patch network as C99, through the verb: every compiler setting says what onnxruntime says."""

import json
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner

from meshsight.cli.main import program
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.patches.arrays import read_patches

from .disc_patches import SIDE, write_discs

pytestmark = pytest.mark.slow  # a training and two exports through torch

NUM_PATCHES = 1000
TOLERANCE = 1e-5
"""Of scores, and of circles as shares of the patch."""
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror")
SANITISED = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
X86 = {
    "scalar": ("-O2", "-DBALL_PLAIN_C"),
    # gcc 12 takes twenty seconds to optimise plain C under both sanitizers.
    "scalar, sanitised": ("-O0", "-DBALL_PLAIN_C", *SANITISED),
    "SSE4.1 alone": ("-O2", "-march=x86-64", "-msse4.1", "-DWANTED=__SSE4_1__", "-DUNWANTED=__AVX__"),
    "SSE4.1 alone, sanitised": ("-O1", "-march=x86-64", "-msse4.1", *SANITISED),
    "native": ("-O3", "-march=native"),
    "native, sanitised": ("-O1", "-march=native", *SANITISED),
}
ARM = {
    "aarch64": ("aarch64-linux-gnu-gcc", "qemu-aarch64", ("-DWANTED=__ARM_NEON",)),
    "armv7": (
        "arm-linux-gnueabihf-gcc",
        "qemu-arm",
        ("-march=armv7-a", "-mfpu=neon", "-mfloat-abi=hard", "-DWANTED=__ARM_NEON"),
    ),
}
HARNESS = """\
#if defined(WANTED) && !WANTED || defined(UNWANTED) && UNWANTED
#error "the compiler's target is another than the test wants"
#endif
#include "ball.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The buffers are as small as they may be, for the sanitizers to watch, and the arena is full of NaN each time. */
int main(void)
{
    const size_t size = BALL_HEIGHT * BALL_WIDTH * BALL_CHANNELS;
    unsigned char *patch = malloc(size);
    float *out = malloc(BALL_NUM_OUTPUTS * sizeof *out), *arena = malloc(BALL_ARENA * sizeof *arena);
    int i;
    while (fread(patch, 1, size, stdin) == size) {
        for (i = 0; i < BALL_ARENA; ++i)
            arena[i] = NAN;
        ball_run_bytes(patch, out, arena);
        fwrite(out, sizeof *out, BALL_NUM_OUTPUTS, stdout);
    }
    free(patch); free(out); free(arena);
    return 0;
}
"""


def run(*arguments: object) -> dict:
    done = CliRunner().invoke(program, [*map(str, arguments), "--json", "-q"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("robot")
    for seed, split in enumerate(("train", "test")):
        write_discs(folder / f"discs_16x16_{split}_ball_radius_center_X_y.h5", 400, seed)
    (folder / "r.yaml").write_text(CliRunner().invoke(program, ["init", "patch/1550_joint"]).stdout)
    data = ("--data", f"{folder}#train", "--val", f"{folder}#test", "--threads", "1", "--device", "cpu")
    trained = run(
        "train", folder / "r.yaml", *data, "--out", folder / "run", "--set", "epochs=10", "--set", "batch_size=32"
    )
    assert trained
    return folder / "run"


@pytest.fixture(scope="module")
def code(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("c99")
    run("export", trained, "--to", "c99", "--out", folder)
    return folder


@pytest.fixture(scope="module")
def patches(trained: Path) -> np.ndarray:
    """Real patches, some with noise over them, and noise alone."""
    rng = np.random.default_rng(2)
    real = read_patches(open_dataset(f"{trained.parent}#test"), "ball").pixels
    noisy = np.clip(real + rng.normal(0, 30, real.shape), 0, 255).astype(np.uint8)
    noise = rng.integers(0, 256, (NUM_PATCHES - 2 * len(real), *real.shape[1:]), dtype=np.uint8)
    return np.concatenate([real, noisy, noise])


@pytest.fixture(scope="module")
def expected(trained: Path, patches: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """What onnxruntime says: score, radius, x and y."""
    folder = tmp_path_factory.mktemp("onnx")
    run("export", trained, "--to", "onnx", "--out", folder)
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    scores, circles = session.run(["scores", "circles"], {"patches": patches.transpose(0, 3, 1, 2)})
    assert 0.2 < (scores > 0.5).mean() < 0.8 and circles.std(axis=0).min() > 0.1
    return np.concatenate([scores[:, None], circles], axis=1)


def answers(code: Path, compiler: str, flags: Sequence[str], folder: Path, patches: np.ndarray, *by: str) -> np.ndarray:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} on this machine")
    harness, built = folder / "harness.c", folder / "program"
    harness.write_text(HARNESS)
    command = [compiler, *STRICT, *flags, f"-I{code}", "-o", built, code / "ball.c", harness, "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ran = subprocess.run([*by, built], input=patches.tobytes(), capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return np.frombuffer(ran.stdout, np.float32).reshape(len(patches), -1)


def assert_equal(found: np.ndarray, expected: np.ndarray) -> None:
    units = (1, SIDE, SIDE, SIDE)
    np.testing.assert_allclose(found / units, expected / units, atol=TOLERANCE, rtol=0)


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="settings of an x86-64 compiler")
@pytest.mark.parametrize("build", X86)
def test_the_exported_code_says_what_onnxruntime_says(
    build: str, code: Path, patches: np.ndarray, expected: np.ndarray, tmp_path: Path
) -> None:
    assert len(patches) == NUM_PATCHES
    assert_equal(answers(code, "gcc", X86[build], tmp_path, patches), expected)


@pytest.mark.parametrize("target", ARM)
def test_neon_says_what_onnxruntime_says(
    target: str, code: Path, patches: np.ndarray, expected: np.ndarray, tmp_path: Path
) -> None:
    compiler, emulator, flags = ARM[target]
    if shutil.which(emulator) is None:
        pytest.skip(f"no {emulator} on this machine")
    assert_equal(answers(code, compiler, ("-O2", "-static", *flags), tmp_path, patches, emulator), expected)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_manifest_says_how_far_the_compiled_code_is(code: Path) -> None:
    manifest = json.loads((code / "patch_manifest.json").read_text())
    assert manifest["model"] == "ball.h" and manifest["not_compared"] is None
    for parity in (manifest["parity"], manifest["parity_to_onnxruntime"]):
        assert parity["num_patches"] == 400
        # Two ways of adding up agree closely, yet not in every last digit: zero would be the network beside itself.
        assert 0 < parity["max_score"] < TOLERANCE and 0 < parity["max_circle_px"] < SIDE * TOLERANCE
    assert manifest["figures_after"]["f1"] == pytest.approx(manifest["figures_before"]["f1"], abs=1e-9)
    assert manifest["made_with"]["c_compiler"]


def test_without_a_compiler_nothing_is_claimed(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    manifest = run("export", trained, "--to", "c99", "--out", tmp_path / "c")["manifest"]
    assert manifest["parity"] is None and manifest["parity_to_onnxruntime"] is None and manifest["figures_after"] == {}
    assert "no C compiler here" in manifest["not_compared"]


def test_code_is_not_opened_and_other_formats_are_refused(trained: Path, code: Path, tmp_path: Path) -> None:
    found = CliRunner().invoke(program, ["predict", str(code), "x.png", "--out", str(tmp_path / "p")])
    assert found.exit_code == 1 and "C code is compiled, not opened" in found.output
    wrong = CliRunner().invoke(program, ["export", str(trained), "--to", "c98", "--out", str(tmp_path / "d")])
    assert wrong.exit_code == 2 and "did you mean 'c99'" in wrong.output
