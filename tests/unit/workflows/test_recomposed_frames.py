"""Recomposed frames come out alike in any order, in any process, with sprites on disk or not."""

from pathlib import Path

import numpy as np

from meshsight.core.files import dump_json
from meshsight.datasets.sample_json import sample_to_json
from meshsight.records.scene_json import scene_to_json
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.frames import FrameMaker

RECIPE = {
    "image": {"size_hw": [48, 64], "format": "png"},
    "objects": [{"name": name, "mesh": f"builtin:{name}"} for name in ("cube", "torus")],
    "count": [1, 3],
    "distractors": {"count": 1},
    "environment": {"source": {"kind": "procedural", "families": ["sky"], "seeds": [0, 0]}},
    "backgrounds": [{"kind": "plain"}],
    "renderer": {"kind": "composite", "sprites": "raycast", "recomposition": {"bank": 2, "just_merge": 0.7}},
}


def drawn(order: list[int], root: Path) -> dict[int, tuple[bytes, str, str]]:
    with FrameMaker(SceneSpec.model_validate(RECIPE), root) as maker:
        made = {index: maker.make(index) for index in order}
        assert all(np.isfinite(frame.frame.depth_m).all() for frame in made.values())
        return {
            index: (maker.encode(frame), sample_to_json(frame.sample), dump_json(scene_to_json(frame.scene)))
            for index, frame in made.items()
        }


def test_frames_are_the_same_in_any_order_and_from_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("MESHSIGHT_CACHE", str(tmp_path / "one"))
    first = drawn([0, 1, 2, 3, 4], tmp_path)
    again = drawn([4, 2], tmp_path)
    monkeypatch.setenv("MESHSIGHT_CACHE", str(tmp_path / "other"))
    alone = drawn([3], tmp_path)
    assert list((tmp_path / "one").rglob("*.sprite"))
    assert again == {index: first[index] for index in (4, 2)}
    assert alone == {3: first[3]}
