"""Counter-based random streams, so that any frame can be drawn alone.

Frame *i* of seed *s* draws each of its aspects from a stream of its own, keyed by (s, i, name). Adding a
stream therefore never moves another one, and no frame depends on the frames before it.
"""

import hashlib

import numpy as np


def stream(seed: int, frame: int, name: str) -> np.random.Generator:
    """Returns the generator of one named stream of one frame.

    Philox (Salmon et al., SC 2011) is counter-based: its 128-bit key is a BLAKE2b digest of the three parts.
    """
    digest = hashlib.blake2b(f"{seed}\x1f{frame}\x1f{name}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
