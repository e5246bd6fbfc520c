"""The base install works without torch, and says what is missing where it is needed."""

import json
from pathlib import Path

import pytest

IMPORT_ALL = """
import importlib, pkgutil, sys, meshsight
BASE = "core specs records assets execution synthesis render datasets evaluation runtime plotting presets cli".split()
names = [m.name for m in pkgutil.walk_packages(meshsight.__path__, "meshsight.")]
wanted = [n for n in names if n.split(".")[1] in BASE and not n.endswith("__main__")]
wanted = [n for n in wanted if ".render.blender." not in n]  # it runs inside Blender, on Blender's own Python
for name in wanted:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:  # the heavy half of a kind that an extra brings
        if error.name not in ("h5py", "mujoco", "ray") or not name.rpartition(".")[2].startswith("_"):
            raise
heavy = {"torch", "torchvision", "timm", "transformers", "onnx", "bpy", "mlflow"} & set(sys.modules)
print(len(wanted), sorted(heavy))
"""

READ_RECIPE = """
from pathlib import Path
from meshsight.workflows.recipes import read_training_recipe
print(read_training_recipe(Path("train.yaml")).steps)
"""


def test_every_module_of_the_base_packages_imports(run_base) -> None:
    done = run_base("-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    count, heavy = done.stdout.split(maxsplit=1)
    assert int(count) > 100
    assert heavy.strip() == "[]"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["train", "--help"], ["list", "renderers"]])
def test_verbs_that_need_nothing(run_base, arguments: list[str]) -> None:
    done = run_base("-m", "meshsight.cli", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_list_says_which_extra_is_missing(run_base) -> None:
    done = run_base("-m", "meshsight.cli", "list", "models", "--json")
    assert done.returncode == 0, done.stderr
    kinds = json.loads(done.stdout)["kinds"]
    nouns = {"detector", "backbone", "neck", "head", "query architecture", "patch network"}
    assert {entry["noun"] for entry in kinds} == nouns
    for entry in kinds:
        assert entry["extra"] == ("detr" if entry["noun"] == "query architecture" else "train")
        assert "torch" in entry["missing"] or entry["extra"] == "detr"
        assert entry["summary"].endswith(".")


def test_a_recipe_of_a_training_is_written_and_read(run_base, tmp_path: Path) -> None:
    done = run_base("-m", "meshsight.cli", "init", "small")
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "train.yaml").write_text(done.stdout)
    assert int(run_base("-c", READ_RECIPE).stdout) > 0


def test_doctor_says_how_to_get_torch(run_base) -> None:
    done = run_base("-m", "meshsight.cli", "doctor", "--json")
    diagnosis = json.loads(done.stdout)
    findings = {finding["name"]: finding for finding in diagnosis["findings"]}
    assert diagnosis["is_base_working"] is (done.returncode == 0)
    assert findings["ONNX Runtime (predict)"]["status"] == "ok"
    assert findings["Embree (renderer raycast)"]["status"] == "ok"
    assert findings["torch (train, export)"]["status"] == "missing"
    assert "torch" in findings["extra [train]"]["detail"]
    assert findings["extra [train]"]["advice"] == "pip install 'meshsight[train]'"


def test_an_artifact_predicts(run_base, artifact: Path, tmp_path: Path) -> None:
    make_image = "from PIL import Image; Image.new('RGB', (96, 64), 'white').save('white.png')"
    assert run_base("-c", make_image).returncode == 0
    done = run_base("-m", "meshsight.cli", "predict", artifact, "white.png", "--out", "found", "--json")
    assert done.returncode == 0, done.stderr
    (image,) = json.loads(done.stdout)["images"]
    assert [found["class_name"] for found in image["detections"]] == ["ball", "cube"]
    assert (tmp_path / "found" / image["picture"]).is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "train.yaml", "--data", "data", "--out", "run"],
        ["export", "run", "--out", "artifact"],
        ["predict", "run", "white.png", "--out", "found"],
    ],
)
def test_what_needs_torch_says_so_in_one_line(run_base, tmp_path: Path, arguments: list[str]) -> None:
    recipe = "detector: {kind: dense, backbone: tiny, neck: fpn, head: aligned}\nsteps: 1\n"
    (tmp_path / "train.yaml").write_text(recipe)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    done = run_base("-m", "meshsight.cli", *arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "needs the package" in done.stderr
    assert "pip install 'meshsight[train]'" in done.stderr
