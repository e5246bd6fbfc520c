"""`meshsight rerender`: one stored frame drawn again, with other settings of the renderer, under the same labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from meshsight.core.errors import CallError
from meshsight.core.images import write_image
from meshsight.core.masks import decode_mask
from meshsight.datasets.annotate import annotate
from meshsight.datasets.manifest import read_manifest
from meshsight.datasets.run_state import read_recipe_folder
from meshsight.datasets.scenes import read_frame
from meshsight.records.mesh import bounds_of
from meshsight.records.sample import Sample
from meshsight.render.base import open_renderer
from meshsight.specs.base import parse_spec
from meshsight.specs.recipe import apply_overrides
from meshsight.specs.scene import SceneSpec, symmetries_of
from meshsight.workflows.recipe_files import open_library
from meshsight.workflows.show import WRITABLE_SUFFIXES

RENDERER = "renderer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerendered:
    """A frame that was drawn again.

    Attributes:
        path: the picture.
        drawer: what drew it.
        num_objects: labelled objects that are visible.
        num_label_pixels: pixels that the stored masks cover.
        num_changed_pixels: pixels at which the new masks differ from the stored ones.
    """

    path: Path
    drawer: str
    num_objects: int
    num_label_pixels: int
    num_changed_pixels: int


def rerender(
    folder: Path, frame: int, *, out: Path, overrides: Sequence[str] = (), root: Path | None = None
) -> Rerendered:
    """Draws a frame of a generated data set again from its stored scene.

    Args:
        folder: the data set.
        frame: index of the frame.
        out: picture to write, .png or .jpg.
        overrides: `renderer.FIELD=value`, as in `renderer.kind=raycast`.
        root: what the recipe's relative paths start from; None takes the folder that `generate` noted, else the working
            directory.

    Raises:
        CallError: no such frame, another kind of picture, or an override of something else than the renderer.
        DataError: the folder is missing, unfinished or damaged, or was not rendered by us.
        AssetError: a file of the recipe is not there any more.
        RenderError: the renderer cannot start on this machine.
    """
    if out.suffix.lower() not in WRITABLE_SUFFIXES:
        raise CallError(f"{out}: expected a file ending in {' or '.join(WRITABLE_SUFFIXES)}")
    for override in overrides:
        if override.partition("=")[0].partition(".")[0] != RENDERER:
            raise CallError(f"--set {override}: the scene is fixed; only `{RENDERER}.…` can be changed")
    manifest = read_manifest(folder)
    scene, stored = read_frame(folder, manifest, frame)
    spec = parse_spec(SceneSpec, apply_overrides(manifest.spec, overrides), f"{folder}: recipe")
    assets = open_library(spec, root or read_recipe_folder(folder) or Path())
    renderer = open_renderer(spec.renderer, assets)
    try:
        drawn = renderer.render(scene)
    finally:
        renderer.close()
    bounds = {thing.mesh: bounds_of(assets.mesh(thing.mesh)) for thing in scene.objects if thing.class_id is not None}
    sample = annotate(drawn, scene, bounds, stored.image, symmetries_of(spec))
    write_image(out, drawn.rgb)
    before, after = _owners(stored), _owners(sample)
    return Rerendered(
        path=out,
        drawer=f"{spec.renderer.kind}: {renderer.description}",
        num_objects=len(sample.objects),
        num_label_pixels=int(np.count_nonzero(before)),
        num_changed_pixels=int(np.count_nonzero(before != after)),
    )


def _owners(sample: Sample) -> np.ndarray:
    """Returns the instance id of the labelled object at each pixel (h, w), 0 for none."""
    owners = np.zeros(sample.size_hw, dtype=np.int32)
    for label in sample.objects:
        assert label.mask is not None and label.instance_id is not None
        owners[decode_mask(label.mask)] = label.instance_id
    return owners
