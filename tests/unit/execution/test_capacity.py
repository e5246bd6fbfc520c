"""Workers by cores and memory, within a container's limits."""

from pathlib import Path

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
