"""Every error a user can meet, and the exit code it ends the program with.

    MeshsightError            exit 1
    |-- CallError             exit 2   the command line or function call is wrong
    |   |-- SpecError                  a recipe: unknown key, impossible range, wrong type
    |   |-- MissingExtraError          a kind whose library is not installed
    |   `-- BusyError                  another process is at work there
    |-- DataError             exit 1   a data set, label file or image is bad
    |   `-- ImageError                 an image cannot be read
    |-- AssetError            exit 1   a mesh, texture or environment is bad or missing
    |-- SynthesisError        exit 1   a scene cannot be drawn as asked
    |-- RenderError           exit 1   a renderer cannot start or cannot draw
    |   `-- LostFrameError             this one frame cannot be drawn; others can
    |-- ExecutionError        exit 1   a worker process failed for good
    |-- StorageError          exit 1   the disk is full or a file cannot be written
    |-- TrainingError         exit 1   training cannot start or go on
    `-- ArtifactError         exit 1   a run or an exported file is not what it should be

A message says what, where, what was expected, what was found, and what to do.
"""


class MeshsightError(Exception):
    """Anything that a user can mend; its message is one readable line."""

    exit_code = 1


class CallError(MeshsightError):
    """The call itself is wrong."""

    exit_code = 2


class SpecError(CallError):
    """A recipe asks for something that does not exist or cannot be."""


class MissingExtraError(CallError):
    """A kind was asked for whose library is not installed."""


class BusyError(CallError):
    """Another process is at work in the folder; waiting helps."""


class DataError(MeshsightError):
    """A data set, label file or image is not what it claims to be."""


class ImageError(DataError):
    """An image file is missing, truncated or of a kind we cannot read."""


class AssetError(MeshsightError):
    """A mesh, texture or environment is missing or unusable."""


class SynthesisError(MeshsightError):
    """A scene that satisfies the recipe could not be drawn."""


class RenderError(MeshsightError):
    """A renderer cannot start or cannot draw."""


class LostFrameError(RenderError):
    """One frame ends whatever draws it, again and again; others can be drawn."""


class ExecutionError(MeshsightError):
    """A worker process failed more often than it may."""


class StorageError(MeshsightError):
    """A file cannot be written: disk full, no permission, or not a folder."""


class TrainingError(MeshsightError):
    """Training cannot start, or cannot go on."""


class ArtifactError(MeshsightError):
    """A run folder or exported artifact is missing, damaged or of another kind."""
