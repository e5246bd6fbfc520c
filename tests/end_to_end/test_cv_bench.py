"""`meshsight cv-bench` in the container's place: its tree in, its tree out, read back by someone else."""

import json

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from meshsight.core.errors import CallError, SpecError
from meshsight.workflows.cv_bench import make_cv_bench

CUBE = """v -1 -1 -1
v 1 -1 -1
v 1 1 -1
v -1 1 -1
v -1 -1 1
v 1 -1 1
v 1 1 1
v -1 1 1
f 4 3 2 1
f 5 6 7 8
f 1 2 6 5
f 2 3 7 6
f 3 4 8 7
f 4 1 5 8
"""
CONFIG = {
    "input": {
        "object": [{"model": "cube", "label": "a cube", "size": 0.1, "multiplicity": 2}],
        "distractor": [{"model": "builtin:gear"}],
    },
    "output": {"size_train": 2, "size_val": 1, "just_merge": 0.8},
    "render": {"resolution_x": 96, "resolution_y": 64},
    "random": {"x_pos": [-0.2, 0.2], "y_pos": [-0.2, 0.2], "z_pos": [0, 0.2], "distractors": [1, 1]},
    "postfx": {"shot": {"amount": 0.02}, "quant": {"bits": 4}},
}


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "input"
    for folder in ("config", "models/cube", "backgrounds/static"):
        (root / folder).mkdir(parents=True)
    (root / "config" / "config.json").write_text(json.dumps(CONFIG))
    (root / "models" / "cube" / "model.obj").write_text(CUBE)
    cv2.imwrite(str(root / "backgrounds" / "static" / "grey.jpg"), np.full((120, 200, 3), 90, np.uint8))
    return root


def test_the_containers_tree_comes_out_with_right_labels(tree, tmp_path, capsys):
    out = tmp_path / "output"
    made = make_cv_bench(tree, out, image_root="/data/output/train", workers=1, progress=False)
    assert [(part.folder.name, part.num_images) for part in made.parts] == [("train", 2), ("val", 1)]
    assert sorted(path.name for path in out.iterdir()) == ["train", "val"]
    for part in made.parts:
        coco = COCO(part.folder / "annotation_coco.json")
        assert len(coco.getAnnIds()) == len(set(coco.getAnnIds())) == part.num_objects
        assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["a cube"]
        for image in coco.loadImgs(coco.getImgIds()):
            assert image["file_name"].startswith("/data/output/train/images/")
            stem = image["file_name"].rsplit("/", maxsplit=1)[1].removesuffix(".png")
            pixels = cv2.imread(str(part.folder / "images" / f"{stem}.png"))
            assert pixels is not None
            assert pixels.shape[:2] == (image["height"], image["width"]) == (64, 96)
            assert len(np.unique(pixels)) <= 16
            rows = [row.split(",") for row in (part.folder / "dota" / f"{stem}.txt").read_text().splitlines()]
            boxes = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
            assert len(rows) == len(boxes)
            assert all(len(row) == 10 and row[8:] == ["a-cube", "0"] for row in rows)
    capsys.readouterr()
    with pytest.raises(CallError, match="is there already"):
        make_cv_bench(tree, out, progress=False)


def test_a_model_that_is_missing_is_named(tree, tmp_path):
    (tree / "models" / "cube" / "model.obj").unlink()
    with pytest.raises(SpecError, match=r"the configuration names model 'cube'; expected model\.fbx"):
        make_cv_bench(tree, tmp_path / "output", progress=False)
