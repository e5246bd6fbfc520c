"""The generated C says what torch and onnxruntime say: by every compiler setting, for every family of networks."""

import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from meshsight.exporting.c99.export import export_c99
from meshsight.models.kinds import PATCH_KINDS
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.families import circle, classifier, early_exit, joint
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.published import naoth_circle, naoth_classifier, naoth_go24, naoth_tiny
from meshsight.models.patch.spec import BlockSpec, PatchSpec

NETS: dict[str, PatchSpec] = {
    "naoth": naoth_classifier(),
    "naoth-32": naoth_classifier((8, 8, 16, 16)).evolve(input_hw=(32, 32)),
    "go24": naoth_go24(),
    "tiny-position": naoth_tiny(3),
    "circle": naoth_circle(),
    "circle-sigmoid": circle.Spec(circle_activation="sigmoid", channels=2, dense=(10, 6)),
    "joint": joint.Spec(channels=3, input_hw=(19, 22), filters=(5, 7, 9), slope=0.0),
    "joint-plain": joint.Spec(
        blocks=(BlockSpec(filters=24, stride=2), BlockSpec(filters=6, kernel=5, pool=2)), dense=()
    ),
    "early-exit": early_exit.Spec(has_position=True, exit_dense=(8,)),
    "no-block-between": classifier.Spec(blocks=(BlockSpec(filters=3, kernel=1, has_norm=False),), output="sigmoid"),
}
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O2")
SANITISED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
NUM_PATCHES = 1000
TOLERANCE = 1e-5
"""Of scores, and of circles as shares of the patch."""

HARNESS = """\
#include "net.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Reads patches with their places, writes answers. The arena is as small as it may be, and full of NaN each time. */
int main(void)
{
    const size_t size = NET_HEIGHT * NET_WIDTH * NET_CHANNELS;
    TYPE *patch = malloc(size * sizeof *patch);
    float *place = malloc(4 * sizeof *place), *out = malloc(NET_NUM_OUTPUTS * sizeof *out);
    float *arena = malloc(NET_ARENA * sizeof *arena);
    int i;
    while (fread(place, sizeof *place, 4, stdin) == 4 && fread(patch, sizeof *patch, size, stdin) == size) {
        for (i = 0; i < NET_ARENA; ++i)
            arena[i] = NAN;
        RUN(patch, PLACE out, arena);
        fwrite(out, sizeof *out, NET_NUM_OUTPUTS, stdout);
    }
    free(patch); free(place); free(out); free(arena);
    return 0;
}
"""


def make(spec: PatchSpec) -> PatchNet:
    """Builds a network in which every number counts: norms that scale, shift and turn the sign."""
    torch.manual_seed(0)
    net = build_patch_net(spec)
    net.entry.mean.uniform_(0.2, 0.6)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # take the statistics of the next batch
            nn.init.uniform_(layer.weight, -1.5, 1.5)
            nn.init.uniform_(layer.bias, -0.5, 0.5)
        elif isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.uniform_(layer.bias, -0.2, 0.2)
    patches, places = make_patches(net.spec)
    with torch.no_grad():
        raw = net.train()(patches, places)
        net.eval()
        if isinstance(net.spec, early_exit.Spec):
            logits = net(patches, places).early_logits
            net.get_buffer("exit_threshold").copy_(torch.sigmoid(logits[:, 1] - logits[:, 0]).median())
    assert all(bool(part.isfinite().all()) for part in raw)
    return net


def make_patches(spec: PatchSpec) -> tuple[Tensor, Tensor]:
    """Draws noise, of which some patches are dark, bright or flat."""
    rng = np.random.default_rng(1)
    shape = (NUM_PATCHES, spec.channels, *spec.input_hw)
    contrast = rng.uniform(0, 1, (NUM_PATCHES, 1, 1, 1))
    patches = rng.uniform(0, 255, shape) * contrast + rng.uniform(0, 255, (NUM_PATCHES, 1, 1, 1)) * (1 - contrast)
    patches[0], patches[1] = 0, 255
    return torch.from_numpy(patches.astype(np.float32)), torch.from_numpy(rng.random((NUM_PATCHES, 4), np.float32))


class Answering(nn.Module):
    """Patches in, answers out, in the order of the C code's outputs."""

    def __init__(self, net: PatchNet):
        super().__init__()
        self.net = net

    def forward(self, patches: Tensor, places: Tensor) -> Tensor:
        scores, circles = self.net.decode(self.net(patches, places))
        return torch.cat(([] if scores is None else [scores[:, None]]) + ([] if circles is None else [circles]), dim=1)


def torch_answers(net: PatchNet, patches: Tensor, places: Tensor) -> np.ndarray:
    with torch.no_grad():
        return Answering(net)(patches, places).numpy()


