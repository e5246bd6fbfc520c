"""Boxes and masks move with the pixels: a coloured shape is drawn, augmented, and its colour's extent is its box."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.images import encode_png
from meshsight.core.masks import encode_mask
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.training.augment import Augmenter
from meshsight.training.images import ImageStore
from meshsight.training.labels import Detail, read_labels
from meshsight.training.sample import TrainingSample

NUM_IMAGES = 6
STILL = AugmentationSpec(hflip=0, scale=(1, 1), colour=None, min_remaining=0, min_side_px=0)
CUT_IS_LOOSE = ("turned", "mosaic", "copy_paste_mosaic")
"""Where an object is cut that is no upright rectangle, the box of what is left is that of its outline, cut."""
CASES = {
    "plain": {"hflip": 0.5, "vflip": 0.5, "scale": (0.5, 1.5), "aspect": 1.3, "translate": 0.2},
    "turned": {"rotate90": 0.5, "rotate_deg": 40, "shear_deg": 8, "scale": (0.6, 1.2)},
    "zoom_out": {"zoom_out": {"probability": 1, "ratio": (1, 2)}},
    "iou_crop": {"iou_crop": {"min_ious": (0.1, 0.3)}, "zoom_out": {}},
    "crop": {"crop": {"probability": 1, "short_sides": (80, 120), "size_px": (50, 90)}},
    "mosaic": {"mosaic": {}, "scale": (0.5, 1.5), "scale_sampling": "uniform", "rotate_deg": 10, "translate": 0.1},
    "jitter": {"scale": (0.1, 2), "scale_sampling": "uniform", "place": "top_left"},
    "copy_paste": {"copy_paste": {"probability": 1, "max_objects": 2}},
    "copy_paste_mosaic": {"copy_paste": {"probability": 1}, "mosaic": {"probability": 0.7}, "scale": (0.7, 1.3)},
}


def colour_of(index: int) -> tuple[int, int, int]:
    """A colour of its own for the one object of each image, far from grey and from each other."""
    return (255 * (index & 1), 255 * (index >> 1 & 1), 255 * (index >> 2 & 1))


def sample_of(root: Path, index: int, is_round: bool) -> Sample:
    """A black image with one object in its own colour; the class is the image's number."""
    rng = np.random.default_rng(index)
    height, width = (int(side) for side in rng.integers(90, 200, 2))
    w, h = (int(side) for side in rng.integers(30, 60, 2))
    x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
    mask = np.zeros((height, width), np.uint8)
    if is_round:
        cv2.ellipse(mask, (x + w // 2, y + h // 2), (w // 2 - 1, h // 3), 30, 0, 360, 1, -1)
    else:
        mask[y : y + h, x : x + w] = 1
    image = np.full((height, width, 3), (90, 90, 90), np.uint8)
    image[mask > 0] = colour_of(index + 1)
    ys, xs = np.nonzero(mask)
    box = (float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
    (root / f"{index}.png").write_bytes(encode_png(image))
    label = ObjectLabel(class_id=index, box=box, mask=encode_mask(mask > 0))
    return Sample(image=f"{index}.png", size_hw=(height, width), objects=(label,), frame=index, group=str(index))


@pytest.fixture(scope="module", params=["square", "round"])
def augmenter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Augmenter:
    root = tmp_path_factory.mktemp(request.param)
    samples = [sample_of(root, index, request.param == "round") for index in range(NUM_IMAGES)]
    dataset = Dataset(
        root=root,
        classes=tuple(f"object {index}" for index in range(NUM_IMAGES)),
        num_samples=NUM_IMAGES,
        samples=lambda: iter(samples),
        name="colours",
        fingerprint=None,
    )
    labels = read_labels([dataset], 0.0, Detail(has_masks=True, has_hulls=True))
    return Augmenter(labels=labels, images=ImageStore(1 << 28), seed=1)


def extent(image: np.ndarray, class_id: int) -> tuple[np.ndarray, int] | None:
    """The box around the pixels that are nearer to a colour than to grey, and how many there are."""
    distance = np.abs(image.astype(int) - colour_of(class_id + 1)).max(axis=2)
    ys, xs = np.nonzero(distance < 80)
    return (np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]), len(xs)) if len(xs) else None


def check(sample: TrainingSample, tolerance: float, is_cut_checked: bool) -> int:
    """Every colour has its box and every box its colour; of objects that occur twice, the box around both."""
    height, width = sample.image.shape[:2]
    boxes = sample.boxes
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= (width, height)).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    checked = 0
    for class_id in range(NUM_IMAGES):
        is_mine = sample.class_ids == class_id
        found, mine = extent(sample.image, class_id), boxes[is_mine]
        if found is None:
            assert len(mine) == 0 or (mine[:, 2:] - mine[:, :2]).min(axis=1).max() < 5, "a box without its pixels"
            continue
        if found[1] > 12:
            assert len(mine) > 0, "pixels without their box"
        if (
            len(mine)
            and (mine[:, 2:] - mine[:, :2]).min() > 5
            and (is_cut_checked or not sample.is_ignored[is_mine].any())
        ):
            union = np.concatenate([mine[:, :2].min(axis=0), mine[:, 2:].max(axis=0)])
            np.testing.assert_allclose(found[0], union, atol=tolerance)
            checked += 1
    return checked


