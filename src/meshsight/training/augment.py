"""Step 5 of the walk for one image: what the recipe may do to it, as a function of (seed, position)."""

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from meshsight.core.letterbox import PAD_VALUE
from meshsight.core.rng import stream
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.specs.mixing import CopyPasteSpec, MixupSpec
from meshsight.training.colour import draw_colour, recolour
from meshsight.training.copy_paste import draw_pieces, paste
from meshsight.training.geometry import (
    SHRINKS_BELOW,
    Placement,
    after,
    draw_placement,
    draw_turn,
    fit,
    fit_middle,
    judge_boxes,
    warp_image,
)
from meshsight.training.images import ImageStore, reduction_for
from meshsight.training.labels import LabelTable
from meshsight.training.mosaic import NUM_TILES, compose_mosaic, draw_centre
from meshsight.training.picture import Affine, Picture, crop, cut, join, move
from meshsight.training.sample import BoxCounts, TrainingSample
from meshsight.training.view import Stream, View, draw_view


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Augmenter:
    """Makes training samples of labelled images.

    Attributes:
        labels: images and boxes; masks and hulls where the recipe needs them.
        images: reads them.
        seed: of the run.
    """

    labels: LabelTable
    images: ImageStore
    seed: int

    def sample(self, spec: AugmentationSpec, position: int, index: int, input_hw: tuple[int, int]) -> TrainingSample:
        """Makes the sample at one position of the run's sequence.

        Args:
            spec: what may happen.
            position: names the random streams.
            index: of the image.
            input_hw: height and width that are wanted.

        Raises:
            ImageError: an image is missing or truncated.
        """
        streams = partial(stream, self.seed, position)
        rng = streams("augment")
        placement = draw_placement(spec, input_hw, rng)
        turn = None if spec.is_affine_upright else draw_turn(spec, input_hw, streams("turn"))
        picture = self._base(spec, placement, turn, index, input_hw, streams)
        if spec.mixup is not None:
            picture = self._mixed(spec, spec.mixup, picture, index, streams("mixup"))
        image = picture.image
        if spec.colour is not None:
            image = recolour(draw_colour(spec.colour, rng), image)
        return finish(spec, replace(picture, image=image))

    def _base(
        self,
        spec: AugmentationSpec,
        placement: Placement,
        turn: Affine | None,
        index: int,
        input_hw: tuple[int, int],
        streams: Stream,
    ) -> Picture:
        """The picture at the size of the input, with everything done to it but mixup and colour."""
        rng = streams("mosaic")
        if spec.mosaic is not None and rng.random() < spec.mosaic.probability:
            factor = placement.zoom if placement.zoom < SHRINKS_BELOW else 1.0
            picture = self._mosaic(spec, factor, index, input_hw, streams, rng)
            affine = fit_middle(placement._replace(zoom=placement.zoom / factor), picture.size_hw, input_hw)
        else:
            picture = self._viewed(spec, index, input_hw, streams)
            affine = fit(spec, placement, picture.size_hw, input_hw)
        return warp(picture, affine if turn is None else after(affine, turn), input_hw)

    def _viewed(self, spec: AugmentationSpec, index: int, input_hw: tuple[int, int], streams: Stream) -> "Picture":
        picture = self._pasted(spec, index, self._reduction(spec, index, input_hw), streams)
        view = draw_view(spec, picture.size_hw, picture.boxes, streams)
        return look(picture, view)

    def _mosaic(
        self,
        spec: AugmentationSpec,
        factor: float,
        index: int,
        input_hw: tuple[int, int],
        streams: Stream,
        rng: np.random.Generator,
    ) -> Picture:
        assert spec.mosaic is not None
        centre = draw_centre(spec.mosaic, input_hw, rng)
        others = self._partners(index, NUM_TILES - 1, rng)
        reduction = self._reduction(spec, index, input_hw)
        tiles = [self._pasted(spec, index, reduction, streams)]
        tiles += [self._load(other, self._reduction(spec, other, input_hw)) for other in others]
        return compose_mosaic(tiles, centre, input_hw, factor)

    def _mixed(
        self, spec: AugmentationSpec, mixup: MixupSpec, picture: Picture, index: int, rng: np.random.Generator
    ) -> Picture:
        if rng.random() >= mixup.probability:
            return picture
        (other,) = self._partners(index, 1, rng)
        zoom, is_mirrored, place = rng.uniform(*mixup.scale), rng.random() < mixup.hflip, rng.random(2)
        placement = Placement(0, np.array([is_mirrored, False]), zoom, 1.0, place, np.zeros(2))
        second = self._load(other, reduction_for(self._fitting(other, picture.size_hw) * mixup.scale[1]))
        second = warp(second, fit(spec, placement, second.size_hw, picture.size_hw), picture.size_hw)
        blended = cv2.addWeighted(picture.image, 1 - mixup.share, second.image, mixup.share, 0)
        return join(blended, [picture, second])

    def _pasted(self, spec: AugmentationSpec, index: int, reduction: int, streams: Stream) -> Picture:
        if spec.copy_paste is None:
            return self._load(index, reduction)
        rng = streams("copy_paste")
        if rng.random() >= spec.copy_paste.probability:
            return self._load(index, reduction)
        return self._with_pieces(spec.copy_paste, index, rng)

    def _with_pieces(self, spec: CopyPasteSpec, index: int, rng: np.random.Generator) -> Picture:
        (other,) = self._partners(index, 1, rng)
        picture, donor = self._load(index, 1), self._load(other, 1)
        pieces = draw_pieces(spec, donor, self.labels.image_masks(other), picture.size_hw, rng)
        return paste(picture, self.labels.image_masks(index), pieces) if pieces else picture

    def _load(self, index: int, reduction: int) -> Picture:
        """Reads an image with its objects, in the pixels of the reduced decode."""
        image = self.images.load(self.labels.paths[index], reduction)
        rows, stored_hw = self.labels.rows(index), self.labels.image_hw(index)
        factor = np.array([image.shape[1] / stored_hw[1], image.shape[0] / stored_hw[0]])
        return Picture(
            image=image,
            outlines=self.labels.outlines(index) * factor,
            class_ids=self.labels.class_ids[rows],
            is_ignored=self.labels.is_ignored[rows],
            share=np.ones(rows.stop - rows.start),
        )

    def _partners(self, index: int, count: int, rng: np.random.Generator) -> list[int]:
        """Draws other images of the same source, so that shares of sources stay what they are."""
        source = self.labels.source_ids[index]
        first, last = np.searchsorted(self.labels.source_ids, [source, source + 1])
        return rng.integers(first, last, size=count).tolist()

    def _fitting(self, index: int, input_hw: tuple[int, int]) -> float:
        height, width = self.labels.image_hw(index)
        return min(input_hw[0] / height, input_hw[1] / width)

    def _reduction(self, spec: AugmentationSpec, index: int, input_hw: tuple[int, int]) -> int:
        """The reduced decode that still gives the largest augmented scale its pixels."""
        if spec.crop is not None or spec.iou_crop is not None:
            return 1
        return reduction_for(self._fitting(index, input_hw) * spec.largest_scale * spec.aspect**0.5)


