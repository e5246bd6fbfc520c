from pathlib import Path

import pytest
import torch
from torch import nn

from meshsight.core.errors import ArtifactError, StorageError
from meshsight.training.checkpoint import (
    TrainingState,
    delete_oldest,
    random_state,
    read_state,
    restore_random,
    write_state,
)
from meshsight.training.schedule import Progress

CPU = torch.device("cpu")


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)


def state() -> TrainingState:
    torch.manual_seed(1)
    net = network()
    optimiser = torch.optim.AdamW(net.parameters())
    net(torch.randn(2, 3, 8, 8)).sum().backward()
    optimiser.step()
    return TrainingState(
        step=7,
        progress=Progress(best=0.5, best_step=4, last_step=6, num_stale=1),
        network=net.state_dict(),
        average=None,
        optimiser=optimiser.state_dict(),
        random=random_state(CPU),
    )


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    written = state()
    write_state(tmp_path / "deep" / "last.pt", written)
    found = read_state(tmp_path / "deep" / "last.pt")
    assert (found.step, found.progress, found.average) == (7, written.progress, None)
    torch.testing.assert_close(found.network, written.network, rtol=0, atol=0)
    torch.testing.assert_close(found.optimiser["state"], written.optimiser["state"], rtol=0, atol=0)
    restore_random(found.random, CPU)
    expected = torch.rand(3)
    restore_random(written.random, CPU)
    assert torch.equal(torch.rand(3), expected)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["last.pt"]


@pytest.mark.parametrize("content", [b"", b"torn", b"PK\x03\x04 torn"])
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match="no readable") as caught:
        read_state(path)
    assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(ArtifactError, match="no readable"):
        read_state(path)


def test_a_state_that_holds_code_is_refused(tmp_path: Path) -> None:
    torch.save({"version": 1, "step": nn.Linear(1, 1)}, tmp_path / "last.pt")
    with pytest.raises(ArtifactError, match="no readable"):
        read_state(tmp_path / "last.pt")


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot"):
        write_state(tmp_path / "file" / "last.pt", state())


def test_only_the_newest_copies_stay(tmp_path: Path) -> None:
    for step in (1, 2, 10, 11):
        (tmp_path / f"step_{step:08d}.safetensors").touch()
    delete_oldest(tmp_path, "step_*.safetensors", keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step_00000010.safetensors",
        "step_00000011.safetensors",
    ]