def compiled(net: PatchNet, folder: Path, flags: Sequence[str], kind: str = "float", compiler: str = "gcc") -> Path:
    """Compiles the generated source strictly, and the program that feeds it."""
    if shutil.which(compiler) is None:
        pytest.skip(f"no compiler {compiler} on this machine")
    files = export_c99(net, folder, "net")
    harness, program = folder / "harness.c", folder / "program"
    harness.write_text(HARNESS)
    run = "net_run" if kind == "float" else "net_run_bytes"
    place = "place," if net.spec.has_position else ""
    defines = (f"-DTYPE={kind}", f"-DRUN={run}", f"-DPLACE={place}")
    done = subprocess.run(
        [compiler, *STRICT, *flags, *defines, "-o", program, files.source, harness, "-lm"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return program


def c_answers(command: Sequence[str | Path], patches: np.ndarray, places: Tensor, width: int) -> np.ndarray:
    pixels = np.ascontiguousarray(patches.transpose(0, 2, 3, 1))
    data = b"".join(place.tobytes() + patch.tobytes() for place, patch in zip(places.numpy(), pixels, strict=True))
    done = subprocess.run(list(command), input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, np.float32).reshape(-1, width)


def assert_equal(net: PatchNet, patches: Tensor, places: Tensor, found: np.ndarray, expected: np.ndarray) -> None:
    if isinstance(net.spec, early_exit.Spec):
        with torch.no_grad():
            logits = net(patches, places).early_logits
        early = torch.sigmoid(logits[:, 1] - logits[:, 0])
        threshold = net.get_buffer("exit_threshold")
        left = int((early < threshold).sum())
        assert 0.3 * NUM_PATCHES < left < 0.7 * NUM_PATCHES
        # Whoever stands on the threshold may go either way.
        is_clear = ((early - threshold).abs() > 1e-6).numpy()
        assert is_clear.sum() > 0.95 * NUM_PATCHES
        found, expected = found[is_clear], expected[is_clear]
    assert float(expected.std(axis=0).min()) > 1e-3, "the network should have something to say"
    height, width = net.spec.input_hw
    units = {1: (1,), 3: (width, width, height), 4: (1, width, width, height)}[expected.shape[1]]
    np.testing.assert_allclose(found / units, expected / units, atol=TOLERANCE, rtol=0)


@pytest.fixture(params=sorted(NETS), scope="module")
def net(request: pytest.FixtureRequest) -> PatchNet:
    return make(NETS[request.param])


def test_every_family_is_in_the_battery() -> None:
    assert {spec.kind for spec in NETS.values()} == set(PATCH_KINDS.names)


@pytest.mark.parametrize("flags", [SANITISED, ("-DNET_PLAIN_C",)], ids=["vectors, sanitised", "plain C"])
def test_the_code_says_what_torch_says(net: PatchNet, flags: tuple[str, ...], tmp_path: Path) -> None:
    patches, places = make_patches(net.spec)
    expected = torch_answers(net, patches, places)
    program = compiled(net, tmp_path, flags)
    found = c_answers([program], patches.numpy(), places, expected.shape[1])
    assert_equal(net, patches, places, found, expected)


BUILDS = {
    "sse4.1": ("-msse4.1",),
    "sse4.1, sanitised": ("-msse4.1", *SANITISED),
    "silvermont": ("-march=silvermont",),
    "native": ("-march=native", "-O3"),
    # gcc 12 takes twenty seconds to optimise plain C under both sanitizers.
    "plain C, sanitised": ("-DNET_PLAIN_C", *SANITISED, "-O0"),
}


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="settings of an x86-64 compiler")
@pytest.mark.parametrize("build", sorted(BUILDS))
@pytest.mark.parametrize("kind", ["float", "unsigned char"])
def test_every_setting_gives_the_same_answers(build: str, kind: str, tmp_path: Path) -> None:
    published = make(NETS["naoth"])
    patches, places = make_patches(published.spec)
    patches = patches.round() if kind != "float" else patches
    expected = torch_answers(published, patches, places)
    program = compiled(published, tmp_path, BUILDS[build], kind)
    array = patches.numpy().astype(np.uint8 if kind != "float" else np.float32)
    assert_equal(published, patches, places, c_answers([program], array, places, 1), expected)


@pytest.mark.parametrize("flags", [(), ("-DNET_PLAIN_C",)], ids=["neon", "plain C"])
def test_neon_gives_the_same_answers(flags: tuple[str, ...], tmp_path: Path) -> None:
    emulator = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if emulator is None:
        pytest.skip("no qemu-aarch64 on this machine")
    joint_net = make(NETS["joint"])
    patches, places = make_patches(joint_net.spec)
    program = compiled(joint_net, tmp_path, ("-static", *flags), compiler="aarch64-linux-gnu-gcc")
    expected = torch_answers(joint_net, patches, places)
    found = c_answers([emulator, program], patches.numpy(), places, expected.shape[1])
    assert_equal(joint_net, patches, places, found, expected)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", ["naoth", "circle", "early-exit"])  # a trained joint net: tests/end_to_end
def test_the_code_says_what_onnxruntime_says(name: str, tmp_path: Path) -> None:
    one = make(NETS[name])
    patches, places = make_patches(one.spec)
    path = tmp_path / "net.onnx"
    batch = {0: torch.export.Dim.DYNAMIC}
    names = ["patches", "places"]
    torch.onnx.export(
        Answering(one).eval(),
        (patches[:2], places[:2]),
        path,
        dynamo=True,
        verbose=False,
        input_names=names,
        dynamic_shapes=(batch, batch),
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = {"patches": patches.numpy(), "places": places.numpy()}
    (expected,) = session.run(None, {value.name: given[value.name] for value in session.get_inputs()})
    program = compiled(one, tmp_path, ())
    found = c_answers([program], patches.numpy(), places, expected.shape[1])
    assert_equal(one, patches, places, found, expected)
