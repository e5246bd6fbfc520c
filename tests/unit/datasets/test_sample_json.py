"""Write = read, to the last bit; and what is no sample is refused by file and line."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshsight.core.errors import DataError
from meshsight.datasets.sample_json import read_samples, sample_from_json, sample_to_json
from meshsight.records.sample import ObjectLabel, Sample


def is_equal(a: object, b: object) -> bool:
    """Compares records deeply: types, array types and every bit of every number."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if is_dataclass(a):
        return all(is_equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(a))
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(is_equal, a, b))
    return a == b


@given(seed=st.integers(0, 10**9), frame=st.integers(0, 10**6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_everything_comes_back(random_sample: Callable[[int, int], Sample], seed: int, frame: int) -> None:
    sample = random_sample(seed, frame)
    line = sample_to_json(sample)
    assert "\n" not in line
    assert is_equal(sample_from_json(line, "here"), sample)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=4, max_size=4))
def test_any_float_survives(box: list[float]) -> None:
    label = ObjectLabel(class_id=0, box=(box[0], box[1], box[2], box[3]))
    sample = Sample(image="a.jpg", size_hw=(1, 2), objects=(label,), frame=0, group="a")
    assert is_equal(sample_from_json(sample_to_json(sample), "here"), sample)


def test_what_is_not_known_stays_unknown() -> None:
    label = ObjectLabel(class_id=3, box=(0.0, 0.0, 1.0, 1.0), is_ignored=True)
    sample = Sample(image="a.jpg", size_hw=(1, 2), objects=(label,), frame=0, group="a")
    row = json.loads(sample_to_json(sample))
    assert row["camera"] is None and row["objects"][0]["mask"] is None and row["objects"][0]["pixels"] is None
    back = sample_from_json(sample_to_json(sample), "here")
    assert back.camera is None and back.T_world_cam is None
    assert is_equal(back, sample)


def broken(sample: Sample, path: str, value: object) -> str:
    row = json.loads(sample_to_json(sample))
    *way, last = path.split(".")
    place = row
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(row)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("objects.0.pixels.visible", 1.5, r"objects\.0\.pixels\.visible"),
        ("objects.0.box", [1, 2, 3], r"objects\.0\.box"),
        ("objects.0.boxes", [1, 2, 3, 4], r"objects\.0\.boxes: Extra inputs"),
        ("objects.0.class_id", "mug", r"objects\.0\.class_id"),
        ("objects.0.is_cut", 1, r"objects\.0\.is_cut"),
        ("objects.0.mask", ..., r"objects\.0\.mask: Field required"),
        ("T_world_cam", [[1, 0], [0, 1]], r"T_world_cam"),
        ("group", None, r"group"),
        ("camera.fx", -1.0, r"camera: a camera needs positive focal lengths"),
    ],
)
def test_bad_fields_are_named(
    random_sample: Callable[[int, int], Sample], path: str, value: object, message: str
) -> None:
    sample = next(s for s in (random_sample(seed, 0) for seed in range(99)) if s.objects)
    with pytest.raises(DataError, match=rf"^shard, line 3: not a sample: {message}"):
        sample_from_json(broken(sample, path, value), "shard, line 3")


@pytest.mark.parametrize("image", ["../secret.png", "/etc/secret.png", "images/../../secret.png"])
def test_images_cannot_lie_outside(random_sample: Callable[[int, int], Sample], image: str) -> None:
    with pytest.raises(DataError, match="lies outside the data set's folder"):
        sample_from_json(sample_to_json(replace(random_sample(1, 1), image=image)), "here")


def test_a_file_streams_and_a_torn_line_is_named(tmp_path: Path, random_sample: Callable[[int, int], Sample]) -> None:
    samples = [random_sample(seed, seed) for seed in range(4)]
    path = tmp_path / "00000.jsonl"
    text = "".join(f"{sample_to_json(sample)}\n" for sample in samples)
    path.write_text(text, encoding="utf-8")
    assert all(map(is_equal, read_samples(path), samples))
    path.write_text(text[:-100], encoding="utf-8")
    stream = read_samples(path)
    assert [next(stream).frame for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DataError, match=r"00000\.jsonl, line 4: not a sample: Invalid JSON"):
        next(stream)
    with pytest.raises(DataError, match=r"absent\.jsonl: labels cannot be read"):
        next(read_samples(tmp_path / "absent.jsonl"))


def test_equality_above_is_not_blind(random_sample: Callable[[int, int], Sample]) -> None:
    sample = random_sample(1, 1)
    assert sample.camera is not None
    assert not is_equal(sample, replace(sample, camera=replace(sample.camera, fx=np.nextafter(sample.camera.fx, 0))))
