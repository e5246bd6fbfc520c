"""Patches cut from drawn discs: what they show is found again in their pixels, and what they are called by counting."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from meshsight.core.errors import SpecError
from meshsight.core.masks import encode_mask
from meshsight.datasets.patches.colour import in_colours
from meshsight.datasets.patches.cutting import cut_patches
from meshsight.datasets.patches.things import decide, pixels_in, things_of
from meshsight.records.sample import ObjectLabel, PixelCounts, Sample
from meshsight.specs.base import parse_spec
from meshsight.specs.patch_making import PatchMakeSpec

NAMES = ("ball", "robot")


def disc_image(circles: list[tuple[float, float, float]], size_hw: tuple[int, int] = (120, 160)) -> np.ndarray:
    y, x = np.mgrid[: size_hw[0], : size_hw[1]] + 0.5
    image = np.full((*size_hw, 3), 60, np.uint8)
    for radius, cx, cy in circles:
        image[np.hypot(x - cx, y - cy) <= radius] = 220
    return image


def sample_of(circles: list[tuple[float, float, float]], class_ids: list[int], visible: float = 1.0) -> Sample:
    objects = tuple(
        ObjectLabel(
            class_id=class_id,
            box=(x - r, y - r, x + r, y + r),
            full_box=(x - r, y - r, x + r, y + r),
            pixels=PixelCounts(full=1000, inside=1000, visible=round(1000 * visible)),
        )
        for (r, x, y), class_id in zip(circles, class_ids, strict=True)
    )
    return Sample(image="a.png", size_hw=(120, 160), objects=objects, frame=3, group="g")


@pytest.mark.parametrize("border", [0.0, 0.2])
def test_the_circle_of_a_patch_surrounds_the_disc_in_its_pixels(border: float) -> None:
    circles = [(14.0, 50.0, 60.0)]
    spec = PatchMakeSpec(size_hw=(64, 64), border=border, proposals={"per_object": 40}, outside=60)
    cut = cut_patches(disc_image(circles), sample_of(circles, [0]), NAMES, spec)
    rows = np.flatnonzero(cut.labels == 1)
    assert len(rows) == 40
    y, x = (np.mgrid[:64, :64] + 0.5) / 64
    for row in rows:
        radius, cx, cy = cut.circles[row]
        bright = cut.pixels[row, :, :, 0] > 140
        inside = np.hypot(x - cx, y - cy) <= radius
        assert (bright & inside).sum() / (bright | inside).sum() > 0.9
    sides = 28 / (2 * cut.circles[rows, 0]) / 28 * 28
    assert sides.min() >= 28 * 1.05 * (1 + 2 * border) - 1 and sides.max() <= 28 * 2.2 * (1 + 2 * border) + 1


def test_places_say_where_the_patch_was_cut() -> None:
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    circles = [(12.0, 70.0, 50.0)]
    spec = PatchMakeSpec(colour="rgb", resample="nearest", size_hw=(24, 24))
    cut = cut_patches(image, sample_of(circles, [0]), NAMES, spec)
    for (x1, y1, x2, y2), patch in zip(cut.corners.tolist(), cut.pixels, strict=True):
        if min(x1, y1) < 0 or x2 > 160 or y2 > 120:
            continue
        columns = np.minimum(((np.arange(24)) * (x2 - x1) / 24).astype(int), x2 - x1 - 1)
        np.testing.assert_array_equal(patch, image[y1:y2, x1:x2][columns[:, None], columns[None]])


def test_what_a_square_shows_is_decided_by_shares() -> None:
    circles = [(10.0, 40.0, 40.0), (10.0, 100.0, 40.0)]
    spec = PatchMakeSpec(classes={"ball": 0.5, "robot": 0.4}, background_below=0.15)
    things = things_of(sample_of(circles, [0, 1]), NAMES, spec)
    squares = np.array(
        [[30, 30, 50, 50], [41, 30, 61, 50], [45, 30, 65, 50], [49, 30, 69, 50], [30, 20, 112, 102], [98, 30, 118, 50]]
    )
    np.testing.assert_allclose(pixels_in(things, squares)[:, 0] / 400, [1, 0.45, 0.25, 0.05, 1, 0])
    objects, is_sure = decide(things, squares, spec)
    assert objects.tolist()[0] == 0 and objects.tolist()[5] == 1
    assert is_sure.tolist() == [
        True,
        False,
        False,
        True,
        False,
        True,
    ]  # half a ball, a quarter, and both classes at once


def test_hidden_balls_get_no_patches_and_nothing_near_them_counts_as_empty() -> None:
    circles = [(14.0, 50.0, 60.0)]
    spec = PatchMakeSpec(negatives={"near": 8.0})
    cut = cut_patches(disc_image(circles), sample_of(circles, [0], visible=0.1), NAMES, spec)
    assert not cut.labels.any()
    things = things_of(sample_of(circles, [0]), NAMES, spec)
    assert (pixels_in(things, cut.corners) / things.areas < spec.background_below).all()


def test_only_what_can_be_seen_of_a_ball_counts() -> None:
    """The left half of the ball is hidden, and a square within a large ball shows neither ball nor nothing."""
    y, x = np.mgrid[:120, :160] + 0.5
    seen = (np.hypot(x - 60, y - 60) <= 40) & (x >= 60)
    label = ObjectLabel(
        class_id=0, box=(60.0, 20.0, 100.0, 100.0), full_box=(20.0, 20.0, 100.0, 100.0), mask=encode_mask(seen)
    )
    counts = PixelCounts(full=2 * int(seen.sum()), inside=2 * int(seen.sum()), visible=int(seen.sum()))
    sample = Sample(image="a.png", size_hw=(120, 160), objects=(replace(label, pixels=counts),), frame=0, group="g")
    things = things_of(sample, NAMES, PatchMakeSpec())
    squares = np.array([[20, 20, 100, 100], [20, 20, 60, 100], [50, 20, 80, 100], [64, 54, 76, 66]])
    shares = pixels_in(things, squares)[:, 0] / things.areas
    np.testing.assert_allclose(shares, [0.5, 0.0, 0.5 * 0.609, 144 / counts.full], atol=0.01)
    objects, is_sure = decide(things, squares, PatchMakeSpec())
    assert objects.tolist() == [0, -1, -1, -1] and is_sure.tolist() == [True, True, False, False]
    assert decide(things, squares, PatchMakeSpec(covered_below=1.0))[1].tolist() == [True, True, False, False]
    hidden_without_mask = things_of(sample_of([(40.0, 60.0, 60.0)], [0]), NAMES, PatchMakeSpec())
    assert decide(hidden_without_mask, squares[1:2], PatchMakeSpec())[0].tolist() == [0]  # the box cannot tell


def test_an_image_gives_the_same_patches_whatever_comes_before_it() -> None:
    circles = [(14.0, 50.0, 60.0)]
    image, sample, spec = disc_image(circles), sample_of(circles, [0]), PatchMakeSpec()
    first, second = (cut_patches(image, sample, NAMES, spec) for _ in range(2))
    np.testing.assert_array_equal(first.pixels, second.pixels)
    other = cut_patches(image, sample, NAMES, spec.evolve(seed=1))
    assert other.pixels.shape != first.pixels.shape or (other.pixels != first.pixels).any()


def test_colours_are_those_of_the_libraries_and_of_their_formulas() -> None:
    image = np.random.default_rng(1).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    red, green, blue = (image[..., channel].astype(float) for channel in range(3))
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    for name in ("gray", "y_cv2", "y_pil"):
        assert np.abs(in_colours(image, name)[..., 0] - y).max() <= 1
    for name, u_gain, v_gain in (("yuv422_cv2", 0.492, 0.877), ("yuv422_pil", 0.564, 0.713)):
        found = in_colours(image, name).astype(float)
        u, v = np.clip(u_gain * (blue - y) + 128, 0, 255), np.clip(v_gain * (red - y) + 128, 0, 255)
        assert np.abs(found[:, 0::2, 1] - (u[:, 0::2] + u[:, 1::2]) / 2).max() <= 1.5
        assert np.abs(found[:, 1::2, 1] - (v[:, 0::2] + v[:, 1::2]) / 2).max() <= 1.5
    np.testing.assert_array_equal(
        in_colours(image, "y_pil")[..., 0], np.asarray(Image.fromarray(image).convert("YCbCr"))[..., 0]
    )
    np.testing.assert_array_equal(in_colours(image, "rgb"), image)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"colour": "yuv422_cv2", "size_hw": [16, 15]}, "a width of 15 is odd"),
        ({"split": {"train": 0.7, "test": 0.2}}, "sum to 0.9 instead of 1"),
        ({"proposals": {"scale": [2, 1]}}, "low <= high"),
        ({"classes": {}}, "at least one class"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(data: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_spec(PatchMakeSpec, data, "recipe")
