"""`generate`: equal bytes in any process, shard and number of workers, and after any kill; nothing lost, nothing told.

Frames are tiny and drawn by `raycast`, so that the tests need no OpenGL.
"""

import errno
import getpass
import json
import logging
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from meshsight.core.errors import AssetError, CallError, DataError, ExecutionError, StorageError, SynthesisError
from meshsight.core.files import dump_json, write_json
from meshsight.core.images import read_image, write_image
from meshsight.datasets import run_state
from meshsight.datasets.folder import RUN, open_folder
from meshsight.datasets.manifest import read_manifest
from meshsight.datasets.sample_json import sample_to_json
from meshsight.datasets.scenes import read_frame
from meshsight.records.scene_json import scene_to_json
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.scene import SceneSpec
from meshsight.workflows import estimate, lost_frames, shards
from meshsight.workflows import generate as generate_module
from meshsight.workflows.frames import FrameMaker
from meshsight.workflows.generate import GenerateResult, generate
from meshsight.workflows.live_preview import PREVIEW
from meshsight.workflows.verify import Finding, verify

RECIPE = {
    "frames": 12,
    "image": {"size_hw": [48, 64], "format": "png"},
    "renderer": "raycast",
    "objects": [{"name": "mug", "mesh": "builtin:mug"}, {"name": "box", "mesh": "builtin:box_parcel"}],
    "count": [1, 3],
    "distractors": {"count": 1},
    "environment": {"source": {"kind": "procedural", "families": ["sky"], "seeds": [0, 0]}},
    "backgrounds": [{"kind": "plain"}],
}


def recipe(**changes: object) -> SceneSpec:
    return SceneSpec.model_validate({**RECIPE, **changes})


def make(out: Path, spec: SceneSpec, *, workers: int = 1, **options: bool) -> GenerateResult:
    return generate(spec, out, root=out.parent, workers=workers, progress=False, **options)


def content(folder: Path) -> dict[str, bytes]:
    """Returns every file's bytes by its path, without `.run/`."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    named = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in named.items() if not name.startswith(f"{RUN}/")}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `recipe()`, made in one go by one worker. Do not change it."""
    out = tmp_path_factory.mktemp("unbroken") / "set"
    made = make(out, recipe())
    assert (made.num_frames, made.num_drawn, made.classes) == (12, 12, ("mug", "box"))
    return out


@pytest.fixture
def copied(unbroken: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(unbroken, tmp_path / "set"))


def test_two_workers_give_the_same_bytes(unbroken: Path, tmp_path: Path) -> None:
    make(tmp_path / "set", recipe(), workers=2)
    assert content(tmp_path / "set") == content(unbroken)


