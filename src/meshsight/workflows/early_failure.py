"""A training that fails before it begins is reported like one that fails later."""

import os
from collections.abc import Generator
from contextlib import contextmanager

from meshsight.training.notify import find_endpoint, report_outcome


@contextmanager
def early_failure_reported(endpoint: str | None, uid: str | None) -> Generator[None]:
    """Tells the endpoint `training_failed` when the block, which reads recipes and options, raises.

    Args:
        endpoint: address, or None for the variable ENDPOINT.
        uid: what the endpoint calls the run, or None for the variable UID.

    Raises:
        CallError: only one of the two is known, or the address is none.
    """
    found = find_endpoint(endpoint, uid, dict(os.environ))
    try:
        yield
    except BaseException:  # whatever it is, the one who waits is told, and it goes on its way
        if found is not None:
            report_outcome(found, "training_failed")
        raise