def look(picture: Picture, view: View) -> Picture:
    """Restricts a picture to a view; where the view is larger, the grey comes with the warp."""
    height, width = picture.size_hw
    if (view == (0, 0, width, height)).all():
        return picture
    inside = np.array([*np.maximum(view[:2], 0), *np.minimum(view[2:], (width, height))], dtype=np.int64)
    if (inside[2:] <= inside[:2]).any():
        return picture
    part = crop(picture, inside)
    if (inside == view).all():
        return part
    image = np.full((*(view[2:] - view[:2])[::-1], 3), PAD_VALUE, dtype=np.uint8)
    x, y = inside[:2] - view[:2]
    image[y : y + part.size_hw[0], x : x + part.size_hw[1]] = part.image
    return replace(part, image=image, outlines=part.outlines + np.array([x, y]))


def warp(picture: Picture, affine: Affine, input_hw: tuple[int, int]) -> Picture:
    """Maps a picture into the input, objects and pixels alike, and cuts the objects to it."""
    image = warp_image(picture.image, affine, input_hw)
    moved = replace(picture, image=image, outlines=move(picture.outlines, affine))
    return cut(moved, np.array([0, 0, input_hw[1], input_hw[0]], dtype=np.float64))


def finish(spec: AugmentationSpec, picture: Picture) -> TrainingSample:
    """Turns a picture at the size of the input into a sample, and counts what became of its objects."""
    judged = judge_boxes(spec, picture.boxes, picture.share)
    was_ignored, inside = picture.is_ignored, ~judged.is_outside
    is_ignored = was_ignored | judged.is_cut | judged.is_tiny
    counts = BoxCounts(
        asked=int((inside & ~is_ignored).sum()),
        ignored=int((inside & was_ignored).sum()),
        cut=int((judged.is_cut & ~was_ignored).sum()),
        tiny=int((judged.is_tiny & ~was_ignored).sum()),
        outside=int(judged.is_outside.sum()),
    )
    return TrainingSample(
        image=picture.image,
        boxes=judged.boxes[inside].astype(np.float32),
        class_ids=picture.class_ids[inside],
        is_ignored=is_ignored[inside],
        counts=counts,
    )
