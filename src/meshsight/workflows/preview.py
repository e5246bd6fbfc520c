"""`preview`: a picture of what a recipe would generate, with the labels drawn."""

import logging
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from meshsight.core.errors import CallError
from meshsight.core.images import RgbImage
from meshsight.specs.scene import SceneSpec, classes_of
from meshsight.workflows.frames import FrameMaker
from meshsight.workflows.show import GRID_SIDE, WRITABLE_SUFFIXES, Looks, draw_labels, write_grid

GRID_LOOKS = Looks(side=GRID_SIDE)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """What `preview` has drawn.

    Attributes:
        path: the grid.
        num_frames, num_objects: how many are in it.
        drawer: what drew them, such as the name that OpenGL gives its renderer.
    """

    path: Path
    num_frames: int
    num_objects: int
    drawer: str


def preview(spec: SceneSpec, root: Path, *, out: Path, count: int = 16, looks: Looks = GRID_LOOKS) -> Previewed:
    """Draws the first frames of a recipe as `generate` would, as one grid.

    Args:
        spec: the recipe.
        root: what its relative paths are relative to.
        out: a .png or .jpg file.
        count: how many frames.
        looks: what is drawn of each label.

    Raises:
        SynthesisError, AssetError, RenderError: as `generate`.
        CallError: no frame is asked for, or `out` is no .png or .jpg.
    """
    if count < 1:
        raise CallError(f"--count {count}: expected 1 or more")
    if out.suffix.lower() not in WRITABLE_SUFFIXES:
        raise CallError(f"{out}: expected a file ending in {' or '.join(WRITABLE_SUFFIXES)}")
    classes = classes_of(spec)
    pictures: list[RgbImage] = []
    num_objects = 0
    is_off = None if log.isEnabledFor(logging.INFO) else True
    with FrameMaker(spec, root) as maker:
        drawer = maker.drawer
        for index in tqdm(range(count), desc="preview", unit="frame", disable=is_off):
            made = maker.make(index)
            pictures.append(draw_labels(made.frame.rgb, made.sample, classes, looks))
            num_objects += len(made.sample.objects)
    write_grid(out, pictures)
    log.info("%d frames with %d objects in %s, drawn by %s", count, num_objects, out, drawer)
    return Previewed(path=out, num_frames=count, num_objects=num_objects, drawer=drawer)
