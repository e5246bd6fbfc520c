"""The demo as a whole, made small: it walks to its end without a network, goes on where it stopped, and does without
OpenGL.
"""

import json
import logging
import os
import re
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshsight.presets import demo as preset
from meshsight.records.artifact import read_manifest as read_artifact
from meshsight.specs.training import TrainSpec
from meshsight.training.metrics import read_metrics
from meshsight.training.run_folder import RunFiles
from meshsight.workflows import demo as demo_module
from meshsight.workflows.demo import DemoFiles, DemoResult, demo

SCALE = 0.01
STEPS = 100
SECTIONS = [
    *("Result on test", "How hard the test is", "Training", "Labelled samples", "Classes", "Visibility and size"),
    *("Predictions beside truth", "Worst mistakes", "New scenes, without torch", "What it cost", "What next"),
]
BLOCK_NETWORK = textwrap.dedent(
    """
    import socket
    def refuse(self, address, *rest):
        if self.family != socket.AF_UNIX:
            raise OSError(f"a test forbids connections: {address}")
        return connect(self, address, *rest)
    connect, socket.socket.connect = socket.socket.connect, refuse
    socket.socket.connect_ex = refuse
    socket.getaddrinfo = lambda *arguments, **_: refuse(socket.socket(), arguments)
    """
)
BREAK_OPENGL = textwrap.dedent(
    """
    import moderngl
    def create_context(**_):
        raise Exception("no libEGL.so.1 (as on a machine without OpenGL)")
    moderngl.create_context = create_context
    """
)


@pytest.fixture(scope="module")
def module_patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def preload(code: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Has every Python process that is started from now on run some code first."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(code)
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")])))


def block_network(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Forbids connections in this process and in those that it starts."""
    preload(BLOCK_NETWORK, folder, patch)

    def refuse(self: socket.socket, address: object) -> None:
        assert self.family == socket.AF_UNIX, f"a test forbids connections: {address}"

    patch.setattr(socket.socket, "connect", refuse)
    patch.setattr(socket.socket, "connect_ex", refuse)


def shrink_training(patch: pytest.MonkeyPatch) -> None:
    """Lets the demo's own recipe train on smaller input."""
    full: TrainSpec = preset.training()
    patch.setattr(preset, "training", lambda: full.evolve(input_hw=(160, 160), batch_size=4))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, module_patch: pytest.MonkeyPatch) -> tuple[DemoFiles, DemoResult]:
    """A demo done by the renderer that this machine has, in processes that cannot connect to anything."""
    root = tmp_path_factory.mktemp("demo")
    shrink_training(module_patch)
    with pytest.MonkeyPatch.context() as patch:
        block_network(root / "blocked", patch)
        result = demo(root / "demo", scale=SCALE)
    return DemoFiles(folder=root / "demo"), result


def content(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Returns when each file was written last, and its bytes."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def steps_of(files: DemoFiles) -> list[int]:
    return [line["step"] for line in read_metrics(RunFiles(files.run).metrics) if line["event"] == "step"]


def test_the_block_holds_in_child_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = [
            sys.executable,
            "-c",
            f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}))",
        ]
        assert subprocess.run(call, capture_output=True, check=False).returncode == 0
        block_network(tmp_path / "blocked", monkeypatch)
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert "OSError: a test forbids connections" in done.stderr


@pytest.mark.slow
def test_it_ends_with_figures_an_artifact_predictions_and_a_page(small: tuple[DemoFiles, DemoResult]) -> None:
    files, result = small
    assert isinstance(result.ap, float) and 0 <= result.ap <= 1
    assert isinstance(result.ap50, float) and result.ap <= result.ap50 <= 1
    assert json.loads(files.evaluation.read_text())["headline"]["ap50"] == result.ap50
    assert steps_of(files) == list(range(1, STEPS + 1))
    artifact = read_artifact(files.artifact)
    assert artifact.classes == preset.OBJECTS
    assert artifact.parity.max_box_px <= 0.5 and artifact.parity.max_score <= 1e-3
    assert len(list(files.predictions.rglob("*.jpg"))) == demo_module.NUM_NEW_SCENES
    assert all(command.startswith("meshsight ") for command in result.next_commands)


@pytest.mark.slow
def test_the_page_has_every_section(small: tuple[DemoFiles, DemoResult]) -> None:
    page = small[0].page.read_text()
    titles = re.findall("<h2>(.+)</h2>", page)
    assert titles == SECTIONS
    assert page.count("<img ") > demo_module.NUM_NEW_SCENES


@pytest.mark.slow
def test_called_again_it_draws_and_trains_nothing(
    small: tuple[DemoFiles, DemoResult], caplog: pytest.LogCaptureFixture
) -> None:
    files, before = small
    data, weights = content(files.folder / "data"), RunFiles(files.run).weights.read_bytes()
    with caplog.at_level(logging.INFO, "meshsight"):
        after = demo(files.folder, scale=SCALE)
    images = {name: file for name, file in data.items() if "/images/" in name or name.endswith("coco.json")}
    assert images and images.items() <= content(files.folder / "data").items()
    assert caplog.text.count("already complete") == 3
    assert steps_of(files) == list(range(1, STEPS + 1))
    assert RunFiles(files.run).weights.read_bytes() == weights
    assert (after.ap, after.ap50, after.difficulty) == (before.ap, before.ap50, before.difficulty)


@pytest.mark.slow
def test_without_opengl_it_draws_with_rays_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    preload(BREAK_OPENGL, tmp_path / "broken", monkeypatch)
    shrink_training(monkeypatch)
    with caplog.at_level(logging.WARNING, "meshsight"):
        result = demo(tmp_path / "demo", scale=SCALE)
    assert result.report.is_file()
    (line,) = [record.message for record in caplog.records if "raycast" in record.message]
    assert "no libEGL.so.1" in line and "apt-get install libegl1 libgl1-mesa-dri" in line
    for name in ("train", "test", "new"):
        assert "kind: raycast" in (tmp_path / "demo" / "data" / f"{name}.yaml").read_text()
