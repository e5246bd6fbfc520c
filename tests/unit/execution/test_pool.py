"""Workers that die, hang, grow, print, fail and lose their parent."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from meshsight.core.errors import AssetError, CallError, ExecutionError
from meshsight.execution.messages import JsonObject, Task
from meshsight.execution.pool import Asked, Finished, Lost, Pool, PoolSettings, Progressed
from meshsight.execution.process import THREAD_VARIABLES

SERVE = """
from meshsight.core.kinds import Kinds
from meshsight.execution.worker import serve
serve(Kinds("odd_jobs", "job"))
"""
COMMAND = (sys.executable, "-c", SERVE)

JOB = '''
import logging, os, signal, time
from pathlib import Path
from meshsight.core.errors import AssetError
from meshsight.specs.base import VariantSpec

class Spec(VariantSpec):
    kind: str = "odd"
    folder: str

class Odd:
    def __init__(self, spec):
        self.folder = Path(spec.folder)
        self.hoard = []

    def trouble(self, name, times):
        """Whether a trouble is still due; each is counted in a file, because the process may not survive it."""
        marks = self.folder / name
        seen = len(marks.read_text()) if marks.exists() else 0
        if seen >= times:
            return False
        marks.write_text("x" * (seen + 1))
        return True

    def run(self, task, report):
        for item in range(task["first"], task["last"]):
            if item in task.get("leave_out", []):
                continue
            report.begin(f"item {item}", item if task.get("has_numbers") else None)
            if item == task.get("dies_at") and self.trouble(f"dies{item}", task["times"]):
                os.kill(os.getpid(), signal.SIGKILL)
            if item == task.get("hangs_at") and self.trouble(f"hangs{item}", task["times"]):
                time.sleep(60)
            if item == task.get("fails_at"):
                raise AssetError("mug.glb: no such file")
            if item == task.get("bugs_at"):
                raise KeyError("oops")
            if item == task.get("asks_at"):
                marks = self.folder / "answers"
                marks.write_text(str(report.ask({"item": item})))
            print("noise on stdout")
            logging.getLogger("meshsight.odd").warning("the same words")
            self.hoard.append(bytearray(os.urandom(1) * (task.get("grows_by", 0))))
            time.sleep(task.get("sleeps", 0))
            report.advance()
        return {"sum": sum(range(task["first"], task["last"])), "pid": os.getpid(),
                "env": {name: os.environ[name] for name in task.get("env", [])}}

def build(spec):
    return Odd(spec)
'''


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JsonObject:
    package = tmp_path / "path" / "odd_jobs"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "odd.py").write_text(JOB)
    before = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", str(package.parent) if before is None else f"{package.parent}{os.pathsep}{before}")
    return {"kind": "odd", "folder": str(tmp_path)}


def run(job: JsonObject, settings: PoolSettings, tasks: Sequence[JsonObject]) -> tuple[dict[str, JsonObject], int]:
    """Returns each task's result, and the items counted over all; fails if a task ends twice."""
    results: dict[str, JsonObject] = {}
    items: Counter[str] = Counter()
    with Pool(COMMAND, job, settings) as pool:
        for event in pool.run([Task(key=str(index), spec=spec) for index, spec in enumerate(tasks)]):
            match event:
                case Progressed(key=key, items=count):
                    items[key] += count
                case Finished(key=key, result=result):
                    assert key not in results
                    results[key] = result
    return results, sum(items.values())


def pieces(count: int, **more: JsonObject | int | float) -> list[JsonObject]:
    return [{"first": 5 * index, "last": 5 * index + 5, **more} for index in range(count)]


def total(results: dict[str, JsonObject]) -> int:
    return sum(int(str(result["sum"])) for result in results.values())


