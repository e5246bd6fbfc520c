"""The lines that a pool and its workers exchange: one JSON object each.

To a worker, on its standard input: first a `Hello`, then one `Task` after another; the end of the input means stop.
From a worker, on its standard output: `Event`s.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, TypeAdapter

JsonObject = dict[str, Any]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hello(_Line):
    """What a worker is for."""

    job: JsonObject
    """A spec of one of the jobs that exist; its `kind` is looked up in a closed set."""
    parent_pid: int
    threads: int
    log_level: int


class Task(_Line):
    """One piece of the work."""

    key: str
    spec: JsonObject


class Ready(_Line):
    """The job is loaded."""

    event: Literal["ready"] = "ready"


class Begin(_Line):
    """Work on one item starts; if the worker dies now, this is where."""

    event: Literal["begin"] = "begin"
    place: str


class Advance(_Line):
    """Items are done."""

    event: Literal["advance"] = "advance"
    items: int


class Log(_Line):
    """A log record."""

    event: Literal["log"] = "log"
    level: int
    name: str
    message: str


class Done(_Line):
    """The task is finished."""

    event: Literal["done"] = "done"
    result: JsonObject


class Failed(_Line):
    """The task cannot be done, and trying again would not help."""

    event: Literal["failed"] = "failed"
    type: str
    message: str
    traceback: str


Event = Annotated[Ready | Begin | Advance | Log | Done | Failed, Discriminator("event")]
EVENTS: TypeAdapter[Ready | Begin | Advance | Log | Done | Failed] = TypeAdapter(Event)
