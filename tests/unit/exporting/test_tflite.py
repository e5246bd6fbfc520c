"""TFLite in five precisions: float32 says what torch says, the others say what they cost, and LiteRT runs them all."""

import importlib
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from meshsight.core.errors import MissingExtraError
from meshsight.exporting.kinds import PATCH_EXPORTER_KINDS
from meshsight.exporting.patches.comparing import PatchesToCompare
from meshsight.exporting.patches.export import export_patches
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.families import classifier, early_exit, joint
from meshsight.models.patch.spec import PatchSpec
from meshsight.records.artifact import Fingerprints
from meshsight.training.patches.model import TorchPatchModel

COUNT = 60
MOST_OFF_PX = 0.3
has_litert = importlib.util.find_spec("litert_torch") is not None


@pytest.mark.skipif(has_litert, reason="LiteRT is installed")
def test_without_litert_the_extra_is_named() -> None:
    with pytest.raises(
        MissingExtraError, match=r"'tflite' needs the package '.+', .* pip install 'meshsight\[litert\]'"
    ):
        PATCH_EXPORTER_KINDS.builder("tflite")


@pytest.mark.skipif(not has_litert, reason="LiteRT is not installed (extra litert, in an environment of its own)")
@pytest.mark.filterwarnings("ignore")  # what it imports warns in many voices
@pytest.mark.parametrize(
    "spec", [classifier.Spec(), joint.Spec(channels=2), early_exit.Spec(has_position=True)], ids=lambda spec: spec.kind
)
def test_five_precisions(spec: PatchSpec, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = TorchPatchModel(build_patch_net(spec), "ball", None, torch.device("cpu"))
    rng = np.random.default_rng(0)
    contrast = np.where(np.arange(COUNT) % 6, 0.15, 1.0)[:, None, None, None]  # ranges must come from the strongest
    pixels = (rng.integers(0, 256, (COUNT, 16, 16, spec.channels)) * contrast).astype(np.uint8)
    places = rng.random((COUNT, 4), np.float32) if spec.has_position else None
    expected = model.look(pixels, places)
    patches = PatchesToCompare(pixels=pixels, places=places, measure=lambda _: {"f1": 1.0})
    fingerprints = Fingerprints(recipe="r", weights="w")
    manifest = export_patches(PATCH_EXPORTER_KINDS.module("tflite").Spec(), model, patches, fingerprints, tmp_path)
    assert list(manifest.flavours) == ["float32", "float16", "int8_weights", "int8_float_ends", "int8"]
    assert manifest.model == "model_float32.tflite" and (manifest.parity.max_score or 0) < 1e-5
    for name, flavour in manifest.flavours.items():
        assert 0 < flavour.size_bytes == (tmp_path / flavour.file).stat().st_size
        found = litert_scores(tmp_path / flavour.file, pixels, places)
        off = float(np.abs(found - expected.scores).max())
        assert off == pytest.approx(flavour.parity.max_score, abs=1e-6)
        assert off < {"float32": 1e-5, "float16": 1e-2}.get(name, 0.1)
    if manifest.parity.max_circle_px is not None and spec.kind != "early_exit":  # whose circles vanish at its threshold
        assert (manifest.flavours["int8"].parity.max_circle_px or 0) < MOST_OFF_PX
    assert manifest.flavours["float16"].parity.max_score < manifest.flavours["int8"].parity.max_score
    assert [flavour.input for flavour in manifest.flavours.values()] == [*["float32"] * 4, "int8"]
    assert set(manifest.flavours["int8"].float_operations) <= {"GREATER_EQUAL"}  # that of an early exit


def litert_scores(path: Path, pixels: np.ndarray, places: np.ndarray | None) -> np.ndarray:
    """Asks LiteRT, by nothing but its own interface."""
    interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    inputs = {detail["name"]: detail for detail in interpreter.get_input_details()}
    score = next(detail for detail in interpreter.get_output_details() if "output_0" in detail["name"])
    found: list[float] = []
    for row in range(len(pixels)):
        for name, detail in inputs.items():
            value = pixels[row : row + 1].astype(np.float32) if "args_0" in name else places[row : row + 1]
            if detail["dtype"] != np.float32:
                scale, zero = detail["quantization"]
                value = np.clip(np.round(value / scale) + zero, -128, 127).astype(detail["dtype"])
            interpreter.set_tensor(detail["index"], value)
        interpreter.invoke()
        answer = interpreter.get_tensor(score["index"]).ravel()[0]
        scale, zero = score["quantization"] if score["dtype"] != np.float32 else (1.0, 0)
        found.append((float(answer) - zero) * scale)
    return np.array(found)
