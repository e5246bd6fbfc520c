"""A folder appears whole or not at all, whatever ends its making."""

import os
import platform
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from meshsight.core.errors import CallError, StorageError
from meshsight.workflows.new_folder import new_folder

ENDLESS = """
import sys, time
from pathlib import Path
from meshsight.workflows.new_folder import new_folder
with new_folder(Path(sys.argv[1])) as work:
    (work / "half").write_text("x")
    print("working", flush=True)
    time.sleep(60)
"""


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def start(out: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(out)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "working\n"
    return process


def end(process: subprocess.Popen[str], how: signal.Signals) -> int:
    process.send_signal(how)
    process.communicate(timeout=10)
    return process.returncode


def test_it_is_there_at_the_end_and_not_before(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with new_folder(out) as work:
        (work / "a").write_text("x")
        assert work.parent == out.parent and not out.exists()
    assert [path.name for path in out.iterdir()] == ["a"] and hidden(out.parent) == []


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with new_folder(tmp_path / "out") as work:
        (work / "a").write_text("x")
    assert (tmp_path / "out" / "a").is_file()


def test_what_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    with pytest.raises(CallError, match=r"out: not empty\. Name another folder"), new_folder(tmp_path / "out"):
        pytest.fail("began")
    with pytest.raises(CallError, match=r"mine: a file\."), new_folder(tmp_path / "out" / "mine"):
        pytest.fail("began")
    with pytest.raises(StorageError, match="cannot be written"), new_folder(tmp_path / "late") as work:
        (work / "a").write_text("x")
        (tmp_path / "late").mkdir()
        (tmp_path / "late" / "theirs").write_text("y")
    assert [path.name for path in (tmp_path / "late").iterdir()] == ["theirs"]


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt()])
def test_an_exception_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), new_folder(tmp_path / "out") as work:
        (work / "a").write_text("x")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    said = r"out: cannot be written: No space left on device\. .*nothing is left"
    with pytest.raises(StorageError, match=said), new_folder(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_polite_kill_leaves_nothing(tmp_path: Path) -> None:
    assert end(start(tmp_path / "out"), signal.SIGTERM) == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_the_leftovers_of_a_killed_process_go_with_the_next_call_and_not_those_of_a_live_one(tmp_path: Path) -> None:
    out = tmp_path / "out [1]"  # not a pattern
    killed, living = start(out), start(out)
    end(killed, signal.SIGKILL)
    assert len(hidden(tmp_path)) == 2 and not out.exists()
    with new_folder(out) as work:
        (work / "a").write_text("x")
    (left,) = hidden(tmp_path)
    assert f"-{living.pid}-" in left
    end(living, signal.SIGTERM)
    assert hidden(tmp_path) == []


def test_another_machines_work_is_left_alone_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    theirs = tmp_path / ".out.partial-00000000-1-1000"
    theirs.mkdir()
    with new_folder(tmp_path / "out"):
        pass
    assert theirs.is_dir() and f"{theirs}: left by another machine" in caplog.text


def test_a_process_id_in_use_again_does_not_protect_leftovers(tmp_path: Path) -> None:
    machine = f"{zlib.crc32(platform.node().encode()):08x}"
    old = tmp_path / f".out.partial-{machine}-{os.getpid()}-{round((time.time() - 1e6) * 1000)}"
    old.mkdir()
    with new_folder(tmp_path / "out"):
        pass
    assert not old.exists()
