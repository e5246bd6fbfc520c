"""Worker processes on this machine; the default."""

from collections.abc import Sequence
from typing import Literal

from meshsight.execution.launching import Inbox, Sharing, Worker
from meshsight.execution.messages import Hello
from meshsight.execution.process import WorkerProcess
from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """This machine."""

    kind: Literal["local"] = "local"


class LocalLauncher:
    """Starts children of this process."""

    default_workers = None

    def launch(self, command: Sequence[str], hello: Hello, inbox: Inbox) -> Worker:
        """Starts a worker, which takes tasks at once."""
        return WorkerProcess(command, hello, inbox)

    def close(self) -> None:
        """Holds nothing."""


def build(spec: Spec, sharing: Sharing) -> LocalLauncher:
    """Returns the place; every process of this machine sees its files."""
    del spec, sharing
    return LocalLauncher()
