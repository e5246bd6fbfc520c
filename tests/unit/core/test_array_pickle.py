"""Arrays and plain containers come out of a pickle; nothing else does, and nothing is run."""

import io
import os
import pickle
import pickletools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from meshsight.core.array_pickle import read_pickles
from meshsight.core.errors import DataError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def dumped(path: Path, *values: object, protocol: int = 4) -> Path:
    path.write_bytes(b"".join(pickle.dumps(value, protocol) for value in values))
    return path


def equal(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_and_containers_come_back(tmp_path, protocol):
    shared = np.arange(6, dtype=np.float32).reshape(2, 3)
    values = [
        np.float32(0.25),
        np.asfortranarray(np.arange(24, dtype=">i2").reshape(2, 3, 4)),
        {"a": [shared, (shared, None, True, 3, 2.5, "Straße", b"\x00\xff")], "b": {}},
        np.array(["eins", "zwei"]),
        np.array([b"x", b"yz"]),
        np.zeros((0, 3)),
        np.array([True, False]),
        np.array(7, dtype=np.uint16),
    ]
    found = list(read_pickles(dumped(tmp_path / "a.pkl", *values, protocol=protocol)))
    assert len(found) == len(values)
    for before, after in zip(values, found, strict=True):
        assert equal(before, after), before


def test_an_array_of_objects_is_a_list(tmp_path):
    (found,) = read_pickles(dumped(tmp_path / "a.pkl", np.array(["a", "b", None], dtype=object)))
    assert found == ["a", "b", None]


ARRAYS = st_numpy.arrays(
    st.sampled_from(["u1", "<i4", ">f8", "f2", "b1", "<U3"]), st_numpy.array_shapes(min_dims=0, max_dims=3, min_side=0)
)


@given(array=ARRAYS, protocol=st.sampled_from(PROTOCOLS))
@settings(max_examples=60, derandomize=True)
def test_any_array_comes_back(tmp_path_factory, array, protocol):
    path = dumped(tmp_path_factory.mktemp("pickles") / "a.pkl", array, protocol=protocol)
    (found,) = read_pickles(path)
    assert equal(array if array.ndim else np.asarray(found, array.dtype).reshape(()), np.asarray(found))
    assert np.array_equal(np.asarray(found), array, equal_nan=array.dtype.kind == "f")


class Malicious:
    def __init__(self, function: object, *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize(
    ("function", "name"), [(os.system, "system"), (eval, "eval"), (exec, "exec"), (open, "open"), (getattr, "getattr")]
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_malicious_pickle_is_refused_and_runs_nothing(tmp_path, function, name, protocol):
    trace = tmp_path / "trace"
    arguments = {"system": (f"touch {trace}",), "open": (str(trace), "w"), "getattr": (str, "join")}
    bomb = Malicious(function, *arguments.get(name, (f"open({str(trace)!r}, 'w')",)))
    path = dumped(tmp_path / "a.pkl", [np.zeros(3), bomb], protocol=protocol)
    with pytest.raises(DataError, match=rf"a\.pkl: asks for '\w+\.{name}'; of a pickle only arrays"):
        list(read_pickles(path))
    assert not trace.exists()
    if name in ("system", "open"):  # the same bytes do it where nothing holds them back
        result = pickle.loads(path.read_bytes())[1]
        if name == "open":
            result.close()
        assert trace.exists()


@pytest.mark.parametrize(
    "program",
    [
        b"cnumpy\nload\n(S'x'\ntR.",  # numpy has functions that read files
        b"cnumpy.core.multiarray\nfromfile\n(S'x'\ntR.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"cmeshsight.core.files\nwrite_text\n(S'x'\nS'y'\ntR.",
        b"(S'x'\ni__builtin__\neval\n.",  # INST
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.",  # STACK_GLOBAL
        b"\x80\x02\x82\x01.",  # EXT1: the registry of extensions
        b"Pid\n.",  # a persistent id
        b"cnumpy\nndarray\n)R.",  # the stand-in itself cannot be called
        b"cnumpy\ndtype\n(S'V8'\ntR.",
        b"cnumpy\ndtype\n.",  # nor is a name a value
        b"c_codecs\nencode\n(Vabc\nVzlib_codec\ntR.",
    ],
)
def test_hand_made_programs_are_refused(tmp_path, program):
    (tmp_path / "a.pkl").write_bytes(program)
    with pytest.raises(DataError, match=r"a\.pkl: "):
        list(read_pickles(tmp_path / "a.pkl"))


def test_arrays_of_impossible_shape_are_refused(tmp_path):
    stream = io.BytesIO()
    pickle.dump(np.zeros((2, 3), np.float32), stream, protocol=4)
    data = stream.getvalue()
    assert data.count(b"K\x02K\x03\x86") == 1
    (tmp_path / "a.pkl").write_bytes(data.replace(b"K\x02K\x03\x86", b"K\xffK\xff\x86"))
    with pytest.raises(DataError, match=r"cut off or damaged \(cannot reshape"):
        list(read_pickles(tmp_path / "a.pkl"))


def test_shared_parts_are_walked_once(tmp_path):
    """A list of lists of lists, each twice in the next: 2**60 leaves if they were copied."""
    value: list = [1]
    for _ in range(60):
        value = [value, value]
    (found,) = read_pickles(dumped(tmp_path / "a.pkl", value))
    assert isinstance(found, list) and found[0] is found[1]


def test_every_cut_is_one_clear_error(tmp_path):
    whole = pickle.dumps(np.arange(50.0), 4) + pickle.dumps(np.zeros((4, 3), np.float32), 2)
    first = len(pickle.dumps(np.arange(50.0), 4))
    assert list(pickletools.genops(whole[:first]))
    for cut in range(1, len(whole)):
        (tmp_path / "a.pkl").write_bytes(whole[:cut])
        if cut == first:
            assert len(list(read_pickles(tmp_path / "a.pkl"))) == 1
            continue
        start = f"{0 if cut < first else first:,}"
        with pytest.raises(DataError, match=rf"a\.pkl: the pickle at byte {start} is cut off or damaged"):
            list(read_pickles(tmp_path / "a.pkl"))


@given(place=st.integers(0, 400), value=st.integers(0, 255))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_a_flipped_byte_does_no_harm(tmp_path_factory, place, value):
    data = bytearray(pickle.dumps([np.arange(30.0), {"a": np.float32(1), "b": ["x", b"y"]}], 2))
    data[place % len(data)] = value
    path = tmp_path_factory.mktemp("pickles") / "a.pkl"
    path.write_bytes(bytes(data))
    try:
        list(read_pickles(path))
    except DataError as error:
        assert "a.pkl" in str(error)