def test_three_shards_hold_the_same_frames(unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD_FRAMES", 4)
    monkeypatch.setattr(shards, "PART_FRAMES", 2)
    make(tmp_path / "set", recipe(), workers=2)
    whole, parts = content(unbroken), content(tmp_path / "set")
    assert sum(name.startswith("labels/") for name in parts) == 3
    for sort in ("labels", "scenes"):
        joined = b"".join(parts[f"{sort}/0000{index}.jsonl"] for index in range(3))
        assert joined == whole[f"{sort}/00000.jsonl"]
    same = [name for name in whole if name.startswith("images/") or name == "coco.json"]
    assert len(same) == 13 and all(parts[name] == whole[name] for name in same)


def test_a_frame_can_be_made_alone(unbroken: Path, tmp_path: Path) -> None:
    with FrameMaker(recipe(), tmp_path) as maker:
        made = maker.make(7)
        files = content(unbroken)
        assert maker.encode(made) == files["images/000007.png"]
        assert sample_to_json(made.sample).encode() == files["labels/00000.jsonl"].splitlines()[7]
        assert dump_json(scene_to_json(made.scene)).encode() == files["scenes/00000.jsonl"].splitlines()[7]


def test_more_frames_change_no_frame(unbroken: Path, tmp_path: Path) -> None:
    make(tmp_path / "set", recipe(frames=3))
    few, many = content(tmp_path / "set"), content(unbroken)
    assert all(few[f"images/{index:06d}.png"] == many[f"images/{index:06d}.png"] for index in range(3))


def test_the_folder_is_good_and_tells_nothing_of_its_making(unbroken: Path) -> None:
    result = verify(unbroken)
    assert result.is_good and result.num_frames == 12 and result.num_files == 16
    assert sorted(path.name for path in (unbroken / RUN).iterdir()) == ["preview.jpg", "recipe_folder.txt", "run.log"]
    height, width, _ = read_image(unbroken / RUN / PREVIEW).shape
    assert height > 500 and width > 500
    words = [platform.node(), getpass.getuser(), str(unbroken.parent), "worker", time.strftime("%Y-%m-%d")]
    texts = {name: data.decode() for name, data in content(unbroken).items() if not name.endswith(".png")}
    assert [(name, word) for name, text in texts.items() for word in words if len(word) > 4 and word in text] == []


def test_images_and_labels_fit(unbroken: Path) -> None:
    dataset = open_folder(unbroken)
    samples = list(dataset.samples())
    assert [sample.frame for sample in samples] == list(range(12))
    assert all(read_image(dataset.root / sample.image).shape == (48, 64, 3) for sample in samples)
    assert sum(len(sample.objects) for sample in samples) >= 12


def test_a_folder_in_use_is_refused(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"holds a data set\. Name another folder"):
        make(copied, recipe())
    with pytest.raises(CallError, match=r"cannot go on with another recipe: seed: was 0, is 1"):
        make(copied, recipe(seed=1), resume=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    for resume in (False, True):
        with pytest.raises(CallError, match="mine: not empty, and no data set that was begun"):
            make(tmp_path / "mine", recipe(), resume=resume)
    with pytest.raises(StorageError, match=r"thesis\.tex: cannot be used as a folder"):
        make(tmp_path / "mine" / "thesis.tex", recipe())
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "x"
    with pytest.raises(CallError, match="workers: expected at least 1, found 0"):
        make(tmp_path / "new", recipe(), workers=0)


def test_a_finished_folder_is_complete_already(copied: Path) -> None:
    before = content(copied)
    made = make(copied, recipe(), resume=True)
    assert (made.num_frames, made.num_drawn) == (12, 0)
    assert content(copied) == before


def test_one_process_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = run_state.RunState(tmp_path / "set")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        owner = {"pid": other.pid, "started": psutil.Process(other.pid).create_time()}
        (tmp_path / "set" / RUN).mkdir(parents=True)
        (tmp_path / "set" / RUN / "owner.json").write_text(json.dumps(owner))
        with pytest.raises(CallError, match=rf"process {other.pid} is generating into this folder"):
            state.take_over()
        other.communicate(b"\n")
    state.take_over()  # its owner is gone
    state.take_over()  # and taking over twice is no quarrel


def test_missing_files_are_named_before_anything_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "bolt.stl").write_text("solid x\nendsolid x\n")
    with pytest.raises(AssetError, match=r"'bold\.stl': no such mesh file .*did you mean 'bolt\.stl'"):
        make(tmp_path / "set", recipe(objects=[{"name": "bolt", "mesh": "bold.stl"}]))
    assert not (tmp_path / "set").exists()


def test_a_recipe_that_cannot_be_met_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_frames, "ALWAYS_ALLOWED", 0)
    impossible = {"min_visibility": 0.999, "tries_per_frame": 3}
    crowded = recipe(rejection=impossible, count=8, distractors={"count": 12, "in_front": 1.0})
    with pytest.raises(SynthesisError, match=r"^frame \d+: 3 attempts broke the recipe's rules: \d"):
        make(tmp_path / "set", crowded)


