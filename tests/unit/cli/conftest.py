"""A place where only the base install exists: no torch, no onnx, nothing that meshsight does not declare."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import meshsight

PROJECT = Path(__file__).parents[3] / "pyproject.toml"

Run = Callable[..., subprocess.CompletedProcess[str]]


def declared() -> list[str]:
    """Returns what this tree says that it needs; an editable install remembers what an older one said."""
    return tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]


def base_distributions() -> dict[str, metadata.Distribution]:
    """Returns meshsight and everything that it needs without extras, by name."""
    found: dict[str, metadata.Distribution] = {}
    wanted = ["meshsight"]
    while wanted:
        name = wanted.pop()
        if name.lower() in found:
            continue
        found[name.lower()] = metadata.distribution(name)
        for text in declared() if name == "meshsight" else metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)
    return found


@pytest.fixture(scope="session")
def base_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with links to the installed files of the base install."""
    folder = tmp_path_factory.mktemp("base-install")
    (folder / "meshsight").symlink_to(Path(meshsight.__file__).parent)
    for distribution in base_distributions().values():
        for name in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            link = folder / name
            if not link.exists() and not name.endswith(".pth"):
                link.symlink_to(Path(str(distribution.locate_file(name))))
    return folder


@pytest.fixture
def run_base(base_site: Path, tmp_path: Path) -> Run:
    """Runs Python with the base install only: `run_base("-m", "meshsight.cli", "--help")`."""
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not python.exists():
        pytest.skip(f"no interpreter outside the virtual environment at {python}")
    environment = {"PYTHONPATH": str(base_site), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    if (
        subprocess.run(
            [python, "-s", "-c", "import torch"], env=environment, capture_output=True, check=False
        ).returncode
        == 0
    ):
        pytest.skip("torch is installed outside the virtual environment")

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [python, "-s", *arguments]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run
