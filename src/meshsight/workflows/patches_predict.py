"""`predict` of a patch network: what it says of each patch, as JSON and as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from meshsight.core.errors import CallError, DataError
from meshsight.core.files import write_bytes, write_json
from meshsight.core.images import encode_png
from meshsight.datasets.patches.arrays import decode_patch, in_words
from meshsight.plotting.patch_sheet import PatchRow, draw_sheet
from meshsight.records.patches import Pixels, Places
from meshsight.workflows.patch_models import open_patch_model, open_patches

NUM_SHOWN = 96
PICTURES = (".png", ".jpg", ".jpeg", ".bmp")


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchesPredicted:
    """What was said of patches.

    Attributes:
        predictions: the file with it.
        picture: some of the balls.
        num_patches: that were looked at.
        num_balls: those that count as a ball; all of them for a network that only locates.
    """

    predictions: Path
    picture: Path
    num_patches: int
    num_balls: int


def predict_patches(target: Path, sources: Sequence[str], *, out: Path, device: str = "auto") -> PatchesPredicted:
    """Looks at patches.

    Args:
        target: a run, or an exported graph.
        sources: picture files of the network's size, or sets of patches.
        out: folder for `predictions.json` and a picture.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        ArtifactError: there is no such network.
        CallError: the network needs to be told places, which picture files do not say.
        DataError: a patch is bad, or of another size or colour mode.
    """
    model = open_patch_model(target, device)
    signature = model.signature
    pictures = [Path(source) for source in sources if Path(source).suffix.lower() in PICTURES]
    names: list[str] = []
    pixels: list[Pixels] = []
    places: list[Places] = []
    if pictures and signature.has_position:
        raise CallError("picture files do not say where they were cut, which this network is told; give a set in HDF5")
    for path in pictures:
        patch = decode_patch(path)
        if patch.shape != (*signature.input_hw, signature.channels):
            expected = in_words((*signature.input_hw, signature.channels))
            raise DataError(f"{path}: {in_words(patch.shape)}; the network takes {expected}")
        pixels.append(patch[None])
        names.append(str(path))
    for source in (one for one in sources if Path(one) not in pictures):
        patches = open_patches(source, signature)
        pixels.append(patches.pixels)
        names += patches.names
        if patches.places is not None:
            places.append(patches.places)
    together = np.concatenate(pixels)
    guesses = model.look(together, np.concatenate(places) if signature.has_position else None)
    is_ball = np.ones(len(together), dtype=bool)
    if guesses.scores is not None:
        is_ball = guesses.scores >= (0.5 if signature.threshold is None else signature.threshold)
    rows = [
        {
            "patch": name,
            "is_ball": bool(is_ball[row]),
            "score": None if guesses.scores is None else float(guesses.scores[row]),
            "radius_px": None if guesses.circles is None else float(guesses.circles[row, 0]),
            "centre_px": None if guesses.circles is None else guesses.circles[row, 1:].tolist(),
        }
        for row, name in enumerate(names)
    ]
    result = PatchesPredicted(
        predictions=out / "predictions.json",
        picture=out / "balls.png",
        num_patches=len(rows),
        num_balls=int(is_ball.sum()),
    )
    write_json(result.predictions, {"threshold": signature.threshold, "patches": rows})
    balls = np.flatnonzero(is_ball)[:NUM_SHOWN]
    height, width = signature.input_hw
    circles = None if guesses.circles is None else guesses.circles[balls].astype(float) / (width, width, height)
    sheet = draw_sheet([PatchRow(title=f"{result.num_balls} balls", pixels=together[balls], found=circles)])
    write_bytes(result.picture, encode_png(sheet))
    return result
