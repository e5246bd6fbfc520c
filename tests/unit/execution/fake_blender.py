"""Speaks like Blender's end of the pipe, and fails as Blender does: argv[1] says how; argv[2] is a folder for notes."""

import json
import os
import sys
import time
from pathlib import Path

MARK = b"@meshsight "


def send(message: dict, data: bytes = b"") -> None:
    sys.stdout.buffer.write(MARK + json.dumps({"arrays": [], **message}).encode() + b"\n" + data)
    sys.stdout.buffer.flush()


def main(manner: str, notes: Path) -> None:
    (notes / f"start-{time.monotonic_ns()}").touch()
    if manner == "no_library":
        sys.exit("ImportError: libXrender.so.1: cannot open shared object file: No such file or directory")
    sys.stdout.buffer.write(b"Blender 9.9 (hash 0123)\n")
    send({"event": "ready"})
    hoard = []
    while line := sys.stdin.buffer.readline():
        message = json.loads(line[len(MARK) :])
        sizes = [_size(head) for head in message["arrays"]]
        data = b"".join(sys.stdin.buffer.read(size) for size in sizes)
        sys.stdout.buffer.write(b"Fra:1 Mem:1M\n")
        if manner == "dies" or (manner == "dies_once" and len(list(notes.iterdir())) == 1):
            sys.stderr.write("Segmentation fault, they say\n")
            sys.stderr.flush()
            os.kill(os.getpid(), 9)
        if manner == "hangs":
            time.sleep(600)
        if manner == "slow":
            for _ in range(6):
                time.sleep(0.3)
                send({"event": "progress"})
        if manner == "grows":
            hoard.append(bytearray(os.urandom(1 << 20) * 24))
        if message.get("command") == "bad":
            send({"event": "error", "type": "KeyError", "message": "no such\nmesh"})
        else:
            send({"event": "done", "echo": message, "arrays": message["arrays"]}, data)


def _size(head: list) -> int:
    size = {"<f4": 4, "|u1": 1, "<i4": 4}[head[1]]
    for side in head[2]:
        size *= side
    return size


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
