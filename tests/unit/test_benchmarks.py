"""Every benchmark still starts, and what they share computes what it says."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if path.name not in {"measuring.py", "steps.py"})


def load_measuring():
    spec = importlib.util.spec_from_file_location("measuring", FOLDER / "measuring.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["measuring"] = module
    spec.loader.exec_module(module)
    return module


measuring = load_measuring()


EXPLAIN = """
import contextlib, io, json, runpy, sys
said = {}
for path in sys.argv[1:]:
    sys.argv, told = [path, "--help"], io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
        runpy.run_path(path, run_name="__main__")
    said[path] = told.getvalue()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What each script says to --help, asked in one process, since most of a start is torch's."""
    call = [sys.executable, "-c", EXPLAIN, *map(str, SCRIPTS)]
    done = subprocess.run(call, capture_output=True, text=True, check=True, cwd=FOLDER)
    return json.loads(done.stdout)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_benchmark_explains_itself_and_stands_in_the_readme(script: Path, said: dict[str, str]) -> None:
    assert "--json" in said[str(script)]
    assert f"`{script.name}`" in (FOLDER / "README.md").read_text()


def test_turns_alternate_and_keep_each_cost_with_its_call() -> None:
    calls: list[str] = []
    rows = measuring.take_turns(3, lambda: calls.append("a"), lambda: calls.append("b") or sum(range(300_000)))
    assert "".join(calls) == "abbaab"
    assert len(rows) == 3
    assert all(slow.wall_s > fast.wall_s for fast, slow in rows)


def test_the_ratio_is_the_median_of_neighbours() -> None:
    assert measuring.median_ratio([2.0, 30.0, 5.0], [1.0, 10.0, 1.0]) == 3.0


def test_a_child_process_counts(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    cost = measuring.measure(lambda: subprocess.run([sys.executable, "-c", burn], check=True))
    assert cost.cpu_s >= 0.25


@pytest.mark.parametrize(("value", "code"), [(1.5, 0), (1.7, 1), (None, 1)])
def test_a_missed_target_is_the_exit_code(value: float | None, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    targets = (measuring.Target(figure="ratio", limit=1.6),)
    assert measuring.report("title", {"ratio": value}, targets, as_json=False) == code
    assert ("missed" if code else "met") in capsys.readouterr().out
