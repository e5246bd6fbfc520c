"""Comparisons with photographs whose differences are known, because we made them."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from meshsight.cli.output import to_json
from meshsight.core.errors import DataError
from meshsight.core.images import RgbImage, write_image
from meshsight.datasets.measures.photographs import open_photographs
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.workflows.comparison import AttributeComparison, Comparison, compare_with_real

NUM = 16


def scene(index: int) -> RgbImage:
    """Soft-edged patches of many greys between 60 and 180, unlike in every image."""
    rng = np.random.default_rng(index)
    patches = rng.integers(60, 180, (6, 8, 1)).astype(np.float32) + rng.uniform(-8, 8, (6, 8, 3)).astype(np.float32)
    image = cv2.resize(patches, (160, 120), interpolation=cv2.INTER_NEAREST)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.8 + 0.04 * index), 0, 255).astype(np.uint8)


def add_noise(image: RgbImage, sigma: float) -> RgbImage:
    rng = np.random.default_rng(int(image.sum()))
    grey = rng.normal(0, sigma, (*image.shape[:2], 1))
    return np.clip(np.round(image + grey), 0, 255).astype(np.uint8)


def keep(image: RgbImage) -> RgbImage:
    return image


def write_set(folder: Path, change: Callable[[RgbImage], RgbImage] = keep, count: int = NUM) -> Dataset:
    for index in range(count):
        write_image(folder / f"{index:02d}.png", change(scene(index)))
    return open_photographs(folder)


@pytest.fixture
def real(tmp_path: Path) -> Dataset:
    return write_set(tmp_path / "real")


def by_name(comparison: Comparison) -> dict[str, AttributeComparison]:
    return {one.name: one for one in comparison.attributes}


def labelled(dataset: Dataset, factor: float = 1.0, count: int = 1, classes: tuple[str, ...] = ("mug",)) -> Dataset:
    def samples() -> list[Sample]:
        labelled = []
        for sample in dataset.samples():
            side = factor * (10.0 + sample.frame)
            label = ObjectLabel(class_id=0, box=(20.0, 20.0, 20.0 + 1.5 * side, 20.0 + side))
            labelled.append(replace(sample, objects=(label,) * count))
        return labelled

    return replace(dataset, classes=classes, samples=lambda: iter(samples()))


def test_a_set_and_itself_differ_in_nothing(real: Dataset) -> None:
    found = compare_with_real({"": labelled(real)}, labelled(real))
    assert len(found.attributes) == 12
    for one in found.attributes:
        assert not one.is_clear
        assert one.difference == (1 if one.is_ratio else 0)
        assert (one.cliffs_delta, one.distance) == (0, 0)


def test_brighter_by_a_known_amount(real: Dataset, tmp_path: Path) -> None:
    brighter = write_set(tmp_path / "ours", lambda image: image + np.uint8(46))
    found = compare_with_real({"": brighter}, real)
    first = found.attributes[0]
    assert (first.name, first.is_clear, first.cliffs_delta) == ("brightness", True, 1.0)
    assert first.difference == pytest.approx(46 / 255, abs=0.002)
    assert first.low is not None and first.high is not None and 0 < first.low < 46 / 255 < first.high
    assert first.sentence.startswith("0.18 brighter (95 %: 0.1")
    assert "Lower `sensor.exposure_ev`" in first.advice
    others = by_name(found)
    assert not any(others[name].is_clear for name in ("contrast", "blur_px", "tint"))


@pytest.mark.parametrize("sigma", [1.5, 2.5])
def test_blurred_by_a_known_amount(real: Dataset, tmp_path: Path, sigma: float) -> None:
    ours = write_set(tmp_path / "ours", lambda image: cv2.GaussianBlur(image, (0, 0), sigma))
    first = compare_with_real({"": ours}, real).attributes[0]
    widths = np.array([0.8 + 0.04 * index for index in range(NUM)])
    assert (first.name, first.is_clear) == ("blur_px", True)
    assert first.real == pytest.approx(widths.mean(), abs=0.15)
    assert first.difference == pytest.approx((np.hypot(widths, sigma) - widths).mean(), abs=0.15)
    assert "blurrier" in first.sentence and "Lower `sensor.blur_sigma_px`" in first.advice


@pytest.mark.parametrize("sigma", [2.0, 5.0])
def test_noisier_by_a_known_amount(real: Dataset, tmp_path: Path, sigma: float) -> None:
    ours = write_set(tmp_path / "ours", lambda image: add_noise(image, sigma))
    first = compare_with_real({"": ours}, real).attributes[0]
    assert (first.name, first.is_clear) == ("noise", True)
    assert first.ours == pytest.approx(sigma, rel=0.1)
    back = compare_with_real({"": real}, ours).attributes[0]
    assert back.difference == pytest.approx(-first.difference)
    assert "cleaner" in back.sentence and "Raise `sensor.shot_noise`" in back.advice


def test_more_of_it_is_further_away(real: Dataset, tmp_path: Path) -> None:
    def distances(name: str, changes: list[Callable[[RgbImage], RgbImage]]) -> list[float]:
        sets = (write_set(tmp_path / f"{name}{i}", change) for i, change in enumerate(changes))
        return [by_name(compare_with_real({"": ours}, real))[name].distance for ours in sets]

    blur = distances("blur_px", [lambda image, s=s: cv2.GaussianBlur(image, (0, 0), s) for s in (0.7, 1.4, 2.8)])
    noise = distances("noise", [lambda image, s=s: add_noise(image, s) for s in (1, 3, 9)])
    assert blur == sorted(blur) and blur[0] > 0
    assert noise == sorted(noise) and noise[0] > 0


def test_boxes_twice_as_large(real: Dataset) -> None:
    found = compare_with_real({"": labelled(real, factor=2.0)}, labelled(real))
    first = found.attributes[0]
    assert (first.name, first.is_clear, first.is_ratio) == ("box_scale", True, True)
    assert first.difference == pytest.approx(2.0)
    assert first.low is not None and first.high is not None and 1 < first.low < 2 < first.high
    assert first.sentence.startswith("2.00 times larger boxes (95 %: 1.")
    assert found.classes == ("mug",)
    back = by_name(compare_with_real({"": labelled(real)}, labelled(real, factor=2.0)))["box_scale"]
    assert back.difference == pytest.approx(0.5)
    assert back.sentence.startswith("2.00 times smaller boxes (95 %: 1.")


def test_more_objects_in_an_image(real: Dataset) -> None:
    one = by_name(compare_with_real({"": labelled(real, count=3)}, labelled(real)))["objects_per_image"]
    assert (one.difference, one.low, one.high, one.is_clear) == (2, 2, 2, True)
    assert sum(one.histogram.ours) == pytest.approx(1) and len(one.histogram.edges) == len(one.histogram.ours) + 1


def test_only_shared_classes_are_compared(real: Dataset) -> None:
    def with_others(sample: Sample) -> Sample:
        others = tuple(replace(label, class_id=1, box=(0.0, 0.0, 100.0, 100.0)) for label in sample.objects)
        return replace(sample, objects=(*sample.objects, *others))

    plain = labelled(real)
    both = replace(plain, classes=("mug", "van"), samples=lambda: map(with_others, plain.samples()))
    found = compare_with_real({"": both}, plain)
    assert found.classes == ("mug",)
    assert not by_name(found)["box_scale"].is_clear
    unlike = compare_with_real({"": both}, labelled(real, classes=("bus",)))
    assert (unlike.has_labels, unlike.classes) == (True, ())
    assert by_name(unlike)["box_scale"].num_ours == 2 * NUM


def test_a_plain_folder_and_images_that_cannot_be_read(
    real: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ours = write_set(tmp_path / "ours", lambda image: image + np.uint8(20))
    (tmp_path / "ours" / "03.png").write_bytes((tmp_path / "ours" / "03.png").read_bytes()[:-900])
    found = compare_with_real({"train": labelled(ours)}, tmp_path / "real")
    assert (found.real, found.num_real, found.measured_ours, found.has_labels) == ("real", NUM, NUM - 1, False)
    assert {one.name for one in found.attributes}.isdisjoint({"box_scale", "objects_per_image"})
    assert "1 images cannot be read" in caplog.text


def test_nothing_to_compare_with(real: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such data set"):
        compare_with_real({"": real}, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no readable image"):
        compare_with_real({"": real}, tmp_path / "empty")
    broken = write_set(tmp_path / "broken", count=2)
    for path in (tmp_path / "broken").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match="not one of its images can be read"):
        compare_with_real({"": real}, broken)


def test_larger_photographs_are_looked_at_at_the_size_of_the_renders(real: Dataset, tmp_path: Path) -> None:
    def enlarge(image: RgbImage) -> RgbImage:
        return cv2.resize(image, (640, 480), interpolation=cv2.INTER_NEAREST)

    found = compare_with_real({"": real}, write_set(tmp_path / "large", enlarge))
    assert found.side_px == 160
    assert not any(one.is_clear for one in found.attributes)


def test_it_is_plain_data_and_the_same_again(real: Dataset, tmp_path: Path) -> None:
    ours = write_set(tmp_path / "ours", lambda image: image + np.uint8(9))
    first, again = (compare_with_real({"": ours}, real) for _ in range(2))
    assert first == again
    row = json.loads(to_json(first))["attributes"][0]
    assert row["name"] == "brightness"
    assert {"difference", "low", "high", "cliffs_delta", "distance", "sentence", "advice"} <= set(row)


def test_few_images_are_measured_of_many(real: Dataset) -> None:
    found = compare_with_real({"": real}, real, num_images=5)
    assert (found.num_ours, found.measured_ours, found.measured_real) == (NUM, 5, 5)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_too_little_and_more_variety_is_said(real: Dataset, tmp_path: Path, factor: float) -> None:
    def vary(image: RgbImage) -> RgbImage:
        return np.clip(np.round(image + (factor - 1) * (image.mean() - 122)), 0, 255).astype(np.uint8)

    one = by_name(compare_with_real({"": write_set(tmp_path / "ours", vary)}, real))["brightness"]
    said = re.search(r"[0-9.]+(?= times as much)", one.variety)
    assert said is not None and float(said[0]) == pytest.approx(factor, rel=0.05)
    assert ("widen the range" in one.variety) == (factor < 1)
    assert one.spread_ours == pytest.approx(factor * one.spread_real, rel=0.05)
    assert by_name(compare_with_real({"": real}, real))["brightness"].variety == ""
