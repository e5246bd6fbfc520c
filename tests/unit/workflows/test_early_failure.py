"""Whoever waits for a training hears of it also when its recipe cannot be read."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from meshsight.cli.main import program

Posts = list[tuple[str, dict[str, str]]]


@pytest.fixture
def server() -> Iterator[tuple[str, Posts]]:
    """An address on this machine, and what was posted to it."""
    posts: Posts = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            posts.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listener.server_port}", posts
        listener.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [
        ("stepz: 3", (), "unknown key 'stepz'; did you mean 'steps'?"),
        (None, (), "no such recipe"),
        (
            "detector: {kind: dense, backbone: tiny, neck: fpn, head: aligned}\nsteps: 1",
            ("--track", "nothing"),
            "tracker",
        ),
    ],
)
def test_a_training_that_cannot_begin_is_reported_once(
    server: tuple[str, Posts], tmp_path: Path, recipe: str | None, options: tuple[str, ...], message: str
) -> None:
    address, posts = server
    path = tmp_path / "train.yaml"
    if recipe is not None:
        path.write_text(recipe)
    arguments = ["train", str(path), "--data", "nowhere", "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(program, [*arguments, *options, "--endpoint", address, "--uid", "7"])
    assert done.exit_code == 2
    assert message in done.stderr
    assert posts == [("/training_failed", {"uid": "7"})]


def test_a_training_that_fails_later_is_reported_once_too(server: tuple[str, Posts], tmp_path: Path) -> None:
    address, posts = server
    path = tmp_path / "train.yaml"
    path.write_text("detector: {kind: dense, backbone: tiny, neck: fpn, head: aligned}\nsteps: 1")
    arguments = ["train", str(path), "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(program, [*arguments, "--endpoint", address, "--uid", "7"])
    assert done.exit_code == 1
    assert "no such data set" in done.stderr
    assert posts == [("/training_failed", {"uid": "7"})]


def test_without_an_endpoint_nobody_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENDPOINT", raising=False)
    arguments = ["train", str(tmp_path / "none.yaml"), "--data", "nowhere", "--out", str(tmp_path / "run")]
    assert CliRunner().invoke(program, arguments).exit_code == 2