def test_rejected_frames_are_drawn_anew_and_stay_repeatable(tmp_path: Path) -> None:
    spec = recipe(rejection={"min_visibility": 0.6}, frames=6)
    make(tmp_path / "one", spec, workers=1)
    make(tmp_path / "two", spec, workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")
    samples = list(open_folder(tmp_path / "one").samples())
    counts = [label.pixels for sample in samples for label in sample.objects]
    assert counts and all(count is not None and count.visibility >= 0.6 for count in counts)
    assert not any(sample.hidden for sample in samples)


def test_a_run_that_drew_nothing_leaves_the_folder_free(tmp_path: Path) -> None:
    """As when OpenGL is missing: the next try may use another recipe, without `resume`."""
    with pytest.raises(AssetError, match="no built-in object"):
        make(tmp_path / "set", recipe(objects=[{"name": "mug", "mesh": "builtin:mgu"}]))
    assert make(tmp_path / "set", recipe(frames=1)).num_frames == 1


def test_a_mesh_that_changed_in_between_is_noticed(tmp_path: Path) -> None:
    mesh = tmp_path / "part.obj"
    mesh.write_text("v 0 0 0\nv .1 0 0\nv 0 .1 0\nv 0 0 .1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
    load = {"unit": "m", "up_axis": "z"}
    spec = recipe(objects=[{"name": "part", "mesh": "part.obj", "load": load}], frames=2)
    make(tmp_path / "set", spec)
    mesh.write_text(mesh.read_text().replace(".1", ".2"))
    with pytest.raises(CallError, match="a file that the recipe names has other content"):
        make(tmp_path / "set", spec, resume=True)


def test_a_texture_that_changed_in_between_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "part.mtl").write_text("newmtl paint\nmap_Kd skin.png\n")
    corners = "v 0 0 0\nv .1 0 0\nv 0 .1 0\nv 0 0 .1\nvt 0 0\nvt 1 0\nvt 0 1\n"
    faces = "f 1/1 3/2 2/3\nf 1/1 2/2 4/3\nf 1/1 4/2 3/3\nf 2/1 3/2 4/3\n"
    (tmp_path / "part.obj").write_text(f"mtllib part.mtl\n{corners}usemtl paint\n{faces}")
    write_image(tmp_path / "skin.png", np.full((4, 4, 3), 200, np.uint8))
    load = {"unit": "m", "up_axis": "z"}
    objects = [{"name": "part", "mesh": str(tmp_path / "part.obj"), "load": load}]
    spec = recipe(objects=objects, frames=2)
    make(tmp_path / "set", spec)
    write_image(tmp_path / "skin.png", np.full((4, 4, 3), 20, np.uint8))
    with pytest.raises(CallError, match="a file that the recipe names has other content"):
        make(tmp_path / "set", spec, resume=True)


def spoil(folder: Path, name: str, data: bytes | None) -> None:
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data)


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("images/000003.png", lambda data: data[:-9], "was changed: SHA-256 is"),
        ("images/000003.png", lambda _: None, "is missing"),
        ("labels/00000.jsonl", lambda data: data.replace(b'"class_id":0', b'"class_id":1', 1), "was changed"),
        ("scenes/00000.jsonl", lambda data: data + b"\n", "was changed"),
        ("coco.json", lambda _: None, "is missing"),
        ("images/000012.png", lambda _: b"x", "does not belong to the data set"),
    ],
)
def test_verify_names_what_is_wrong(copied: Path, name: str, change: object, problem: str) -> None:
    assert callable(change)
    before = (copied / name).read_bytes() if (copied / name).exists() else b""
    spoil(copied, name, change(before))
    result = verify(copied)
    assert not result.is_good
    assert [finding.path for finding in result.findings] == [name]
    assert result.findings[0].problem.startswith(problem)


def test_verify_sees_labels_of_other_images(copied: Path) -> None:
    path = copied / "labels" / "00000.jsonl"
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))
    expected = Finding(path="labels/00000.jsonl", problem="does not label the shard's images in their order")
    assert expected in verify(copied).findings
    path.write_bytes(path.read_bytes()[:-40])
    assert any("line 12: not a sample" in finding.problem for finding in verify(copied).findings)
    (copied / "manifest.json").unlink()
    with pytest.raises(DataError, match="no finished data set"):
        verify(copied)


