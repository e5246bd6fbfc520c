from pathlib import Path

import pytest
import safetensors.torch
import torch

from meshsight.core.errors import ArtifactError, StorageError
from meshsight.models.backbones import tiny
from meshsight.models.build import build_detector
from meshsight.models.detector import Detector
from meshsight.models.detectors import dense
from meshsight.models.heads import aligned
from meshsight.models.necks import fpn
from meshsight.models.weights import load_weights, save_weights


def make(width: int = 8, num_classes: int = 2) -> Detector:
    spec = dense.Spec(
        backbone=tiny.Spec(channels=(8, 8, 8, 8), depths=(0, 0, 0, 0)),
        neck=fpn.Spec(channels=8, num_levels=3),
        head=aligned.Spec(channels=width),
    )
    return build_detector(spec, num_classes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    save_weights(path, make(), ("left", "right"))
    return path


def test_what_is_written_is_read(path: Path) -> None:
    other = make()
    assert load_weights(path, other) == ("left", "right")
    stored = safetensors.torch.load_file(path)
    assert all(torch.equal(value, stored[name]) for name, value in other.state_dict().items())


def test_another_width_is_refused_with_the_first_key(path: Path) -> None:
    with pytest.raises(
        ArtifactError, match=r"weights of another network: head.levels.0.\S+ is \[8.*\] instead of \[16"
    ):
        load_weights(path, make(width=16))


def test_missing_and_unknown_keys_are_counted(path: Path) -> None:
    tensors = safetensors.torch.load_file(path)
    gone = tensors.pop(sorted(tensors)[0])
    safetensors.torch.save_file({**tensors, "z": gone}, path, {"classes": '["left", "right"]'})
    with pytest.raises(ArtifactError, match=r"1 missing \(first: backbone\S+\); 1 unknown \(first: z\)"):
        load_weights(path, make())


def test_a_refused_file_changes_nothing(path: Path) -> None:
    detector = make(width=16)
    before = {name: value.clone() for name, value in detector.state_dict().items()}
    with pytest.raises(ArtifactError):
        load_weights(path, detector)
    assert all(torch.equal(before[name], value) for name, value in detector.state_dict().items())


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot"):
        save_weights(tmp_path / "file" / "w", make(), ("left", "right"))


def test_bad_files_get_one_line(tmp_path: Path) -> None:
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(b"\x00" * 20)
    foreign = tmp_path / "foreign.safetensors"
    safetensors.torch.save_file({"x": torch.zeros(1)}, foreign)
    for bad, message in ((torn, "no readable"), (tmp_path / "gone", "no readable"), (foreign, "no class names")):
        with pytest.raises(ArtifactError, match=message) as caught:
            load_weights(bad, make())
        assert "\n" not in str(caught.value)
