"""How every verb runs: messages set up, stdout kept clean, errors turned into one line and an exit code."""

import functools
import importlib
import logging
from collections.abc import Callable
from typing import Any, NoReturn, ParamSpec

import click

from meshsight.cli.messages import configure_messages
from meshsight.cli.output import Outcome, stdout_kept_clean, to_json
from meshsight.cli.several import is_first_process
from meshsight.core.errors import MeshsightError, MissingExtraError

INTERRUPTED = 130

P = ParamSpec("P")
log = logging.getLogger(__name__)


def workflow(module: str, name: str) -> Callable[..., Any]:
    """Imports a function or type of `meshsight.workflows` by name, so that a verb pays only for what it needs itself.

    Raises:
        MissingExtraError: a library that it needs is not installed.
    """
    try:
        return getattr(importlib.import_module(f"meshsight.workflows.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("meshsight"):
            raise
        raise MissingExtraError(
            f"this needs the package '{error.name}', which is not installed: pip install 'meshsight[train]'"
        ) from error


def is_talkative() -> bool:
    """Tells whether a verb may show progress; with `-q` it may not."""
    return logging.getLogger("meshsight").isEnabledFor(logging.INFO)


def verb_command(body: Callable[P, Outcome]) -> Callable[..., None]:
    """Adds `--json`, `-v` and `-q` to a verb, and runs it as every verb runs."""

    @click.option("--json", "is_json", is_flag=True, help="Print one JSON object on stdout at the end.")
    @click.option("-v", "--verbose", is_flag=True, help="Say more, with tracebacks.")
    @click.option("-q", "--quiet", is_flag=True, help="Say only warnings and errors.")
    @functools.wraps(body)
    def run(is_json: bool, verbose: bool, quiet: bool, *args: P.args, **kwargs: P.kwargs) -> None:
        if verbose and quiet:
            raise click.UsageError("-v and -q contradict each other; give one of them")
        configure_messages(verbosity=verbose - quiet if is_first_process() else -1)
        try:
            with stdout_kept_clean():
                outcome = body(*args, **kwargs)
        except MeshsightError as error:
            _end(str(error), error.exit_code, is_json)
        except KeyboardInterrupt:
            _end("interrupted", INTERRUPTED, is_json)
        except Exception as error:  # noqa: BLE001 - the last line of defence: whatever it is, the user gets one line
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            _end(f"{reason}. This is a bug; run with -v for the traceback.", 1, is_json)
        _print(outcome, is_json)

    return run


def _end(message: str, exit_code: int, is_json: bool) -> NoReturn:
    log.error(message)
    log.debug("traceback:", exc_info=True)
    if is_json and is_first_process():
        click.echo(to_json({"error": message, "exit_code": exit_code}))
    click.get_current_context().exit(exit_code)


def _print(outcome: Outcome, is_json: bool) -> None:
    if not is_first_process():
        pass  # of several processes of one run the first one talks
    elif is_json:
        click.echo(to_json(outcome.data))
    elif outcome.text:
        click.echo(outcome.text)
    click.get_current_context().exit(outcome.exit_code)
