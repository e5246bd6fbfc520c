"""What holds of every renderer's picture, with a lens and without: it is where the label is."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from meshsight.records.frame import Frame
from meshsight.records.scene import Scene
from meshsight.render.base import Renderer

from .handmade import BLACK

LEAST_PIXELS = 200
LEAST_OBJECTS = 4


def shown_alone(scene: Scene, instance_id: int) -> Scene:
    """One object in flat white, all else in flat black before black: the picture is how much of a pixel it covers."""
    objects = tuple(
        replace(each, material=replace(each.material, emissive=(float(each.instance_id == instance_id),) * 3))
        for each in scene.objects
    )
    return replace(scene, objects=objects, ground=None, background=BLACK)


def large_objects(renderer: Renderer, scene: Scene) -> Iterator[tuple[np.ndarray, Frame]]:
    """Yields the mask of every object that is large enough to say something, and its own frame."""
    num_large = 0
    for item in scene.objects:
        frame = renderer.render(shown_alone(scene, item.instance_id))
        label = frame.instance_id == item.instance_id
        if label.sum() > LEAST_PIXELS:
            num_large += 1
            yield label, frame
    assert num_large >= LEAST_OBJECTS


def assert_picture_covers_label(renderer: Renderer, scene: Scene, within_px: float = 0.1) -> None:
    """Through the colour path, antialiased: covered pixels are labelled, labelled ones covered, centroids agree."""
    for label, frame in large_objects(renderer, scene):
        cover = frame.rgb[..., 1] / 255
        picture = (cover == 1) | (label & (cover > 0))
        assert (picture & label).sum() / (picture | label).sum() >= 0.99
        assert abs(cover.sum() - label.sum()) <= 0.02 * label.sum()
        for place in np.mgrid[: label.shape[0], : label.shape[1]]:
            assert abs((place * cover).sum() / cover.sum() - place[label].mean()) <= within_px


def assert_sharp_picture_is_label(renderer: Renderer, scene: Scene, least_iou: float) -> None:
    """Through the colour path with one sample a pixel: at half brightness, the very pixels of the mask."""
    for label, frame in large_objects(renderer, scene):
        picture = frame.rgb[..., 1] >= 128
        assert (picture & label).sum() / (picture | label).sum() >= least_iou
        for place in np.mgrid[: label.shape[0], : label.shape[1]]:
            assert abs(place[picture].mean() - place[label].mean()) <= 0.1
