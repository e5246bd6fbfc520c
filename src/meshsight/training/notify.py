"""Tells a platform that a run is over: POST {endpoint}/training_finished or /training_failed with {"uid": ...}."""

import logging
from dataclasses import dataclass
from typing import Literal

from meshsight.core.errors import CallError
from meshsight.core.webhook import check_address, post_patiently

log = logging.getLogger(__name__)

PAUSES_S = (1.0, 3.0)
"""Waits between attempts."""

Outcome = Literal["training_finished", "training_failed"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to report a run.

    Attributes:
        url: http or https; a path in it is kept.
        uid: what the receiver calls this run.
    """

    url: str
    uid: str


def find_endpoint(url: str | None, uid: str | None, environment: dict[str, str]) -> Endpoint | None:
    """Takes the arguments, or the variables ENDPOINT and UID where an argument is missing; None without either.

    Raises:
        CallError: only one of the two is known, or the address is no http or https URL.
    """
    url, uid = url or environment.get("ENDPOINT"), uid or environment.get("UID")
    if not url:
        if uid and uid != environment.get("UID"):
            raise CallError("--uid is given without --endpoint; give both, or neither")
        return None
    if not uid:
        raise CallError(f"the endpoint {url} is given without --uid (or UID); give both, or neither")
    return Endpoint(check_address(url), uid)


def report_outcome(endpoint: Endpoint, outcome: Outcome) -> bool:
    """Posts the end of a run, trying three times; failing is a warning, never an error.

    Returns:
        Whether the endpoint accepted it.
    """
    problem = post_patiently(f"{endpoint.url}/{outcome}", {"uid": endpoint.uid}, PAUSES_S)
    if problem is not None:
        log.warning("%s/%s could not be told: %s", endpoint.url, outcome, problem)
    return problem is None
