"""The pipe to the program that started this process: lines of JSON, each followed by the bytes of its arrays.

A line is `@meshsight ` and a JSON object; its `arrays` lists [name, dtype, shape] in the order of the bytes.
"""

import json
import os
import queue
import sys
import threading
import traceback

import numpy as np

MARK = b"@meshsight "


class Wire:
    """Reads messages on a thread of its own, so that this process ends at once when the one that started it does."""

    def __init__(self):
        """Keeps standard output for messages; what Blender prints there goes to standard error."""
        self._out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self._inbox = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, message, arrays=None):
        """Writes one message."""
        arrays = {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
        heads = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
        line = MARK + json.dumps({**message, "arrays": heads}).encode() + b"\n"
        with self._lock:
            self._out.write(line)
            for array in arrays.values():
                self._out.write(memoryview(array).cast("B"))
            self._out.flush()

    def serve(self, commands):
        """Answers messages by the function that their `command` names, for ever."""
        while True:
            message, arrays = self._inbox.get()
            try:
                reply, results = commands[message["command"]](message, arrays)
            except Exception as error:  # noqa: BLE001 - the boundary of a process: the other side raises it again
                traceback.print_exc()
                self.send({"event": "error", "type": type(error).__name__, "message": str(error).strip()})
            else:
                self.send({"event": "done", **reply}, results)

    def _read(self):
        stream = os.fdopen(os.dup(0), "rb")
        while line := stream.readline():
            if not line.startswith(MARK):
                continue
            message = json.loads(line[len(MARK) :])
            arrays = {}
            for name, dtype, shape in message.pop("arrays"):
                size = int(np.prod(shape)) * np.dtype(dtype).itemsize
                arrays[name] = np.frombuffer(stream.read(size), dtype).reshape(shape)
            self._inbox.put((message, arrays))
        leave()


def leave():
    """Ends the process; an orderly exit of Blender may hang."""
    sys.stderr.flush()
    os._exit(0)
