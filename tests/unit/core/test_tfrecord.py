"""Check sums, frames and Examples against published values, a slow oracle and damage."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.container import open_container, read_path
from meshsight.core.crc32c import crc32c
from meshsight.core.errors import DataError
from meshsight.core.tf_example import decode_example, encode_entries, encode_example
from meshsight.core.tfrecord import framed, read_record, read_records, record_offsets


def slow_crc(data: bytes) -> int:
    """Bit by bit, as the polynomial is defined."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # the vectors of RFC 3720, appendix B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_published_check_sums(data, crc):
    assert crc32c(data) == crc


@pytest.mark.parametrize("length", [0, 1, 3, 4, 31, 32, 33, 255, 256, 257, 511, 513, 5_000, 65_535, 65_537, 90_001])
def test_a_check_sum_is_that_of_single_bits(length):
    data = np.random.default_rng(length).integers(0, 256, length, dtype=np.uint8).tobytes()
    assert crc32c(data) == slow_crc(data)


FEATURES = st.dictionaries(
    st.text(max_size=12),
    st.one_of(
        st.lists(st.binary(max_size=20), max_size=4).map(tuple),
        st.lists(st.floats(width=32, allow_nan=False), max_size=5).map(lambda v: np.array(v, np.float32)),
        st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5).map(lambda v: np.array(v, np.int64)),
    ),
    max_size=6,
)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(FEATURES)
def test_an_example_is_read_as_written(features):
    found = decode_example(encode_example(encode_entries(features)), "here")
    assert sorted(found) == sorted(features)
    for name, value in features.items():
        if len(value) == 0:
            assert len(found[name]) == 0
        elif isinstance(value, tuple):
            assert found[name] == value
        else:
            assert found[name].dtype == value.dtype
            assert np.array_equal(found[name], value)


def test_an_example_by_hand():
    """Built from the .proto files: packed and unpacked numbers, an unknown field, an empty Feature."""
    floats = b"\x12\x0a\x0a\x08" + struct.pack("<2f", 1.5, -2.0)
    unpacked = b"\x12\x0a\x0d" + struct.pack("<f", 3.0) + b"\x0d" + struct.pack("<f", 4.0)
    minus_one = b"\x1a\x0c\x0a\x0a" + b"\xff" * 9 + b"\x01"
    loose = b"\x1a\x04\x08\x05\x08\x07"
    features = {b"a": floats, b"b": unpacked, b"c": minus_one, b"d": loose, b"e": b"", b"f": b"\x0a\x04\x0a\x02hi"}
    entries = b""
    for name, feature in features.items():
        entry = b"\x0a\x01" + name + b"\x12" + bytes([len(feature)]) + feature + b"\x78\x01"
        entries += b"\x0a" + bytes([len(entry)]) + entry
    found = decode_example(b"\x0a" + bytes([len(entries)]) + entries + b"\x79" + bytes(8), "here")
    assert found["a"].tolist() == [1.5, -2.0]
    assert found["b"].tolist() == [3.0, 4.0]
    assert found["c"].tolist() == [-1]
    assert found["d"].tolist() == [5, 7]
    assert found["e"] == ()
    assert found["f"] == (b"hi",)
    plain = {name: found[name] for name in ("a", "c", "f")}
    assert encode_entries(plain).startswith(b"\x0a\x11\x0a\x01a\x12\x0c" + floats)


@pytest.mark.parametrize("data", [b"\x0a\x05ab", b"\x0b", b"\xff" * 12, b"\x0a\x03\x0a\x01\xff"])
def test_bytes_that_are_no_example_are_refused(data):
    with pytest.raises(DataError, match=r"record 3: no tf\.train\.Example"):
        decode_example(data, "record 3")


def test_a_frame_by_hand():
    """Length 3, its masked check sum, the data, its masked check sum."""

    def masked(data):
        crc = slow_crc(data)
        return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32)

    length = b"\x03" + bytes(7)
    assert framed(b"abc") == length + masked(length) + b"abc" + masked(b"abc")


def test_records_are_read_plain_and_compressed(tmp_path):
    records = [b"", b"x", bytes(70_000), b"\x1f\x8b"]
    data = b"".join(framed(record) for record in records)
    (tmp_path / "plain").write_bytes(data)
    (tmp_path / "small").write_bytes(gzip.compress(data))
    for name in ("plain", "small"):
        assert list(read_records(tmp_path / name)) == records
        offsets = list(record_offsets(tmp_path / name))
        assert offsets == [0, 16, 33, 70_049]
        assert [read_record(tmp_path / name, offset) for offset in offsets] == records


def test_damage_is_found_wherever_it_is(tmp_path):
    data = framed(b"first") + framed(b"second")
    path = tmp_path / "damaged"
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(DataError, match=rf"byte {0 if place < 21 else 21}: the check sum|byte \d+ is damaged"):
            list(read_records(path))


def test_a_cut_is_found_wherever_it_is(tmp_path):
    data = framed(b"first") + framed(b"second")
    path = tmp_path / "cut"
    for length in (end for end in range(1, len(data)) if end != 21):
        path.write_bytes(data[:length])
        for read in (read_records, record_offsets):
            with pytest.raises(DataError, match=f"cut off within the TFRecord at byte {0 if length < 21 else 21}"):
                list(read(path))
    path.write_bytes(gzip.compress(data)[:-12])
    with pytest.raises(DataError, match="cut off"):
        list(read_records(path))


def test_images_in_a_shard_are_files(tmp_path):
    shard = tmp_path / "labels-fold-000-of-001-shard-00000-of-00002"
    ids = (b"images/a", b"images/a", b"../b.jpeg")
    records = [{"frame/id": (name,), "frame/encoded": (b"\x89PNG" + name,)} for name in ids]
    records.insert(1, {"frame/id": (b"images/none",)})
    shard.write_bytes(b"".join(framed(encode_example(encode_entries(one))) for one in records))
    assert open_container(shard).names() == ("images/a.png", "images/a_2.png", "b.png")
    assert read_path(shard / "b.png") == b"\x89PNG../b.jpeg"
    with pytest.raises(FileNotFoundError, match="images/none"):
        read_path(shard / "images" / "none.png")
