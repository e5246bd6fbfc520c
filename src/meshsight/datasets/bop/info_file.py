"""`dataset_info.md`: what BOP leaves to each data set to say."""

from pathlib import Path

from meshsight.core.files import write_text

_TEXT = """# About this data set
Written by meshsight in the layout of BOP (bop_toolkit, docs/bop_datasets_format.md).

* Lengths are millimetres. Pixel centres have whole coordinates, as in OpenCV: a centred `cx` is (width - 1) / 2.
* The origin of a model is the centre of its 3-D box.
* Pixel counts and masks are exact, from passes over object ids. `px_count_all` is counted on a canvas three images wide
  and high, `px_count_valid` are the pixels within the image, and `visib_fract` is `px_count_visib / px_count_all`.
* Boxes are x, y, last index - first index, as bop_toolkit computes them.
* There are no depth images; `depth_scale` is 1.

Names beyond BOP's: `group` in `scene_camera` (images of one scene share it) and `distortion` (the lens's k1, k2, p1, p2
and k3, where it bends the picture), `px_count_inside` in `scene_gt_info`,
`mesh`, `mesh_scale` and `mesh_origin` in `models_info` (the mesh a model was made from, the factor on its vertices, and
where the model's origin lies in the scaled mesh's own frame), and `classes.json` (names of the object ids).
"""


def write_info(folder: Path) -> None:
    """Writes the file.

    Raises:
        StorageError: it cannot be written.
    """
    write_text(folder / "dataset_info.md", _TEXT)
