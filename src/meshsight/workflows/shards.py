"""Which parts of a data set are drawn, and the shards that they make up."""

from meshsight.core.errors import StorageError
from meshsight.datasets.folder import FrameLines, shard_name, write_shard
from meshsight.datasets.manifest import Shard
from meshsight.datasets.run_state import RunState
from meshsight.execution.messages import Task
from meshsight.workflows.jobs.draw_frames import PartSpec

SHARD_FRAMES = 100
PART_FRAMES = 5


class Assembly:
    """Keeps account of the parts of each shard, and writes a shard when its last part is there."""

    def __init__(self, state: RunState, num_frames: int) -> None:
        """Looks for what an earlier run left; shards whose parts are all there are written."""
        self._state = state
        self._num_frames = num_frames
        self._shards: dict[int, Shard] = {}
        self._missing: dict[int, set[int]] = {}
        for index in range(-(-num_frames // SHARD_FRAMES)):
            shard = state.read_shard(shard_name(index))
            if shard is not None:
                self._shards[index] = shard
                continue
            self._missing[index] = {first for first in self._parts(index) if state.read_part(first) is None}
            self._write_if_complete(index)

    @property
    def shards(self) -> list[Shard]:
        """The shards that are written, in order."""
        return [self._shards[index] for index in sorted(self._shards)]

    @property
    def num_missing_frames(self) -> int:
        """How many frames are still to be drawn."""
        return sum(self._stop(first) - first for parts in self._missing.values() for first in parts)

    def tasks(self) -> list[Task]:
        """Returns a task for each missing part, in order."""
        return [
            Task(key=str(first), spec=PartSpec(first=first, stop=self._stop(first)).model_dump())
            for parts in self._missing.values()
            for first in sorted(parts)
        ]

    def add(self, key: str) -> None:
        """Notes that a task is done, and writes its shard if that was its last part.

        Raises:
            StorageError: the shard cannot be written.
        """
        first = int(key)
        index = first // SHARD_FRAMES
        self._missing[index].remove(first)
        self._write_if_complete(index)

    def _write_if_complete(self, index: int) -> None:
        if self._missing[index]:
            return
        frames = [line for first in self._parts(index) for line in self._read(first)]
        shard = write_shard(self._state.folder, index, index * SHARD_FRAMES, frames)
        self._state.write_shard(shard, self._parts(index))
        self._shards[index] = shard
        del self._missing[index]

    def _read(self, first: int) -> tuple[FrameLines, ...]:
        frames = self._state.read_part(first)
        if frames is None:
            raise StorageError(f"{self._state.folder}: frame {first} vanished before its shard was complete")
        return frames

    def _parts(self, index: int) -> range:
        return range(index * SHARD_FRAMES, min((index + 1) * SHARD_FRAMES, self._num_frames), PART_FRAMES)

    def _stop(self, first: int) -> int:
        return min(first + PART_FRAMES, self._num_frames)