@pytest.mark.parametrize("workers", [1, 2])
def test_the_parts_make_the_whole(job: JsonObject, workers: int, caplog: pytest.LogCaptureFixture) -> None:
    results, items = run(job, PoolSettings(workers=workers), pieces(4))
    assert (total(results), items, len(results)) == (sum(range(20)), 20, 4)
    assert len({result["pid"] for result in results.values()}) <= workers
    assert [record.message for record in caplog.records if record.name == "meshsight.odd"] == ["the same words"]


def test_workers_use_one_thread(job: JsonObject) -> None:
    results, _ = run(job, PoolSettings(workers=1), [{"first": 0, "last": 1, "env": list(THREAD_VARIABLES)}])
    assert results["0"]["env"] == dict.fromkeys(THREAD_VARIABLES, "1")


def test_a_killed_worker_is_replaced(job: JsonObject, caplog: pytest.LogCaptureFixture) -> None:
    results, items = run(job, PoolSettings(workers=2), pieces(3, dies_at=7, times=2))
    assert (total(results), items) == (sum(range(15)), 15)
    assert sum("item 7: a worker process died (SIGKILL" in record.message for record in caplog.records) == 2


def test_an_item_that_kills_three_workers_ends_the_work(job: JsonObject) -> None:
    with pytest.raises(ExecutionError, match=r"^item 7: a worker process died here 3 times \(SIGKILL, as when memory"):
        run(job, PoolSettings(workers=1), pieces(3, dies_at=7, times=3))


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({"dies_at": 7, "times": 9}, "killed its worker 3 times (SIGKILL, as when memory runs out)"),
        ({"hangs_at": 7, "times": 9}, "stopped its worker 3 times (no progress)"),
        ({"fails_at": 7}, "mug.glb: no such file"),
    ],
)
def test_an_item_that_cannot_be_done_is_lost_alone(job: JsonObject, trouble: JsonObject, reason: str) -> None:
    settings = PoolSettings(workers=2, stall_seconds=2.0, may_lose=True, lost_on=frozenset({"AssetError"}))
    tasks = [Task(key=str(i), spec=spec) for i, spec in enumerate(pieces(4, has_numbers=1, **trouble))]
    lost: list[Lost] = []
    items: Counter[str] = Counter()
    done: list[str] = []
    with Pool(COMMAND, job, settings) as pool:
        for event in pool.run(tasks):
            match event:
                case Lost():
                    lost.append(event)
                    task = tasks[int(event.key)]
                    pool.add(Task(key=task.key, spec={**task.spec, "leave_out": [event.item]}))
                case Progressed(key=key, items=count):
                    items[key] += count
                case Finished(key=key):
                    done.append(key)
    assert [(event.key, event.item, event.reason) for event in lost] == [("1", 7, reason)]
    assert sorted(done) == ["0", "1", "2", "3"]
    assert items == {"0": 5, "1": 4, "2": 5, "3": 5}


def test_an_item_without_a_number_is_never_lost(job: JsonObject) -> None:
    with pytest.raises(ExecutionError, match=r"^item 7: a worker process died here 3 times"):
        run(job, PoolSettings(workers=1, may_lose=True), pieces(2, dies_at=7, times=3))


def test_questions_are_answered(job: JsonObject, tmp_path: Path) -> None:
    tasks = [Task(key="a", spec={"first": 0, "last": 3, "asks_at": 1})]
    heard: list[object] = []
    with Pool(COMMAND, job, PoolSettings(workers=1)) as pool:
        for event in pool.run(tasks):
            heard.append(event)
            if isinstance(event, Asked):
                pool.answer(event.key, {"goes_on": event.question["item"] == 1})
    assert Asked(key="a", question={"item": 1}) in heard
    assert isinstance(heard[-1], Finished)
    assert (tmp_path / "answers").read_text() == "{'goes_on': True}"


def test_a_stuck_worker_is_replaced(job: JsonObject, caplog: pytest.LogCaptureFixture) -> None:
    results, items = run(job, PoolSettings(workers=1, stall_seconds=3.0), pieces(2, hangs_at=3, times=1))
    assert (total(results), items) == (sum(range(10)), 10)
    assert "item 3: no progress for 3 s" in caplog.text


