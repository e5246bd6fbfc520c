"""`.run/`: what is known about a data set folder while it is being made, so that a killed run can go on.

    .run/plan.json           what is being made; a resumed run must want the same
    .run/owner.json          the process that is at it
    .run/parts/000040.jsonl  the lines of a few frames whose images are written
    .run/shards/00000.json   a shard that is complete, as it will stand in the manifest
    .run/lost/000041.json    a frame that cannot be drawn, and why
    .run/recipe_folder.txt   what the recipe's relative paths start from; stays, for `rerender`

Everything is written whole or not at all, and each step before the one that relies on it.
"""

import contextlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from meshsight.core.errors import DataError, StorageError
from meshsight.core.files import dump_json, write_json, write_text
from meshsight.datasets.folder import RUN, FrameLines, read_lines
from meshsight.datasets.manifest import COCO, MANIFEST, Manifest, Shard
from meshsight.datasets.plan import FolderPlan
from meshsight.execution.ownership import take_over

PARTS = "parts"
SHARDS = "shards"
LOST = "lost"
RECIPE_FOLDER = "recipe_folder.txt"


class RunState:
    """Reads and writes the `.run/` of one data set folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run = folder / RUN

    def read_plan(self) -> FolderPlan | None:
        """Returns the plan of the run that was broken off here, or None.

        Raises:
            DataError: the plan is damaged.
        """
        path = self._run / "plan.json"
        try:
            return FolderPlan.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise DataError(f"{path}: damaged; generate into a new folder") from error

    def write_plan(self, plan: FolderPlan) -> None:
        """Writes down what is being made, before anything is made."""
        write_json(self._run / "plan.json", plan.model_dump(mode="json"))

    def has_work(self) -> bool:
        """Tells whether anything is drawn that a resumed run could use."""
        places = (self.folder / "images", self._run / PARTS, self._run / SHARDS)
        return any(entry.is_file() for place in places if place.is_dir() for entry in place.iterdir())

    def take_over(self) -> None:
        """Makes this process the folder's only writer.

        Raises:
            BusyError: another process is at it.
        """
        take_over(self._run / "owner.json", self.folder, "generating into")

    def note_drawer(self, drawer: str) -> str | None:
        """Writes down what draws the images; returns what drew the earlier ones if that was something else."""
        path = self._run / "drawer.txt"
        with contextlib.suppress(FileNotFoundError):
            before = path.read_text(encoding="utf-8")
            return None if before == drawer else before
        write_text(path, drawer)
        return None

    def note_recipe_folder(self, root: Path) -> None:
        """Writes down what the recipe's relative paths start from."""
        write_text(self._run / RECIPE_FOLDER, str(root.absolute()))

    def write_part(self, first_frame: int, frames: Sequence[FrameLines]) -> None:
        """Keeps the lines of a few consecutive frames, whose images are written already."""
        rows = [[frame.image, frame.image_sha256, frame.label, frame.scene] for frame in frames]
        write_text(self._part(first_frame), "".join(f"{dump_json(row)}\n" for row in rows))

    def read_part(self, first_frame: int) -> tuple[FrameLines, ...] | None:
        """Returns a part that is done, or None; a part whose images were removed is not done."""
        try:
            lines = self._part(first_frame).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        rows: list[list[str]] = [json.loads(line) for line in lines]
        frames = tuple(FrameLines(image=a, image_sha256=b, label=c, scene=d) for a, b, c, d in rows)
        return frames if all((self.folder / frame.image).is_file() for frame in frames) else None

    def note_lost(self, frame: int, reason: str) -> None:
        """Writes down that a frame cannot be drawn."""
        write_json(self._run / LOST / f"{frame:06d}.json", {"frame": frame, "reason": reason})

    def read_lost(self) -> dict[int, str]:
        """Returns the frames that cannot be drawn, and why, in order."""
        lost = [json.loads(path.read_bytes()) for path in sorted((self._run / LOST).glob("[!.]*.json"))]
        return {entry["frame"]: entry["reason"] for entry in lost}

    def forget_lost(self) -> None:
        """Lets those frames be tried again."""
        shutil.rmtree(self._run / LOST, ignore_errors=True)

    def reopen(self, manifest: Manifest) -> None:
        """Turns a finished folder into one that is being made, of which nothing has to be made again.

        Killed in the middle, it is either still finished or can go on.
        """
        for frame, reason in manifest.missing.items():
            self.note_lost(frame, reason)
        for shard in manifest.shards:
            self.write_shard(shard, ())
        for name in (MANIFEST, COCO):
            (self.folder / name).unlink(missing_ok=True)

    def take_apart(self, shard: Shard, parts: Sequence[range]) -> None:
        """Turns a complete shard into parts again, as far as their frames are there, for a shard with more frames."""
        lines = read_lines(self.folder, shard) or {}
        for part in parts:
            wanted = [frame for frame in part if frame not in shard.missing]
            if all(frame in lines for frame in wanted):
                self.write_part(part.start, [lines[frame] for frame in wanted])
        (self._run / SHARDS / f"{shard.name}.json").unlink(missing_ok=True)

    def write_shard(self, shard: Shard, parts: Sequence[int]) -> None:
        """Keeps the manifest's entry of a complete shard, and lets its parts go."""
        write_json(self._run / SHARDS / f"{shard.name}.json", shard.model_dump(mode="json"))
        for first_frame in parts:
            self._part(first_frame).unlink(missing_ok=True)

    def read_shard(self, name: str) -> Shard | None:
        """Returns the entry of a complete shard, or None; a shard of which a file was removed is not complete."""
        try:
            shard = Shard.model_validate_json((self._run / SHARDS / f"{name}.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        files = (shard.labels_path, shard.scenes_path, *shard.images)
        return shard if all((self.folder / file).is_file() for file in files) else None

    def close(self) -> None:
        """Removes what only an unfinished run needs; logs stay."""
        for name in (PARTS, SHARDS, LOST):
            shutil.rmtree(self._run / name, ignore_errors=True)
        for name in ("plan.json", "owner.json", "drawer.txt"):
            (self._run / name).unlink(missing_ok=True)

    def _part(self, first_frame: int) -> Path:
        return self._run / PARTS / f"{first_frame:06d}.jsonl"


def read_recipe_folder(folder: Path) -> Path | None:
    """Returns what the relative paths of a data set's recipe start from, if it is known and still there."""
    try:
        root = Path((folder / RUN / RECIPE_FOLDER).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return root if root.is_dir() else None


def is_untouched(folder: Path) -> bool:
    """Tells whether a folder is absent, or empty but for a `.run/` and empty folders: a data set may begin there.

    Raises:
        StorageError: the path is no folder or cannot be looked into.
    """
    try:
        others = (entry for entry in folder.iterdir() if entry.name != RUN)
        return all(entry.is_dir() and not any(entry.iterdir()) for entry in others)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise StorageError(f"{folder}: cannot be used as a folder: {error.strerror or error}") from error
