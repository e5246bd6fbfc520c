"""The lines that a pool and its workers exchange: one JSON object each.

To a worker, on its standard input: first a `Hello`, then one `Task` after another, and an `Answer` to each question;
the end of the input means stop. From a worker, on its standard output: `Event`s.
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

    line: Literal["task"] = "task"
    key: str
    spec: JsonObject


class Answer(_Line):
    """What a worker asked for."""

    line: Literal["answer"] = "answer"
    content: JsonObject


class Ready(_Line):
    """The job is loaded."""

    event: Literal["ready"] = "ready"


class Begin(_Line):
    """Work on one item starts; if the worker dies now, this is where."""

    event: Literal["begin"] = "begin"
    place: str
    item: int | None = None
    """Its number, where the rest of the work can do without it."""


class Advance(_Line):
    """Items are done."""

    event: Literal["advance"] = "advance"
    items: int


class Ask(_Line):
    """The worker needs an answer before it goes on."""

    event: Literal["ask"] = "ask"
    question: JsonObject


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


AnyEvent = Ready | Begin | Advance | Ask | Log | Done | Failed
EVENTS: TypeAdapter[AnyEvent] = TypeAdapter(Annotated[AnyEvent, Discriminator("event")])
ORDERS: TypeAdapter[Task | Answer] = TypeAdapter(Annotated[Task | Answer, Discriminator("line")])
