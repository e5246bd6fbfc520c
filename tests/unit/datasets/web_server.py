"""A web server that does what real ones do: it takes up downloads, breaks off, changes its files, and is slow."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What is served, and what was asked.

    Attributes:
        files: bytes by path.
        cuts: after how many bytes of its body each next answer breaks off; without any left, none does.
        has_ranges: whether it sends the rest of a file when asked.
        tag: names the state of its files; an empty one is not sent.
        errors: codes that the next answers are.
        holds: when set, answers wait for `go` before their last byte.
        asked: the path and Range header of every request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    has_ranges: bool = True
    tag: str = '"one"'
    errors: list[int] = field(default_factory=list)
    holds: bool = False
    go: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        site.asked.append((self.path, self.headers.get("Range")))
        body = site.files.get(self.path)
        if site.errors or body is None:
            self.send_error(site.errors.pop(0) if site.errors else 404)
            return
        rest = self._head(body)
        cut = site.cuts.pop(0) if site.cuts else len(rest)
        self.wfile.write(rest[: min(cut, len(rest) - 1)])
        site.begun.set()
        if cut >= len(rest):
            if site.holds:
                site.go.wait(20)
            self.wfile.write(rest[-1:])

    def _head(self, body: bytes) -> bytes:
        """Sends everything up to the body, and returns the part of it that is to follow."""
        site, wanted = self.site, self.headers.get("Range")
        start = 0
        if wanted is None or not site.has_ranges or self.headers.get("If-Range") != site.tag:
            self.send_response(200)
        else:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        if site.tag:
            self.send_header("ETag", site.tag)
        if self.path.endswith("/"):
            self.send_header("Content-Type", "text/html")
        self.end_headers()
        return body[start:]

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(site: Site) -> Iterator[Site]:
    """Serves until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": site}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield site
    finally:
        site.go.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
