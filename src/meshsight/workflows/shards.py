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
    """Keeps account of the parts of each shard, and writes a shard when its last part is there.

    Attributes:
        state: what is known about the folder.
        num_frames: frames that it shall have.
        lost: frames that cannot be drawn, and why.
    """

    def __init__(self, state: RunState, num_frames: int) -> None:
        """Looks for what an earlier run left; shards whose parts are all there are written."""
        self.state = state
        self.num_frames = num_frames
        self.lost = {frame: reason for frame, reason in state.read_lost().items() if frame < num_frames}
        self._shards: dict[int, Shard] = {}
        self._missing: dict[int, set[int]] = {}
        for index in range(-(-num_frames // SHARD_FRAMES)):
            shard = state.read_shard(shard_name(index))
            if shard is not None and self._is_up_to_date(index, shard):
                self._shards[index] = shard
                continue
            if shard is not None:
                state.take_apart(shard, [self._part(first) for first in self._parts(index)])
            self._missing[index] = {first for first in self._parts(index) if self._read(first) is None}
            self._write_if_complete(index)

    @property
    def shards(self) -> list[Shard]:
        """The shards that are written, in order."""
        return [self._shards[index] for index in sorted(self._shards)]

    @property
    def num_missing_frames(self) -> int:
        """How many frames are still to be drawn."""
        return sum(len(self._wanted(first)) for parts in self._missing.values() for first in parts)

    def tasks(self) -> list[Task]:
        """Returns a task for each missing part, in order."""
        return [self._task(first) for parts in self._missing.values() for first in sorted(parts)]

    def lose(self, key: str, frame: int, reason: str) -> Task:
        """Notes that a frame cannot be drawn; returns what is left of its task.

        Raises:
            StorageError: it cannot be written down.
        """
        self.state.note_lost(frame, reason)
        self.lost[frame] = reason
        return self._task(int(key))

    def read(self, key: str) -> tuple[FrameLines, ...]:
        """Returns the frames of a task that is done.

        Raises:
            StorageError: they have vanished.
        """
        frames = self._read(int(key))
        if frames is None:
            raise StorageError(f"{self.state.folder}: frame {key} vanished before its shard was complete")
        return frames

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
        frames = [line for first in self._parts(index) for line in self.read(str(first))]
        lost = self._lost_in(self._span(index))
        shard = write_shard(self.state.folder, index, index * SHARD_FRAMES, frames, lost)
        self.state.write_shard(shard, self._parts(index))
        self._shards[index] = shard
        del self._missing[index]

    def _is_up_to_date(self, index: int, shard: Shard) -> bool:
        """Tells whether a shard holds all frames that it should; it does not when frames were added to the set."""
        span = self._span(index)
        return shard.stop_frame == span.stop and shard.missing == self._lost_in(span)

    def _lost_in(self, frames: range) -> dict[int, str]:
        return {frame: self.lost[frame] for frame in frames if frame in self.lost}

    def _read(self, first: int) -> tuple[FrameLines, ...] | None:
        frames = self.state.read_part(first)
        return frames if frames is not None and len(frames) == len(self._wanted(first)) else None

    def _task(self, first: int) -> Task:
        part = self._part(first)
        lost = tuple(frame for frame in part if frame in self.lost)
        return Task(key=str(first), spec=PartSpec(first=first, stop=part.stop, leave_out=lost).model_dump())

    def _wanted(self, first: int) -> list[int]:
        return [frame for frame in self._part(first) if frame not in self.lost]

    def _span(self, index: int) -> range:
        return range(index * SHARD_FRAMES, min((index + 1) * SHARD_FRAMES, self.num_frames))

    def _parts(self, index: int) -> range:
        span = self._span(index)
        return range(span.start, span.stop, PART_FRAMES)

    def _part(self, first: int) -> range:
        return range(first, min(first + PART_FRAMES, self.num_frames))