def test_a_full_disk_keeps_what_is_there(
    unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The disk is full when the first shard is to be written; later there is space again."""

    def full(*_: object) -> None:
        raise StorageError("labels/00000.jsonl: cannot write 9 bytes: " + os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shards, "write_shard", full)
    caplog.set_level(logging.INFO, "meshsight")
    with pytest.raises(StorageError, match="No space left on device"):
        make(tmp_path / "set", recipe())
    monkeypatch.undo()
    assert "What is drawn so far is kept" in caplog.text
    made = make(tmp_path / "set", recipe(), resume=True)
    assert made.num_drawn == 0  # the images were there; only the shard was not
    assert content(tmp_path / "set") == content(unbroken)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 KiB, which holds a few of the frames."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("needs root to mount a small tmpfs")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=48k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this system lets root mount no tmpfs")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_really_full_disk(unbroken: Path, small_disk: Path) -> None:
    out = small_disk / "set"
    with pytest.raises(StorageError, match=r": cannot write .*: No space left on device\. Free space"):
        make(out, recipe(), workers=2)
    assert not list(out.rglob("*.tmp")) and not (out / "manifest.json").exists()
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    make(out, recipe(), workers=2, resume=True)
    assert content(out) == content(unbroken)


DEADLY = """
import os, signal, sys
from meshsight.execution.worker import serve
from meshsight.workflows.jobs import draw_frames
from meshsight.workflows.worker import JOB_KINDS
draw = draw_frames.FrameDrawer._draw
def deadly(self, index):
    if index in {frames}:
        os.kill(os.getpid(), signal.SIGSEGV)
    return draw(self, index)
draw_frames.FrameDrawer._draw = deadly
serve(JOB_KINDS)
"""


@pytest.fixture
def with_deadly_frames(monkeypatch: pytest.MonkeyPatch) -> Callable[[set[int]], None]:
    """Makes workers that die by a signal at some frames."""

    def use(frames: set[int]) -> None:
        command = (sys.executable, "-c", DEADLY.replace("{frames}", str(frames)))
        monkeypatch.setattr(generate_module, "WORKER_COMMAND", command)

    return use


def test_a_deadly_frame_is_left_out_and_can_be_tried_again(
    unbroken: Path, tmp_path: Path, with_deadly_frames: Callable[[set[int]], None], caplog: pytest.LogCaptureFixture
) -> None:
    whole, out = content(unbroken), tmp_path / "set"
    with_deadly_frames({7})
    made = make(out, recipe())
    reason = "killed its worker 3 times (SIGSEGV)"
    assert (made.num_frames, made.num_drawn, made.missing) == (11, 11, {7: reason})
    assert f"1 frame is missing: 7 ({reason}). --resume --retry-missing tries again." in caplog.text
    result = verify(out)
    assert result.is_good and result.missing == {7: reason} and result.num_frames == 11
    files = content(out)
    assert set(whole) - set(files) == {"images/000007.png"}
    assert all(files[name] == whole[name] for name in files if name.startswith("images/"))
    lines = whole["labels/00000.jsonl"].splitlines()
    assert files["labels/00000.jsonl"].splitlines() == lines[:7] + lines[8:]
    assert [sample.frame for sample in open_folder(out).samples()] == [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11]
    scene, sample = read_frame(out, read_manifest(out), 9)
    assert scene.frame == sample.frame == 9
    with pytest.raises(CallError, match="frame 7 is missing: killed its worker"):
        read_frame(out, read_manifest(out), 7)
    assert make(out, recipe(), resume=True).missing == {7: reason}  # nothing is tried again unasked
    with_deadly_frames(set())
    assert make(out, recipe(), resume=True, retry_missing=True).num_drawn == 5  # the part that it belongs to
    assert content(out) == whole


def test_too_many_deadly_frames_end_the_run(
    tmp_path: Path, with_deadly_frames: Callable[[set[int]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_frames, "ALWAYS_ALLOWED", 0)
    with_deadly_frames(set(range(12)))
    with pytest.raises(ExecutionError, match=r"^frame \d+: a worker process died here 3 times \(SIGSEGV\)"):
        make(tmp_path / "set", recipe())


def test_a_finished_set_can_grow(unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are added to a set that ended in the middle of a part and of a shard."""
    out = tmp_path / "set"
    make(out, recipe(frames=7))
    with pytest.raises(CallError, match="holds a data set"):
        make(out, recipe())
    with pytest.raises(CallError, match=r"another recipe: frames: was 7, is 3"):
        make(out, recipe(frames=3), resume=True)
    assert verify(out).is_good
    made = make(out, recipe(), resume=True)
    assert (made.num_frames, made.num_drawn) == (12, 7)  # 5 of 7 frames fill a part, and stay
    assert content(out) == content(unbroken)


def test_a_growing_set_survives_being_killed(unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program dies between any two steps that open a finished folder again."""
    finished = tmp_path / "finished"
    make(finished, recipe(frames=7))
    for step in (1, 2):  # before the plan is written, and between plan and manifest
        out = Path(shutil.copytree(finished, tmp_path / str(step)))
        num_writes = 0

        def write(*args: object, step: int = step) -> None:
            nonlocal num_writes
            num_writes += 1
            if num_writes > step:
                raise KeyboardInterrupt
            write_json(*args)  # pyright: ignore[reportArgumentType]

        monkeypatch.setattr(run_state, "write_json", write)
        with pytest.raises(KeyboardInterrupt):
            make(out, recipe(), resume=True)
        monkeypatch.setattr(run_state, "write_json", write_json)
        make(out, recipe(), resume=True)
        assert content(out) == content(unbroken)


def test_a_run_says_what_it_will_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(estimate, "MEASURED_FRAMES", 10)
    caplog.set_level(logging.INFO, "meshsight")
    monkeypatch.setenv(estimate.PRICE_VARIABLE, "360")
    generate(recipe(frames=20), tmp_path / "set", root=tmp_path, workers=1)
    cost = r"\d+\.\d\d at 360 an hour"
    found = re.search(
        rf"1\d frames to go: about \d+ s \(\d+ s of one worker, {cost}\) and [\d.]+ KB on the disk", caplog.text
    )
    assert found is not None
    spent = re.search(rf"drew 20 frames in (\d+\.\d) s \([\d.]+ a second, ({cost})\)", caplog.text)
    assert spent is not None
    assert float(spent[2].split()[0]) == pytest.approx(float(spent[1]) / 10, abs=0.011)
    monkeypatch.setenv(estimate.PRICE_VARIABLE, "a lot")
    with pytest.raises(CallError, match=r"MESHSIGHT_PRICE_PER_HOUR: expected what an hour costs.*found 'a lot'"):
        generate(recipe(frames=20), tmp_path / "other", root=tmp_path, workers=1)
    assert "20 of 20 frames" in caplog.text
    assert f"the newest frames, labels drawn: {tmp_path / 'set' / RUN / PREVIEW}" in caplog.text


def test_a_disk_that_will_be_full_is_noticed_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "MEASURED_FRAMES", 10)
    usage = SimpleNamespace(free=20_000)
    monkeypatch.setattr(estimate.shutil, "disk_usage", lambda _: usage)
    words = r"set: the 1\d frames to go need about [\d.]+ KB, and 20 KB are free\. .* room for about (\d+) \("
    with pytest.raises(StorageError, match=words) as caught:
        make(tmp_path / "set", recipe(frames=20))
    found = re.search(words, str(caught.value))
    assert found is not None and 10 < int(found[1]) < 20
    usage.free = 10_000_000
    assert make(tmp_path / "set", recipe(frames=20), resume=True).num_drawn <= 10


NUM_KILLS = 20
KILL_FRAMES = 170


class Victim:
    """A `meshsight generate --resume` that is started again whenever it was killed."""

    def __init__(self, recipe_file: Path, out: Path) -> None:
        self._out = out
        options = ["--out", str(out), "--workers", "2", "--resume", "-q"]
        self._command = [sys.executable, "-m", "meshsight.cli", "generate", str(recipe_file), *options]
        self._num_images = 0
        self._environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        self.process = subprocess.Popen(self._command, env=self._environment, stderr=subprocess.PIPE, text=True)
        return self.process

    def wait_for_images(self, count: int) -> None:
        """Waits until so many images are there, and at least one that was not there at the last time."""
        deadline = time.monotonic() + 60
        count = max(count, self._num_images + 1)
        while self._num_images < count:
            assert self.process.poll() is None, self.process.communicate()[1]
            assert time.monotonic() < deadline, f"no {count} images within a minute"
            time.sleep(0.005)
            self._num_images = sum(1 for _ in (self._out / "images").glob("[!.]*"))

    def kill_parent(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.start()

    def kill_a_worker(self, rng: random.Random) -> None:
        workers = psutil.Process(self.process.pid).children()
        if workers:
            rng.choice(workers).kill()


@pytest.mark.slow
def test_kills_at_random_moments_leave_no_trace(tmp_path: Path) -> None:
    """Twenty times kill -9 of the parent or of a worker: the end is that of an unbroken run."""
    rng = random.Random(1)
    spec = recipe(frames=KILL_FRAMES)
    (tmp_path / "scene.yaml").write_text(dump_recipe(spec))
    victim = Victim(tmp_path / "scene.yaml", tmp_path / "set")
    for number in range(NUM_KILLS):
        victim.wait_for_images(number * (KILL_FRAMES - 20) // NUM_KILLS)
        time.sleep(rng.uniform(0, 0.1))
        if number % 4 == 1:
            victim.kill_parent()
        else:
            victim.kill_a_worker(rng)
    _, words = victim.process.communicate()
    assert victim.process.returncode == 0, words
    make(tmp_path / "again", spec)
    assert content(tmp_path / "set") == content(tmp_path / "again")
    assert verify(tmp_path / "set").is_good
