"""PNG patches with their labels as text."""

import logging
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from meshsight.core.errors import DataError
from meshsight.core.images import read_image
from meshsight.datasets.capacity import reduce_dataset
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats.patches_png import Spec, build
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.patches.circle import circle_label, circle_of
from meshsight.datasets.patches.png_text import read_text, with_text
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

PATCH = {"p_min_x": 100, "p_min_y": 50, "p_max_x": 132, "p_max_y": 82}
BALL = {"ball_center_x": 120, "ball_center_y": 58.5, "ball_radius": 10}


def png(text: dict, size: int = 16, mode: str = "RGB") -> bytes:
    info = PngInfo()
    for key, value in text.items():
        info.add_text(key, str(value))
    stream = BytesIO()
    Image.new(mode, (size, size), 7).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def folder_of(folder: Path, *texts: dict) -> Path:
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number}.png").write_bytes(png({**PATCH, **text}))
    return folder


def intersect(ball: float = 0, robot: float = 0, penalty: float = 0) -> dict:
    return {"ball_intersect": ball, "robot_intersect": robot, "penalty_intersect": penalty}


def test_a_circle_is_given_in_the_patchs_own_pixels(tmp_path):
    """The patch of 32 x 32 camera pixels was scaled to 16 x 16."""
    found = open_dataset(folder_of(tmp_path / "set", {**intersect(ball=0.9), **BALL}))
    (sample,) = found.samples()
    (label,) = sample.objects
    assert found.classes == ("ball", "robot", "penalty_mark")
    assert (label.class_id, sample.size_hw) == (0, (16, 16))
    assert circle_of(label) == (5, 10, 4.25)
    assert label.box == (5, 0, 15, 9.25)


def test_the_fields_thresholds_make_the_class(tmp_path, caplog):
    texts = [
        intersect(ball=0.5),  # not above
        {**intersect(ball=0.51), **BALL},
        intersect(robot=0.41),
        intersect(robot=0.4, penalty=0.76),
        intersect(penalty=0.75),
        {**intersect(ball=0.6, robot=0.5), **BALL},  # both
        {},  # nothing said
    ]
    with caplog.at_level(logging.WARNING):
        found = open_dataset(folder_of(tmp_path / "set", *texts))
    assert "left out 1 patches that are both ball and robot" in caplog.text
    ids = [[label.class_id for label in sample.objects] for sample in found.samples()]
    assert ids == [[], [0], [1], [2], [], []]
    whole = next(label for sample in found.samples() for label in sample.objects if label.class_id == 1)
    assert whole.box == (0, 0, 16, 16) and whole.full_box is None


def test_thresholds_are_settings(tmp_path):
    folder = folder_of(tmp_path / "set", {**intersect(ball=0.3, robot=0.3), **BALL})
    assert [len(s.objects) for s in open_dataset(folder, spec=Spec(ball_above=0.2)).samples()] == [1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ({**intersect(ball="much"), **BALL}, "'ball_intersect' must be a number, found 'much'"),
        ({**intersect(ball=1), "ball_radius": 3}, "'ball_center_x' must be a number, found None"),
        ({**intersect(ball=1), **BALL, "p_max_x": 100}, "is empty"),
        ({"class_id": 7, "ball_intersect": 0}, "'class_id' must be -1 to 2, found '7'"),
    ],
)
def test_faults_are_named(tmp_path, text, words):
    folder = folder_of(tmp_path / "set", text)
    with pytest.raises(DataError, match=words) as caught:
        list(open_dataset(folder, spec=Spec()).samples())
    assert "0.png" in str(caught.value)


def test_a_torn_patch_is_named(tmp_path):
    folder = folder_of(tmp_path / "set", intersect(ball=0.1))
    file = folder / "0.png"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"0\.png: cut off after"):
        open_dataset(folder, spec=Spec())


def test_text_is_added_without_touching_the_pixels():
    data = png({"note": "kept", "group": "old"}, mode="L")
    changed = with_text(data, {"group": "Straße 中", "class_id": "0"}, Path("a.png"))
    assert read_text(changed, Path("a.png")) == {"note": "kept", "group": "Straße 中", "class_id": "0"}
    with Image.open(BytesIO(changed)) as image:  # someone else's reader agrees, check sums and all
        image.verify()
    with Image.open(BytesIO(changed)) as image:
        assert image.text == {"note": "kept", "group": "Straße 中", "class_id": "0"}
    assert data[data.index(b"IDAT") :] == changed[changed.index(b"IDAT") :]
    assert with_text(changed, {"group": "Straße 中", "class_id": "0"}, Path("a.png")) == changed


def test_others_can_read_what_is_written(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    Image.effect_noise((16, 12), 40).convert("RGB").save(source / "a.jpg")
    label = circle_label(0, (5.25, 3.0, 8.5), (12, 16))
    samples = (Sample(image="a.jpg", size_hw=(12, 16), objects=(label,), frame=0, group="photo 1"),)
    dataset = Dataset(
        root=source, classes=("ball",), num_samples=1, samples=lambda: iter(samples), name="a", fingerprint=None
    )
    writer, target = build(Spec()), Target(tmp_path / "out")
    writer.write({WHOLE: reduce_dataset(dataset, writer.capacity)[0]}, target)
    assert dict(target.notes) == {"images of another kind turned into PNG": 1}
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert np.array_equal(np.asarray(image), read_image(source / "a.jpg"))
        text = image.text
    scale = (float(text["p_max_x"]) - float(text["p_min_x"])) / 16
    assert (float(text["ball_radius"]) / scale, float(text["ball_center_x"]), float(text["ball_center_y"])) == (
        5.25,
        3,
        8.5,
    )
    assert float(text["ball_intersect"]) > 0.5
    (tmp_path / "out" / "classes.json").unlink()  # the field's rules alone say the same
    (sample,) = open_dataset(tmp_path / "out").samples()
    assert sample.objects[0].class_id == 0 and sample.objects[0].full_box == label.full_box
