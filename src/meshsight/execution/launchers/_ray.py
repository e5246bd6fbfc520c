"""Starts workers through Ray, which only finds them a place: work and results go through files that all nodes share.

One actor holds one worker process and is never restarted by Ray: the pool decides what is done again, and what a frame
or a trial is worth is known by the files alone. So any node, and the whole cluster, may vanish at any time.
"""

import contextlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

import meshsight
from meshsight.core.errors import ExecutionError
from meshsight.core.files import write_text
from meshsight.execution.hosting import Expected, Heard, WorkerHost, python_version
from meshsight.execution.launchers.ray import Spec
from meshsight.execution.launching import Inbox, Placed, Sharing, Unplaceable
from meshsight.execution.messages import EVENTS, Hello, JsonObject, Task

LISTEN_SECONDS = 1.0
OBJECT_STORE_BYTES = 100 << 20
"""Of a cluster that we start: nothing large goes through it."""

log = logging.getLogger(__name__)


class RayWorker:
    """A `Worker` in the cluster."""

    def __init__(self, host: Any, opened: Any, inbox: Inbox) -> None:
        self._host = host
        self._inbox = inbox
        self._heard_at: float | None = None
        self._resident_bytes = 0
        self._end = ("its node was lost", "")
        self._thread = threading.Thread(target=self._hear, args=(opened,), daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return "a worker in the cluster"

    @property
    def silent_seconds(self) -> float:
        """Time since its last event or task; a worker that waits for a place is not silent."""
        return 0.0 if self._heard_at is None else time.monotonic() - self._heard_at

    @property
    def last_words(self) -> str:
        """The end of what it wrote to stderr, on one line; known when it has ended."""
        return self._end[1]

    def assign(self, task: Task) -> None:
        """Hands over a task."""
        self._heard_at = time.monotonic()
        self._host.assign.remote(task.model_dump_json())

    def answer(self, content: JsonObject) -> None:
        """Answers its question."""
        self._heard_at = time.monotonic()
        self._host.answer.remote(content)

    def resident_bytes(self) -> int:
        """Memory that it held when it was last heard."""
        return self._resident_bytes

    def end(self) -> None:
        """Lets an idle worker go; one that still waits for a place has no need of it any more."""
        if self._heard_at is None:
            self.kill()
        else:
            self._host.close_input.remote()

    def kill(self) -> None:
        """Ends it at once."""
        with contextlib.suppress(RayError):
            ray.kill(self._host, no_restart=True)

    def wait(self, seconds: float) -> None:
        """Waits until it is gone; kills it when that takes too long."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            self.kill()
            self._thread.join(seconds)

    def cause_of_death(self) -> str:
        """Says how it ended, for messages."""
        return self._end[0]

    def _hear(self, opened: Any) -> None:
        """Passes on what it says, until it has said its last word or its node is lost."""
        try:
            problem = str(ray.get(opened))
            if problem:
                self._inbox.put((self, Unplaceable(problem)))
                return
            self._heard_at = time.monotonic()
            self._inbox.put((self, Placed()))
            while self._take_in(ray.get(self._host.listen.remote(LISTEN_SECONDS))):
                pass
        except RayError as error:
            log.debug("a worker in the cluster is lost: %s", error)
        self.kill()  # its process has ended; this gives its cores back
        self._inbox.put((self, None))

    def _take_in(self, heard: Heard) -> bool:
        """Returns whether there is more to come."""
        self._resident_bytes = heard.resident_bytes
        for line in heard.events:
            self._heard_at = time.monotonic()
            self._inbox.put((self, EVENTS.validate_json(line)))
        if heard.end is not None:
            self._end = heard.end
        return heard.end is None


class RayLauncher:
    """A cluster, connected to."""

    def __init__(self, spec: Spec, sharing: Sharing, is_ours: bool) -> None:
        self._spec = spec
        self._is_ours = is_ours
        self._token = sharing.notes / f"shared-{secrets.token_hex(8)}.txt"
        content = secrets.token_hex(16)
        write_text(self._token, content)
        self._expected = Expected(
            version=meshsight.__version__,
            python=python_version(),
            token=(str(self._token), content),
            folders=tuple(str(folder) for folder in sharing.folders),
        )
        remote: Any = ray.remote  # its types know functions only
        self._actor = remote(
            num_cpus=spec.cpus,
            num_gpus=spec.gpus,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=4,  # it is spoken to while it is listened to
        )(WorkerHost)

    @property
    def default_workers(self) -> int | None:
        """As many as the cluster has room for now."""
        room = ray.cluster_resources()
        counts = [room.get("CPU", 1) / self._spec.cpus]
        counts += [room.get("GPU", 0) / self._spec.gpus] if self._spec.gpus else []
        return max(1, int(min(counts)))

    def launch(self, command: Sequence[str], hello: Hello, inbox: Inbox) -> RayWorker:
        """Asks for a worker, which may wait for a free core."""
        host = self._actor.remote()
        return RayWorker(host, host.open.remote(tuple(command[1:]), hello.model_dump_json(), self._expected), inbox)

    def close(self) -> None:
        """Leaves the cluster."""
        Path(self._token).unlink(missing_ok=True)
        if self._is_ours:
            ray.shutdown()


def build(spec: Spec, sharing: Sharing) -> RayLauncher:
    """Connects to the cluster, or starts one of this machine alone.

    Raises:
        ExecutionError: there is none at the address, or it refuses.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    is_ours = not ray.is_initialized()
    if is_ours:
        _connect(spec)
    return RayLauncher(spec, sharing, is_ours)


def _connect(spec: Spec) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        ray.init(address=spec.address or "auto", **quiet)
    except ConnectionError as error:
        if spec.address is not None or "RAY_ADDRESS" in os.environ:
            address = spec.address or os.environ["RAY_ADDRESS"]
            raise ExecutionError(
                f"{address}: no Ray cluster answers there ({_first_line(error)}); check the address, start one with "
                "`ray start --head`, or, if it wants a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
            ) from error
        log.info("no Ray cluster runs here: starting one of this machine alone")
        quiet |= {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
        ray.init(address="local", _node_ip_address="127.0.0.1", **quiet)  # nobody else can reach it
        return
    except (RayError, RuntimeError, ValueError) as error:
        raise ExecutionError(f"{spec.address or 'Ray'}: the cluster refuses: {_first_line(error)}") from error
    nodes = sum(bool(node["Alive"]) for node in ray.nodes())
    log.info("a Ray cluster of %d %s", nodes, "node" if nodes == 1 else "nodes")
    if os.environ.get("RAY_AUTH_MODE") != "token":
        log.warning(
            "this cluster runs whatever anyone sends who can reach it; RAY_AUTH_MODE=token on every node ends that"
        )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
