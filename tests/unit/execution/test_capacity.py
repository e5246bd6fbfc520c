"""Workers by cores and memory, within a container's limits."""

from pathlib import Path

import pytest

from meshsight.execution import capacity


def test_without_limits_there_is_at_least_one_of_each(tmp_path: Path) -> None:
    assert capacity.usable_cores(tmp_path) >= 1
    assert capacity.usable_bytes(tmp_path) > 1 << 20


def test_a_container_quota_counts(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert capacity.usable_cores(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert capacity.usable_cores(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert capacity.usable_cores(tmp_path) == capacity.usable_cores(tmp_path / "absent")


def test_a_container_memory_limit_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert capacity.usable_bytes(tmp_path) == 600000
    (tmp_path / "memory.max").write_text("max\n")
    assert capacity.usable_bytes(tmp_path) > 1 << 20


def test_memory_bounds_the_workers() -> None:
    assert capacity.default_workers(1) == capacity.usable_cores()
    assert capacity.default_workers(1 << 60) == 1


@pytest.mark.parametrize(("busy_percent", "expected"), [(0.0, 4), (30.0, 3), (50.0, 2), (100.0, 1)])
def test_busy_cores_are_left_alone(monkeypatch: pytest.MonkeyPatch, busy_percent: float, expected: int) -> None:
    monkeypatch.setattr(capacity, "usable_cores", lambda: 4)
    monkeypatch.setattr(capacity.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(capacity.psutil, "cpu_percent", lambda interval: busy_percent)
    assert capacity.idle_cores() == expected
