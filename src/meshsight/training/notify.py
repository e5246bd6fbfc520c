"""Tells a platform that a run is over: POST {endpoint}/training_finished or /training_failed with {"uid": ...}."""

import json
import logging
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Literal
from urllib.parse import urlsplit

from meshsight.core.errors import CallError

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
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
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CallError(f"--endpoint {url}: expected an address like https://host/path")
    return Endpoint(url.rstrip("/"), uid)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Follows nothing: a redirected POST would arrive as a GET, or somewhere that nobody named."""


def report_outcome(endpoint: Endpoint, outcome: Outcome) -> bool:
    """Posts the end of a run, trying three times; failing is a warning, never an error.

    Returns:
        Whether the endpoint accepted it.
    """
    problem = _post(endpoint, outcome)
    for pause_s in PAUSES_S:
        if problem is None:
            return True
        time.sleep(pause_s)
        problem = _post(endpoint, outcome)
    if problem is not None:
        log.warning("%s/%s could not be told: %s", endpoint.url, outcome, problem)
    return problem is None


def _post(endpoint: Endpoint, outcome: Outcome) -> str | None:
    """One attempt; returns what went wrong, or None."""
    request = urllib.request.Request(
        f"{endpoint.url}/{outcome}",
        data=json.dumps({"uid": endpoint.uid}).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT_S):
            return None
    except (urllib.error.URLError, HTTPException, OSError) as error:
        return str(error) or type(error).__name__
