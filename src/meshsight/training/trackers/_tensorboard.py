"""Builds the TensorBoard tracker.

An event file holds TFRecords, each a protobuf message (tensorflow/core/util/event.proto, framework/summary.proto):

    Event   { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5 }
    Summary { repeated Value value = 1 }
    Value   { string tag = 1; float simple_value = 2; Image image = 4 }
    Image   { int32 height = 1, width = 2, colorspace = 3; bytes encoded_image_string = 4 }
"""

import os
import socket
import struct
import time
from pathlib import Path

import numpy as np

from meshsight.core.errors import MeshsightError
from meshsight.core.images import read_image
from meshsight.core.tfrecord import framed
from meshsight.core.wire import delimited, varint_field
from meshsight.training.events import (
    Event,
    GapMeasured,
    PicturesDrawn,
    StepDone,
    TrackerError,
    TrainingEnded,
    TrainingStarted,
    Validated,
)
from meshsight.training.step_means import StepMeans
from meshsight.training.trackers.tensorboard import Spec

FILE_VERSION = b"brain.Event:2"
RGB = 3
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")


class TensorboardTracker:
    """Writes means of the training metrics, every validation, gaps and pictures."""

    def __init__(self, spec: Spec):
        self._spec = spec
        self._file: Path | None = None
        self._means = StepMeans(spec.every_steps)

    def record(self, event: Event) -> None:
        """Takes in one event.

        Raises:
            TrackerError: the file cannot be written.
        """
        match event:
            case TrainingStarted():
                self._start(event)
            case StepDone():
                if (means := self._means.take(event)) is not None:
                    self._write_scalars(means, event.step)
            case Validated():
                figures = {**event.figures, "loss": event.loss}
                known = {f"{event.data}/{name}": value for name, value in figures.items() if value is not None}
                self._write_scalars(known, event.step)
            case GapMeasured():
                self._write_scalars({f"gap/{event.data} - {event.other}": event.gap}, event.step)
            case PicturesDrawn():
                for path in event.paths:
                    self._write_picture(path, event.step)
            case TrainingEnded():
                if (means := self._means.rest()) is not None:
                    self._write_scalars(means, event.step)

    def _start(self, event: TrainingStarted) -> None:
        folder = self._spec.uri or event.run / "tensorboard"
        name = f"events.out.tfevents.{time.time_ns() // 10**6:013d}.{socket.gethostname()}.{os.getpid()}"
        self._file = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrackerError(f"TensorBoard: {folder}: {error.strerror or error}") from error
        self._write(delimited(3, FILE_VERSION), 0)

    def _write_scalars(self, values: dict[str, float], step: int) -> None:
        entries = (delimited(1, tag.encode()) + _fixed32(2, value) for tag, value in values.items())
        self._write(delimited(5, b"".join(delimited(1, entry) for entry in entries)), step)

    def _write_picture(self, path: Path, step: int) -> None:
        try:
            height, width = read_image(path).shape[:2]
        except MeshsightError:
            return
        sizes = varint_field(1, height) + varint_field(2, width) + varint_field(3, RGB)
        entry = delimited(1, path.stem.encode()) + delimited(4, sizes + delimited(4, path.read_bytes()))
        self._write(delimited(5, delimited(1, entry)), step)

    def _write(self, content: bytes, step: int) -> None:
        assert self._file is not None
        event = bytes([1 << 3 | 1]) + _DOUBLE.pack(time.time()) + varint_field(2, step) + content
        try:
            with self._file.open("ab") as file:
                file.write(framed(event))
        except OSError as error:
            raise TrackerError(f"TensorBoard: {self._file}: {error.strerror or error}") from error


def build(spec: Spec) -> TensorboardTracker:
    """Builds the tracker; its file is made when the run starts."""
    return TensorboardTracker(spec)


def _fixed32(number: int, value: float) -> bytes:
    return bytes([number << 3 | 5]) + _FLOAT.pack(np.float32(value))
