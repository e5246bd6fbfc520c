"""Counter-based random streams, so that any frame can be drawn alone.

Frame *i* of seed *s* draws each of its aspects from a stream of its own, keyed by (s, i, name). Adding a
stream therefore never moves another one, and no frame depends on the frames before it.
"""

import hashlib

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import DTypeLike


def stream(seed: int, frame: int, name: str) -> np.random.Generator:
    """Returns the generator of one named stream of one frame.

    Philox (Salmon et al., SC 2011) is counter-based: its 128-bit key is a BLAKE2b digest of the three parts.
    """
    digest = hashlib.blake2b(f"{seed}\x1f{frame}\x1f{name}".encode(), digest_size=16).digest()
    # numpy takes any ISeedSequence here; its type stubs leave that out.
    return np.random.Generator(np.random.Philox(_Key(digest)))  # pyright: ignore[reportArgumentType]


class _Key(ISeedSequence):
    """Hands Philox its key; `Philox(key=...)` would do the same in three times the time, for it first reads entropy."""

    def __init__(self, digest: bytes) -> None:
        self._digest = digest

    def generate_state(self, n_words: int, dtype: DTypeLike = np.uint64) -> np.ndarray:
        """Returns the key as Philox asks for it: two 64-bit words."""
        return np.frombuffer(self._digest, dtype="<u8", count=n_words)
