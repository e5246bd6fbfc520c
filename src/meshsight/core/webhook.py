"""Telling another program something over HTTP: one JSON object, posted to an address that the user gave."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from urllib.parse import urlsplit

from meshsight.core.errors import CallError

TIMEOUT_S = 10.0


def check_address(url: str) -> str:
    """Returns an http or https address without a slash at its end; a path in it is kept.

    Raises:
        CallError: it is no such address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CallError(f"--endpoint {url}: expected an address like https://host/path")
    return url.rstrip("/")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Follows nothing: a redirected POST would arrive as a GET, or somewhere that nobody named."""


def post_json(url: str, body: Mapping[str, object], *, timeout_s: float = TIMEOUT_S) -> str | None:
    """Posts once; returns what went wrong, or None when the receiver accepted it."""
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=timeout_s):
            return None
    except urllib.error.HTTPError as error:
        return str(error)
    except urllib.error.URLError as error:
        return str(error.reason)
    except (HTTPException, OSError) as error:
        return str(error) or type(error).__name__


def post_patiently(url: str, body: Mapping[str, object], pauses_s: Sequence[float]) -> str | None:
    """Posts until the receiver accepts it, once more after each pause; returns what went wrong the last time."""
    problem = post_json(url, body)
    for pause_s in pauses_s:
        if problem is None:
            break
        time.sleep(pause_s)
        problem = post_json(url, body)
    return problem
