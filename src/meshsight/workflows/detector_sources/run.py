"""A trained run as a detector; torch is imported only when it is opened."""

from pathlib import Path

EXTRA = "train"
LOOKS_FOR = "run.json of a run"


def recognises(path: Path) -> bool:
    """Whether the folder is a run."""
    return (path / "run.json").is_file()
