"""`sweep`: every trial once, whatever is killed; each an ordinary run; the best found, told and shown."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import psutil
import pytest
import torch

from meshsight.core.errors import CallError, DataError, TrainingError
from meshsight.exporting.patches.latency import patch_microseconds
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.families import classifier
from meshsight.runtime.patch_graph import OnnxPatchModel
from meshsight.specs.base import parse_spec
from meshsight.specs.recipe import dump_recipe, read_recipe
from meshsight.specs.sweep import SweepSpec
from meshsight.training.patches.model import TorchPatchModel
from meshsight.training.run_folder import RunFiles, read_manifest
from meshsight.workflows.recipes import read_sweep_recipe, read_training_recipe
from meshsight.workflows.sweep import JOURNAL, REPORT, WINNER, SweepOptions, SweepResult, sweep
from meshsight.workflows.sweeping.journal import Journal

QUIET = {"workers": 1, "device": "cpu", "shows_progress": False}


def write_patches(path: Path, count: int, seed: int) -> None:
    """Every second patch is bright in its middle, which even the smallest net learns."""
    rng = np.random.default_rng(seed)
    pixels, balls = rng.normal(100, 20, (count, 16, 16, 1)), np.arange(count) % 2
    pixels[1::2, 4:12, 4:12] += 70
    with h5py.File(path, "w") as file:
        file["X"] = np.clip(pixels, 0, 255).astype(np.uint8)
        file["y"] = balls.astype(np.float64)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweeps")
    write_patches(folder / "train.h5", 96, 0)
    write_patches(folder / "val.h5", 64, 1)
    return folder


def recipe(**changes: object) -> SweepSpec:
    train = {
        "net": {"kind": "classifier", "filters": [4, 4, 4, 4], "dense": [16]},
        "steps": 6,
        "batch_size": 32,
        "validation": {"every_steps": 2},
        "optimiser": {"kind": "adamw", "learning_rate": 0.01},
    }
    plain = {"train": train, "data": ["train.h5"], "val": ["val.h5"], **changes}
    return parse_spec(SweepSpec, plain, "sweep.yaml")


def run(spec: SweepSpec, root: Path, out: Path, **options: object) -> SweepResult:
    chosen = SweepOptions(**{**QUIET, **options})  # pyright: ignore[reportArgumentType]
    return sweep(spec, root=root, out=out, options=chosen)


def test_a_sweep_finds_the_best_and_its_trials_are_ordinary_runs(root: Path, tmp_path: Path) -> None:
    """One rate is far too small to learn anything; one combination of values does not fit together."""
    parameters = {
        "train.optimiser.learning_rate": [1e-7, 0.02],
        "train.net.input_hw": [[16, 16], [4, 4]],
    }
    spec = recipe(
        parameters=parameters, objectives=["average_precision", "num_parameters", "microseconds", "num_flops"]
    )
    out = tmp_path / "sweep"
    result = run(spec, root, out)
    assert [trial.state for trial in result.trials] == ["done", "failed", "done", "failed"]
    assert "shrinks to nothing" in result.trials[1].reason
    assert result.winner == 2 == result.front[0]  # the other has the same size, and may be faster by a hair
    best = result.trials[2]
    assert best.metrics["average_precision"] > result.trials[0].metrics["average_precision"]
    assert best.metrics["num_parameters"] == 582  # as NaoTH's table has it
    assert best.metrics["num_flops"] > 2 * 16 * 16 * 9 * 4
    manifest = read_manifest(RunFiles(best.run))
    assert manifest.status == "finished" and manifest.spec.optimiser.learning_rate == 0.02
    pages = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.html"))
    assert pages == ["report.html", "trials/00002/run/evaluation/evaluation.html", "trials/00002/run/run.html"]
    assert read_training_recipe(out / WINNER) == manifest.spec
    page = (out / REPORT).read_text()
    assert "average_precision over microseconds" in page and "only a third figure saves" in page
    assert "The winner" in page and "What mattered" in page and "trial 2" in page
    again = run(spec, root, out, is_resumed=True)
    assert again.trials == result.trials and again.front == result.front
    with pytest.raises(CallError, match="holds a sweep already"):
        run(spec, root, out)
    with pytest.raises(CallError, match="holds another sweep"):
        run(recipe(parameters={"train.steps": [1, 2]}), root, out, is_resumed=True)


def test_speed_is_that_of_the_code_for_a_robot_or_else_of_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    net = build_patch_net(classifier.Spec(filters=(4, 4, 4, 4)))
    model = TorchPatchModel(net, "ball", None, torch.device("cpu"))
    patches = np.zeros((8, 16, 16, 1), np.uint8)
    assert patch_microseconds(model, patches, None) > 0
    asked: list[int] = []
    monkeypatch.setattr(OnnxPatchModel, "microseconds", lambda _, pixels, places: float(asked.append(len(pixels)) or 7))
    assert patch_microseconds(model, patches, None) > 0 and asked == []
    monkeypatch.setattr("meshsight.exporting.patches.latency.compiler_at_hand", lambda: None)
    assert patch_microseconds(model, patches, None) == 7 and asked == [8]


def test_a_sweep_in_which_nothing_works_says_why(root: Path, tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"parameters\.train\.batch_size: none of its values fits: .*batch_size"):
        run(recipe(parameters={"train.batch_size": [0, -1]}), root, tmp_path / "never")
    assert not (tmp_path / "never").exists()
    spec = recipe(parameters={"train.seed": [1]}, objectives=["beauty"])
    with pytest.raises(TrainingError, match=r"not one of 1 trials came to an end.*no figure 'beauty', but .*best"):
        run(spec, root, tmp_path / "odd")
    with pytest.raises(CallError, match="trials: sampler 'random' has no end of its own"):
        run(recipe(parameters={"train.seed": [1]}, sampler="random"), root, tmp_path / "endless")


def test_the_journal_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    lines = [
        '{"begin":0,"params":{"a":1},"notes":{}}',
        '{"report":0,"step":5,"value":0.5}',
        '{"begin":1,"params":{"a":2},"notes":{}}',
        '{"end":0,"state":"done","metrics":{"ap":0.7},"reason":"","values":[0.7]}',
        '{"report":1,"st',
    ]
    path.write_text("\n".join(lines))
    journal = Journal(path)
    assert journal.unfinished == [1] and journal.past[0].values == (0.7,) and journal.past[0].reports == {5: 0.5}
    assert path.read_text() == "\n".join(lines[:4]) + "\n"
    path.write_text("\n".join([*lines[:4], lines[3]]) + "\n")
    with pytest.raises(DataError, match=r"line 5: damaged \(trial 0 ends twice\)"):
        Journal(path)


class Victim:
    """A `meshsight sweep --resume` that is started again whenever it was killed."""

    def __init__(self, file: Path, out: Path) -> None:
        self._out = out
        options = ["--out", str(out), "--workers", "2", "--resume", "--device", "cpu"]
        self._command = [sys.executable, "-m", "meshsight.cli", "sweep", str(file), *options]
        self._environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command, env=self._environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )

    def wait_for_ends(self, count: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.num_ends() < count:
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < deadline, f"no {count} trials within {seconds:g} s"
            time.sleep(0.02)

    def num_ends(self) -> int:
        path = self._out / JOURNAL
        return path.read_text().count('"end":') if path.exists() else 0

    def kill_parent(self) -> None:
        workers = psutil.Process(self.process.pid).children()
        self.process.kill()
        self.process.communicate()
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive, "a worker outlived its parent"


def ends_of(out: Path) -> Counter[int]:
    lines = [json.loads(line) for line in (out / JOURNAL).read_text().splitlines()]
    return Counter(line["end"] for line in lines if "end" in line)


@pytest.mark.parametrize(
    ("num_trials", "kills"),
    [pytest.param(4, 1, id="small"), pytest.param(64, 3, id="64 trials", marks=pytest.mark.long)],
)
def test_kills_lose_no_trial_and_run_none_twice(root: Path, tmp_path: Path, num_trials: int, kills: int) -> None:
    rng = random.Random(3)
    parameters = {"train.seed": list(range(num_trials // 2)), "train.net.dropout": [0.0, 0.33]}
    spec = recipe(parameters=parameters)
    file, out = tmp_path / "sweep.yaml", tmp_path / "sweep"
    absolute = spec.evolve(data=(str(root / "train.h5"),), val=(str(root / "val.h5"),))
    file.write_text(dump_recipe(absolute))
    victim = Victim(file, out)
    results: dict[str, bytes] = {}
    for kill in range(kills):
        victim.wait_for_ends(num_trials * (kill + 1) // (kills + 1), seconds=200)
        time.sleep(rng.uniform(0, 0.5))
        victim.kill_parent()
        known = {str(path): path.read_bytes() for path in out.rglob("result.json")}
        assert results.items() <= known.items()  # what has a result is not run again
        results = known
        victim.start()
    _, words = victim.process.communicate(timeout=300)
    assert victim.process.returncode == 0, words
    assert results.items() <= {str(path): path.read_bytes() for path in out.rglob("result.json")}.items()
    assert ends_of(out) == dict.fromkeys(range(num_trials), 1)
    tried = [json.dumps(dict(past.params)) for past in Journal(out / JOURNAL).past]
    assert len(set(tried)) == num_trials
    states = {read_manifest(RunFiles(out / "trials" / f"{n:05d}" / "run")).status for n in range(num_trials)}
    assert states == {"finished"}
    assert read_recipe(SweepSpec, file) == read_sweep_recipe(out / "sweep.json")
