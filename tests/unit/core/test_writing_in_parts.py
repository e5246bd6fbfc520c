"""The fast and the streaming ways of writing equal the plain ones."""

import errno
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.errors import StorageError
from meshsight.core.files import write_bytes, write_chunks
from meshsight.core.masks import encode_mask, encode_window


@given(st.tuples(*[st.integers(1, 9)] * 4), st.floats(0, 1), st.integers(0, 10**6))
def test_a_window_is_encoded_as_the_whole_mask(sides: tuple[int, int, int, int], share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = max(sides[0], sides[1]), max(sides[2], sides[3])
    window = rng.random((min(sides[0], sides[1]), min(sides[2], sides[3]))) < share
    y, x = (int(rng.integers(0, big - small + 1)) for big, small in zip((height, width), window.shape, strict=True))
    whole = np.zeros((height, width), dtype=bool)
    whole[y : y + window.shape[0], x : x + window.shape[1]] = window
    assert encode_window(window, (x, y), (height, width)) == encode_mask(whole)


def test_chunks_make_the_same_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "whole", b"onetwo")
    write_chunks(tmp_path / "parts", (b"one", b"two"))
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_full_disk_in_mid_stream_leaves_nothing_behind(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"one"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match=r"file: cannot write it: No space left"):
        write_chunks(tmp_path / "file", chunks())
    assert list(tmp_path.iterdir()) == []
