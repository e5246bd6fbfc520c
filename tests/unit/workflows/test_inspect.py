"""Every fault, made on purpose in a sound data set, is found, and nothing else is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from meshsight.core.images import decode_image, encode_jpeg, encode_png
from meshsight.core.masks import encode_mask
from meshsight.datasets.inspection.corner_order import TURNED
from meshsight.datasets.inspection.findings import NUM_SHOWN
from meshsight.workflows.inspect_pass import Examination, Looking, examine, independent_splits

from .doctored import Doctored, picture, sound

QUIETLY = Looking(progress=False)


def codes(found: Examination) -> dict[str, int]:
    return {finding.code: finding.count for finding in found.ledger.findings()}


def test_a_sound_data_set_has_no_finding(tmp_path):
    found = examine(sound().write(tmp_path), QUIETLY)
    assert codes(found) == {}
    assert found.num_images == 40
    assert list(found.parts) == ["train", "val"]
    assert found.is_complete


def test_one_split_can_be_looked_at_alone(tmp_path):
    sound().write(tmp_path)
    found = examine(f"{tmp_path / 'written'}#val", QUIETLY)
    assert codes(found) == {}
    assert found.num_images == 14


def wider(by: float) -> Callable:
    def change(label):
        x1, y1, x2, y2 = label.box
        return replace(label, box=(x1, y1, x2 + by, y2), mask=None)

    return change


def with_box(*box: float) -> Callable:
    return lambda label: replace(label, box=box, mask=None)


def truncated(data: Doctored) -> None:
    data.files[data.image(3)] = data.files[data.image(3)][:-200]


def truncated_jpeg(data: Doctored) -> None:
    jpeg = encode_jpeg(picture(np.random.default_rng(1)), 90)
    data.files[data.image(3)] = jpeg[: len(jpeg) * 9 // 10]


def no_image(data: Doctored) -> None:
    data.files[data.image(3)] = b"GIF89 or so"


def wrong_size(data: Doctored) -> None:
    data.change(4, objects=tuple(replace(o, mask=None, full_mask=None) for o in data.samples["train"][4].objects))
    data.change(4, size_hw=(480, 640), camera=None)


def black(data: Doctored) -> None:
    noise = np.random.default_rng(0).integers(0, 12, (96, 128, 3), dtype=np.uint8)
    data.files[data.image(2)] = encode_png(noise)
    data.files[data.image(5)] = encode_png(np.zeros((96, 128, 3), np.uint8))


def blown_out(data: Doctored) -> None:
    data.files[data.image(2)] = encode_png(np.full((96, 128, 3), 255, np.uint8))


def one_brightness(data: Doctored) -> None:
    for name, file in data.files.items():
        pixels = decode_image(file, name).astype(np.float32)
        grey = cv2.cvtColor(pixels / 255, cv2.COLOR_RGB2GRAY) * 255
        data.files[name] = encode_png(np.clip(pixels + (128 - grey.mean()), 0, 255).astype(np.uint8))


def polygon_outside(data: Doctored) -> None:
    points = np.array([[100.0, 20.0], [140.0, 20.0], [100.0, 60.0]])
    data.change_object(lambda label: replace(label, polygons=(points,)))


def empty_mask(data: Doctored) -> None:
    data.change_object(lambda label: replace(label, mask=encode_mask(np.zeros((96, 128), bool))))


def shifted_mask(data: Doctored) -> None:
    def change(label):
        mask = np.zeros((96, 128), bool)
        mask[2:40, 3:50] = True
        return replace(label, mask=encode_mask(mask), box=(3.0, 2.0, 50.0, 45.0))

    data.change_object(change)


def moved_keypoint(data: Doctored) -> None:
    def change(label):
        points = label.keypoints.copy()
        points[3, 0] += 2.0
        return replace(label, keypoints=points)

    data.change_object(change)


def turned(label):
    return replace(label, keypoints=label.keypoints[TURNED])


def some_turned(data: Doctored) -> None:
    data.change_object(turned)
    data.change_object(turned, index=5)


def repeated_object(data: Doctored) -> None:
    first, *rest = data.samples["train"][0].objects
    data.change(0, objects=(first, *rest, replace(first, instance_id=77)))


def repeated_instance(data: Doctored) -> None:
    first = data.samples["train"][0].objects[0]
    other = replace(first, box=(20.0, 20.0, 50.0, 50.0), mask=None, keypoints=None)
    data.change(0, objects=(first, other))


def few_of(class_id: int, keep: int) -> Callable:
    """Keeps so many objects of a class in each split."""

    def change(data: Doctored) -> None:
        for split, samples in data.samples.items():
            left = keep
            for index, sample in enumerate(samples):
                kept = []
                for label in sample.objects:
                    left -= label.class_id == class_id
                    if label.class_id != class_id or left >= 0:
                        kept.append(label)
                data.change(index, split, objects=tuple(kept))

    return change


def many_of_one_class(data: Doctored) -> None:
    """Puts 900 boxes of a class into images, each at its own place."""
    rng = np.random.default_rng(3)
    for split, samples in data.samples.items():
        for index, sample in enumerate(samples):
            more = tuple(
                replace(sample.objects[0], class_id=1, box=(x, y, x + 9.5, y + 9.5), mask=None, keypoints=None)
                for x, y in rng.uniform(0, 80, (45, 2)).tolist()
            )
            more = tuple(replace(label, instance_id=100 + number) for number, label in enumerate(more))
            data.change(index, split, objects=(*sample.objects, *more))


def missing_in_val(data: Doctored) -> None:
    for index, sample in enumerate(data.samples["val"]):
        data.change(index, "val", objects=tuple(label for label in sample.objects if label.class_id != 2))


def empty_split(data: Doctored) -> None:
    data.samples["val"] = []


def same_file(split: str) -> Callable:
    def change(data: Doctored) -> None:
        data.files[data.image(1, split)] = data.files[data.image(9)]

    return change


def like_file(split: str) -> Callable:
    """Makes an image a brighter, smaller, compressed copy of another, brought back to its size."""

    def change(data: Doctored) -> None:
        pixels = decode_image(data.files[data.image(9)], "")
        brighter = np.clip(pixels.astype(np.float32) * 1.15 + 8, 0, 255).astype(np.uint8)
        small = cv2.resize(brighter, (100, 75), interpolation=cv2.INTER_AREA)
        data.files[data.image(1, split)] = encode_jpeg(cv2.resize(small, (128, 96)), 60)

    return change


def shared_group(data: Doctored) -> None:
    data.change(0, "val", group=data.samples["train"][7].group)


def each_box(box: tuple[float, ...], share: int) -> Callable:
    """Gives every so-manieth object this box."""

    def change_all(data: Doctored) -> None:
        count = 0

        def change(label):
            nonlocal count
            count += 1
            return replace(label, box=box, mask=None) if count % share == 0 else label

        data.change_objects(change)
        for split, samples in data.samples.items():  # at most one of them an image, or they would be duplicates
            for index, sample in enumerate(samples):
                first = {(label.class_id, label.box): label for label in sample.objects}
                data.change(index, split, objects=tuple(first.values()))

    return change_all


BREAKS: dict[str, list[Callable[[Doctored], None]]] = {
    "image_unreadable": [truncated, truncated_jpeg, no_image],
    "wrong_size": [wrong_size],
    "black_image": [black],
    "blown_out_image": [blown_out],
    "one_brightness": [one_brightness],
    "box_outside": [lambda data: data.change_object(wider(200))],
    "box_degenerate": [
        lambda data: data.change_object(with_box(20.0, 30.0, 20.0, 40.0)),
        lambda data: data.change_object(with_box(50.0, 30.0, 20.0, 40.0)),
    ],
    "box_tiny": [lambda data: data.change_object(with_box(20.0, 30.0, 22.5, 60.0))],
    "box_whole_image": [each_box((0.0, 0.0, 128.0, 96.0), 4)],
    "box_identical": [each_box((10.0, 10.0, 40.0, 40.0), 4)],
    "duplicate_object": [repeated_object],
    "duplicate_instance": [repeated_instance],
    "unknown_class": [lambda data: data.change_object(lambda label: replace(label, class_id=3))],
    "class_case": [lambda data: setattr(data, "classes", ("ball", "Ball", "Gehäuse"))],
    "class_empty": [few_of(2, 0), lambda data: setattr(data, "classes", (*data.classes, "never"))],
    "class_scarce": [few_of(2, 3)],
    "class_missing_in_split": [missing_in_val],
    "class_imbalance": [many_of_one_class],
    "mask_box_disagree": [shifted_mask],
    "mask_empty": [empty_mask],
    "polygon_outside": [polygon_outside],
    "keypoints_off": [moved_keypoint],
    "mixed_corner_orders": [some_turned],
    "turned_corner_order": [lambda data: data.change_objects(turned)],
    "equal_images": [same_file("train")],
    "equal_images_across_splits": [same_file("val")],
    "near_duplicates": [like_file("train")],
    "near_duplicates_across_splits": [like_file("val")],
    "group_across_splits": [shared_group],
}
CASES = [pytest.param(code, change, id=f"{code}-{i}") for code, all_ in BREAKS.items() for i, change in enumerate(all_)]


@pytest.mark.parametrize(("code", "change"), CASES)
def test_a_fault_is_found_and_nothing_else(code, change, tmp_path):
    data = sound()
    change(data)
    found = examine(data.write(tmp_path), QUIETLY)
    assert set(codes(found)) == {code}


def test_a_split_made_of_others_is_left_out():
    names = {"train": "abc", "val": "de", "trainval": "abcde", "test": "fg", "few": "a"}
    images = {split: frozenset(Path(letter) for letter in letters) for split, letters in names.items()}
    assert independent_splits(images) == ("train", "val", "test", "few")
    assert independent_splits({"a": images["train"], "b": images["train"]}) == ("a", "b")
    assert independent_splits({"none": frozenset(), **images})[:2] == ("none", "train")


def test_quick_finds_what_headers_and_labels_say(tmp_path):
    data = sound()
    wrong_size(data)
    truncated(data)
    black(data)
    found = examine(data.write(tmp_path), Looking(is_quick=True, progress=False))
    assert codes(found) == {"wrong_size": 1}


def test_a_thousand_bad_boxes_make_one_finding_with_a_few_examples(tmp_path):
    data = sound()
    data.change_objects(lambda label: replace(label, box=(500.0, 500.0, 600.0, 600.0 + label.box[0]), mask=None))
    finding = examine(data.write(tmp_path), QUIETLY).ledger.findings()[0]
    num_objects = sum(len(sample.objects) for samples in data.samples.values() for sample in samples)
    assert (finding.code, finding.count, len(finding.cases)) == ("box_outside", num_objects, NUM_SHOWN)