def test_errors_come_through_as_they_are(job: JsonObject) -> None:
    with pytest.raises(AssetError) as caught:
        run(job, PoolSettings(workers=1), pieces(1, fails_at=2))
    assert str(caught.value) == "mug.glb: no such file"


def test_bugs_name_their_place_and_keep_the_traceback(job: JsonObject) -> None:
    with pytest.raises(ExecutionError, match=r"^item 2: KeyError: 'oops'\. This is a bug") as caught:
        run(job, PoolSettings(workers=1), pieces(1, bugs_at=2))
    assert "raise KeyError" in caught.value.__notes__[0]


def test_a_worker_that_cannot_start_shows_its_last_words(job: JsonObject) -> None:
    command = (sys.executable, "-c", "raise SystemExit('no such luck')")
    with (
        pytest.raises(ExecutionError, match=r"start-up: .* 3 times \(exit code 1\)\. Its last words: no such luck"),
        Pool(command, job, PoolSettings(workers=1)) as pool,
    ):
        list(pool.run([Task(key="a", spec={})]))


def test_only_known_jobs_run(job: JsonObject) -> None:
    with pytest.raises(CallError, match=r"no job of kind 'os\.system'; there are: odd"):
        run({"kind": "os.system"}, PoolSettings(workers=1), pieces(1))


def test_workers_are_recycled_by_items(job: JsonObject) -> None:
    results, _ = run(job, PoolSettings(workers=1, recycle_items=10), pieces(6))
    assert [len({results[str(i)]["pid"] for i in pair}) for pair in ((0, 1), (2, 3), (4, 5))] == [1, 1, 1]
    assert len({result["pid"] for result in results.values()}) == 3


def test_a_growing_worker_is_recycled(job: JsonObject) -> None:
    settings = PoolSettings(workers=1, recycle_growth_bytes=50 << 20)
    results, _ = run(job, settings, pieces(6, grows_by=6 << 20))
    assert len({result["pid"] for result in results.values()}) == 2  # 30 MiB a task: leaves after its third


def test_no_worker_outlives_the_pool(job: JsonObject) -> None:
    pids: list[int] = []
    with pytest.raises(RuntimeError, match="changed my mind"), Pool(COMMAND, job, PoolSettings(workers=2)) as pool:
        for _ in pool.run([Task(key=str(i), spec=spec) for i, spec in enumerate(pieces(4, sleeps=0.2))]):
            pids = [child.pid for child in psutil.Process().children()]
            raise RuntimeError("changed my mind")
    assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)


PARENT = """
import json, logging, os, signal, sys, psutil
from meshsight.execution.messages import Task
from meshsight.execution.pool import Pool, PoolSettings
from meshsight.execution.termination import sigterm_raises
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
job, command, settings = json.loads(sys.argv[1]), json.loads(sys.argv[2]), PoolSettings(workers=2)
tasks = [Task(key=str(i), spec={"first": 0, "last": 1000, "sleeps": 0.05}) for i in range(2)]
with sigterm_raises(), Pool(command, job, settings) as pool:
    for count, _ in enumerate(pool.run(tasks)):
        if count == 8:
            print(*[child.pid for child in psutil.Process().children()], flush=True)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143), (signal.SIGINT, -2)])
def test_workers_die_with_their_parent(job: JsonObject, tmp_path: Path, number: int, code: int) -> None:
    (tmp_path / "parent.py").write_text(textwrap.dedent(PARENT))
    command = [sys.executable, str(tmp_path / "parent.py"), *map(dump, (job, COMMAND))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2
        os.kill(parent.pid, number)
        assert parent.wait(10) == code
    deadline = time.monotonic() + 5
    while any(map(psutil.pid_exists, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(psutil.pid_exists, workers))


def dump(value: object) -> str:
    return json.dumps(value)