@pytest.mark.parametrize("case", CASES)
def test_every_colour_has_its_box(augmenter: Augmenter, case: str) -> None:
    spec = STILL.evolve(**CASES[case], min_remaining=0.999)
    is_round = augmenter.labels.paths[0].parent.name.startswith("round")
    is_cut_checked = not is_round and case not in CUT_IS_LOOSE
    checked = 0
    for position in range(40):
        sample = augmenter.sample(spec, position, position % NUM_IMAGES, (96, 128))
        assert sample.image.shape == (96, 128, 3)
        # The tips of an ellipse fade where they are thinner than a pixel.
        checked += check(sample, 3.0 if is_round else 1.5, is_cut_checked)
    assert checked >= 8


@pytest.mark.parametrize("case", CASES)
def test_a_sample_depends_on_seed_and_position_alone(augmenter: Augmenter, case: str) -> None:
    spec = STILL.evolve(**CASES[case], mixup={"probability": 0.5})
    first = [augmenter.sample(spec, position, 0, (64, 96)) for position in range(4)]
    other = replace(augmenter, images=ImageStore(0))
    again = [other.sample(spec, position, 0, (64, 96)) for position in reversed(range(4))][::-1]
    for one, two in zip(first, again, strict=True):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b) if isinstance(a, np.ndarray) else None
    assert not np.array_equal(first[0].image, first[1].image) or case == "iou_crop"


@given(seed=st.integers(0, 10**6))
@settings(max_examples=25, derandomize=True, deadline=None)
def test_mixup_is_the_weighted_sum_with_the_objects_of_both(augmenter: Augmenter, seed: int) -> None:
    """Where the second image is grey padding, the first one is seen through at its own weight."""
    base = augmenter.sample(STILL, seed, 0, (96, 128))
    mixed = augmenter.sample(STILL.evolve(mixup={"share": 0.25, "hflip": 0}), seed, 0, (96, 128))
    assert mixed.class_ids[0] == 0
    np.testing.assert_array_equal(mixed.boxes[0], base.boxes[0])
    assert mixed.counts.asked + mixed.counts.outside == 2
    second = (mixed.image.astype(float) - 0.75 * base.image) / 0.25
    assert second.min() > -4
    assert second.max() < 259
    if len(mixed.class_ids) == 2 and mixed.class_ids[1] != 0:
        found = extent(np.clip(second, 0, 255), int(mixed.class_ids[1]))
        assert found is not None
        np.testing.assert_allclose(found[0], mixed.boxes[1], atol=2.0)


def test_what_is_pasted_over_hides_what_lies_below(augmenter: Augmenter) -> None:
    """Of hidden objects the boxes shrink to what is left, and the counts still add up."""
    spec = STILL.evolve(copy_paste={"probability": 1, "max_objects": 1, "scale": (2.0, 3.0)}, min_remaining=0.6)
    shrunk = 0
    for position in range(60):
        index = position % NUM_IMAGES
        before = augmenter.sample(STILL, position, index, (128, 128))
        after = augmenter.sample(spec, position, index, (128, 128))
        counts = after.counts
        assert counts.asked + counts.cut + counts.outside == 2
        mine = after.boxes[after.class_ids == index]
        if len(mine) == 1:
            shrunk += bool(
                np.prod(mine[0, 2:] - mine[0, :2]) < 0.95 * np.prod(before.boxes[0, 2:] - before.boxes[0, :2])
            )
    assert shrunk > 3


def test_masks_keep_turned_boxes_tight(augmenter: Augmenter) -> None:
    loose = replace(augmenter, labels=replace(augmenter.labels, hulls=None))
    spec = STILL.evolve(rotate_deg=60, scale=(0.6, 0.6))
    sides = [
        np.mean(
            [np.ptp(each.sample(spec, p, p % NUM_IMAGES, (128, 128)).boxes.reshape(-1, 2), axis=0) for p in range(24)]
        )
        for each in (augmenter, loose)
    ]
    assert sides[0] <= sides[1] + 1e-6


def test_the_plain_end_only_fits_flips_and_colours() -> None:
    spec = AugmentationSpec(mosaic={}, mixup={}, copy_paste={}, rotate_deg=10, scale=(0.1, 2), plain_end=0.1)
    assert spec.plain == AugmentationSpec(scale=(1, 1), plain_end=0.1)
