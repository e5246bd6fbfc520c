"""A batch that two processes share has the losses, gradients and statistics that one process finds alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from .shared_batch import IMAGES, SHARED, TARGETS, dtype_of, findings, make

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what two processes found together."""
    folder = tmp_path_factory.mktemp("together")
    call = [sys.executable, "-m", "tests.contracts.shared_batch", str(folder)]
    started = [
        subprocess.Popen([*call, str(rank), "2"], cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ})
        for rank in range(2)
    ]
    messages = [process.communicate(timeout=300)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], messages
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SHARED))
def test_two_processes_find_what_one_finds(name: str, together: Path) -> None:
    detector = make(name)
    torch.manual_seed(0)
    alone = findings(detector, IMAGES.to(dtype_of(name)), TARGETS)
    found = torch.load(together / f"{name}.pt", weights_only=True)
    assert found.keys() == alone.keys()
    bound = 1e-5 if dtype_of(name) == torch.float64 else 1e-3
    for key, expected in alone.items():
        away = (found[key] - expected).abs().max()
        assert float(away) <= bound * float(expected.abs().max().clamp(min=1e-3)), key


@pytest.mark.slow
def test_all_take_over_the_first_ones_statistics_before_weights_are_measured(together: Path) -> None:
    statistics = torch.load(together / "statistics.pt", weights_only=True)
    assert len(statistics) > 10
    assert all(not part.any() for part in statistics)
