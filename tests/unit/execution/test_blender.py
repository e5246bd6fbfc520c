"""Blender's process is watched, replaced and given up as its manners ask for; a stand-in shows them all."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.errors import CallError, ExecutionError, MissingExtraError, RenderError
from meshsight.execution.blender.keeper import BlenderKeeper, KeeperSettings
from meshsight.execution.blender.places import (
    BLENDER_VARIABLE,
    COMPLETE,
    command_for,
    find_blender,
    find_blender_before,
    installed_folder,
)
from meshsight.execution.blender.process import BlenderDied, BlenderProcess
from meshsight.execution.blender.wire import pack, read_parcel

FAKE = Path(__file__).with_name("fake_blender.py")

Starter = Callable[..., BlenderProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    started: list[BlenderProcess] = []
    notes = tmp_path / "notes"
    notes.mkdir()

    def start(manner: str, stall_seconds: float = 20.0, **settings) -> BlenderProcess:
        command = [sys.executable, str(FAKE), manner, str(notes)]
        started.append(BlenderProcess(command, stall_seconds=stall_seconds, **settings))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def num_starts(tmp_path: Path) -> int:
    return len(list((tmp_path / "notes").iterdir()))


def test_arrays_come_back_as_they_went(start):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "none": np.zeros((0, 3), np.uint8)}
    parcel = start("well").call({"command": "echo", "number": 0.1}, arrays)
    assert parcel.message["echo"]["number"] == 0.1
    assert list(parcel.arrays) == ["a", "none"] and parcel.arrays["none"].shape == (0, 3)
    np.testing.assert_array_equal(parcel.arrays["a"], arrays["a"])


def test_what_is_torn_off_is_no_message(tmp_path):
    data = b"".join(pack({"event": "done"}, {"a": np.arange(4.0)}))
    (tmp_path / "torn").write_bytes(b"noise of Blender\n" + data + data[:-1])
    with (tmp_path / "torn").open("rb") as stream:
        whole = read_parcel(stream)
        assert whole is not None and whole.message == {"event": "done"}
        assert read_parcel(stream) is None


def test_a_command_that_fails_is_one_line_and_the_next_one_works(start):
    process = start("well")
    with pytest.raises(RenderError, match=r"^Blender: no such mesh$"):
        process.call({"command": "bad"})
    assert process.call({"command": "good"}).message["event"] == "done"


def test_a_process_that_hangs_is_stopped(start):
    process = start("hangs", stall_seconds=1.0)
    began = time.monotonic()
    with pytest.raises(BlenderDied, match="no progress for 1 s"):
        process.call({"command": "render"})
    assert time.monotonic() - began < 10


def test_a_slow_process_that_gets_on_is_not(start):
    heard: list[bool] = []
    process = start("slow", stall_seconds=1.2, on_progress=lambda: heard.append(True))
    assert process.call({"command": "render"}).message["event"] == "done"
    assert len(heard) == 6


def test_a_death_is_made_good_by_another_process(start, tmp_path):
    keeper = BlenderKeeper(lambda: start("dies_once"), KeeperSettings())
    found = keeper.perform("frame 3", lambda process: process.call({"command": "render"}).message["event"])
    assert found == "done" and num_starts(tmp_path) == 2


def test_work_that_ends_three_processes_is_given_up_and_other_work_goes_on(start, tmp_path):
    manners = iter(["dies", "dies", "dies", "well"])
    keeper = BlenderKeeper(lambda: start(next(manners)), KeeperSettings())

    def work(process: BlenderProcess) -> str:
        return process.call({"command": "render"}).message["event"]

    with pytest.raises(ExecutionError, match=r"^frame 3: Blender died here 3 times \(signal 9\).*they say") as caught:
        keeper.perform("frame 3", work)
    assert "\n" not in str(caught.value) and num_starts(tmp_path) == 3
    assert keeper.perform("frame 4", work) == "done"


def test_one_that_cannot_start_says_why_at_once(start, tmp_path):
    keeper = BlenderKeeper(lambda: start("no_library"), KeeperSettings())
    with pytest.raises(RenderError, match=r"Blender cannot start \(exit code 1\).*apt-get install .*libxrender1"):
        keeper.warm_up()
    assert num_starts(tmp_path) == 1


@pytest.mark.parametrize(
    ("manner", "settings", "starts"),
    [
        ("well", KeeperSettings(), 1),
        ("well", KeeperSettings(recycle_frames=2), 3),
        ("grows", KeeperSettings(recycle_growth_bytes=60 << 20), 2),
    ],
)
def test_a_process_is_replaced_after_many_frames_or_much_growth(start, tmp_path, manner, settings, starts):
    keeper = BlenderKeeper(lambda: start(manner), settings)
    for frame in range(5):
        keeper.perform(f"frame {frame}", lambda process: process.call({"command": "render"}))
    assert num_starts(tmp_path) == starts


def test_the_end_of_the_pipe_ends_blenders_side_and_no_one_waits(start):
    process = start("well")
    began = time.monotonic()
    process.kill()
    process.kill()
    assert time.monotonic() - began < 5


def test_blender_is_looked_for_where_it_was_named_then_where_it_was_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("MESHSIGHT_CACHE", str(tmp_path))
    monkeypatch.delenv(BLENDER_VARIABLE, raising=False)
    with pytest.raises(MissingExtraError, match="meshsight blender install"):
        find_blender(None)
    for version in ("4.2.23", "5.0.1"):
        python = installed_folder(version) / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch(mode=0o755)
        (installed_folder(version) / COMPLETE).write_text(json.dumps({}))
        assert find_blender(None) == python
    program = tmp_path / "blender-4.5"
    program.touch(mode=0o755)
    monkeypatch.setenv(BLENDER_VARIABLE, str(program))
    assert find_blender(None) == program
    assert find_blender(str(installed_folder("4.2.23"))) == installed_folder("4.2.23") / "bin" / "python"
    with pytest.raises(CallError, match=r"renderer\.blender: /nowhere"):
        find_blender("/nowhere")


def test_what_blender_5_gave_up_is_read_by_an_older_one(tmp_path, monkeypatch):
    monkeypatch.setenv("MESHSIGHT_CACHE", str(tmp_path))
    monkeypatch.delenv(BLENDER_VARIABLE, raising=False)
    with pytest.raises(
        MissingExtraError, match=r"given up with version 5: run `meshsight blender install --version 4\.5"
    ):
        find_blender_before(5, None)
    pythons = {}
    for version in ("5.0.1", "4.2.23", "4.5.15"):
        pythons[version] = installed_folder(version) / "bin" / "python"
        pythons[version].parent.mkdir(parents=True)
        pythons[version].touch(mode=0o755)
        (installed_folder(version) / COMPLETE).write_text("{}")
        if version == "5.0.1":
            assert find_blender_before(5, None) == pythons["5.0.1"]  # which says itself that it cannot, and what can
    assert find_blender(None) == pythons["5.0.1"]
    monkeypatch.setenv(BLENDER_VARIABLE, str(pythons["5.0.1"]))
    assert find_blender_before(5, None) == pythons["4.5.15"]
    assert find_blender_before(5, str(pythons["4.2.23"])) == pythons["4.2.23"]


def test_a_program_takes_the_script_without_settings_and_scripts_of_others():
    script = Path("/scripts/serve.py")
    assert command_for(Path("/venv/bin/python3.11"), script) == ["/venv/bin/python3.11", "-u", str(script)]
    command = command_for(Path("/opt/blender"), script, ["one"])
    assert command[0] == "/opt/blender" and {"--background", "--factory-startup", "--disable-autoexec"} <= set(command)
    assert command[-4:] == ["--python", str(script), "--", "one"]


@pytest.mark.parametrize(
    ("causes", "starts"), [(["signal 9", "signal 11"], 3), (["exit code 1"], 1), (["signal 9"] * 3, 3)]
)
def test_a_blender_killed_while_it_starts_is_started_anew(causes: list[str], starts: int) -> None:
    """What ends by itself, as without a library, would do so again."""
    left, made, num_starts = list(causes), object.__new__(BlenderProcess), 0

    def start() -> BlenderProcess:
        nonlocal num_starts
        num_starts += 1
        if left:
            raise BlenderDied(left.pop(0), "")
        return made

    keeper = BlenderKeeper(start, KeeperSettings())
    if starts > len(causes):
        keeper.warm_up()
    else:
        with pytest.raises(RenderError, match=f"Blender cannot start .{causes[-1]}"):
            keeper.warm_up()
    assert num_starts == starts
