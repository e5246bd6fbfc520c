"""Files of weights: what is understood, what is refused, and that nothing in them runs."""

import pickle
import sys
import types
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from meshsight.core.errors import ArtifactError
from meshsight.models.importing.checkpoint import read_checkpoint

WEIGHTS = {"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.zeros(2)}
OTHER = {name: tensor + 1 for name, tensor in WEIGHTS.items()}


@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS,
        OrderedDict(WEIGHTS),
        {"state_dict": WEIGHTS, "epoch": 12, "optimizer": {"state": {}, "param_groups": []}},
        {"model": WEIGHTS, "start_epoch": 300, "best_ap": 0.4},
        {"state_dict": {f"module.{name}": tensor for name, tensor in WEIGHTS.items()}},
        {"model": OTHER, "ema": {"module": WEIGHTS, "updates": 3}},
        {"state_dict": OTHER, "state_dict_ema": WEIGHTS},
        {"meta": {"epoch": 3}, "state_dict": WEIGHTS, "ema_state_dict": {"module.layer.weight": torch.ones(2, 3)}},
        {"meta": {}, "state_dict": {**WEIGHTS, "ema_layer_weight": torch.ones(2, 3), "ema_layer_bias": torch.ones(2)}},
    ],
    ids=["plain", "ordered", "mmdet", "yolox", "parallel", "ema", "timm", "mmengine_ema", "mmdet2_ema"],
)
def test_wrappers_are_understood_and_the_average_is_taken(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.pth")
    found = read_checkpoint(tmp_path / "a.pth")
    assert found.state.keys() == WEIGHTS.keys()
    for name, tensor in WEIGHTS.items():
        torch.testing.assert_close(found.state[name], tensor)


def test_an_average_that_is_taken_is_said(tmp_path: Path) -> None:
    torch.save({"state_dict": OTHER, "state_dict_ema": WEIGHTS}, tmp_path / "a.pth")
    assert read_checkpoint(tmp_path / "a.pth").notes == ("the moving average ('state_dict_ema') was taken",)


def test_safetensors(tmp_path: Path) -> None:
    safetensors.torch.save_file(WEIGHTS, tmp_path / "a.safetensors")
    assert read_checkpoint(tmp_path / "a.safetensors").state.keys() == WEIGHTS.keys()
    (tmp_path / "b.safetensors").write_bytes(b"\0" * 40)
    with pytest.raises(ArtifactError, match="no readable safetensors file"):
        read_checkpoint(tmp_path / "b.safetensors")


@pytest.mark.parametrize(
    "meta",
    [
        {"CLASSES": ("valve", "pump"), "config": "x = 1"},
        {"dataset_meta": {"classes": ("valve", "pump"), "palette": [(1, 2, 3)]}, "cfg": "x = 1"},
        {"dataset_meta": {"CLASSES": ["valve", "pump"]}, "cfg": "x = 1"},
    ],
)
def test_class_names_and_configuration_of_mmdetection(tmp_path: Path, meta: dict) -> None:
    torch.save({"meta": meta, "state_dict": WEIGHTS}, tmp_path / "a.pth")
    found = read_checkpoint(tmp_path / "a.pth")
    assert (found.classes, found.config) == (("valve", "pump"), "x = 1")


def make_history() -> type:
    """Makes a class like mmengine's training log, which mmdetection 3.x writes into its checkpoints."""

    def initialise(self: object) -> None:
        self.__dict__.update(history=np.arange(3.0), statistics=OrderedDict(mean=mean))

    def mean(self: object) -> float:
        raise AssertionError("ran")

    mean.__qualname__, mean.__module__ = "HistoryBuffer.mean", "mmengine.logging.history_buffer"
    history = type("HistoryBuffer", (), {"__init__": initialise, "mean": mean, "__module__": mean.__module__})
    return history


def test_the_log_in_a_file_of_mmdetection_3_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = make_history()
    for name in ("mmengine", "mmengine.logging", history.__module__):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    vars(sys.modules[history.__module__])["HistoryBuffer"] = history
    hub = {"log_scalars": {"train/loss": history()}, "runtime_info": {"epoch": 3, "best": np.float64(0.4)}}
    torch.save({"meta": {}, "message_hub": hub, "state_dict": WEIGHTS}, tmp_path / "epoch_3.pth")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "epoch_3.pth", weights_only=True)
    torch.testing.assert_close(read_checkpoint(tmp_path / "epoch_3.pth").state, WEIGHTS)


class Malicious:
    """Runs a command when a careless program reads it."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple:
        return Path.touch, (self.target,)


class Harmless:
    """Of a module that is not there when the file is read."""


@pytest.mark.parametrize("is_plain_pickle", [False, True])
def test_a_file_that_would_run_code_is_refused(tmp_path: Path, is_plain_pickle: bool) -> None:
    trace, file = tmp_path / "trace", tmp_path / "bad.pth"
    content = {"state_dict": WEIGHTS, "extra": Malicious(trace)}
    file.write_bytes(pickle.dumps(content)) if is_plain_pickle else torch.save(content, file)
    with pytest.raises(ArtifactError, match=r"bad\.pth") as raised:
        read_checkpoint(file)
    assert not trace.exists()
    assert "\n" not in str(raised.value)


def test_a_file_with_foreign_objects_is_refused_with_a_way_to_convert_it(tmp_path: Path) -> None:
    torch.save({"state_dict": WEIGHTS, "args": Harmless()}, tmp_path / "a.pth")
    with pytest.raises(ArtifactError, match=r"could run code.*convert it where it was made: python -c"):
        read_checkpoint(tmp_path / "a.pth")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x02}q\x00", b"PK\x03\x04broken"])
def test_a_file_that_is_none_of_torch_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"a\.pth") as raised:
        read_checkpoint(tmp_path / "a.pth")
    assert "\n" not in str(raised.value)


def test_no_file_and_no_weights(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no such file"):
        read_checkpoint(tmp_path / "nothing.pth")
    torch.save({"epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(ArtifactError, match="no weights in it; expected tensors by name, found epoch"):
        read_checkpoint(tmp_path / "a.pth")
