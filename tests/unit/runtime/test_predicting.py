"""An artifact's detections are those worked out on paper, whatever the batch, and need no torch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.images import RgbImage
from meshsight.core.letterbox import PAD_VALUE
from meshsight.records.artifact import Preprocessing
from meshsight.runtime.opening import open_artifact
from meshsight.runtime.preprocessing import to_input

WHITE = np.full((64, 96, 3), 255, np.uint8)


def test_detections_of_an_image_of_the_input_s_size(artifact: Path) -> None:
    (found,) = open_artifact(artifact).predict([WHITE])
    # The second box overlaps the first (IoU 31/33) and is of its class; the fourth scores under the threshold.
    np.testing.assert_array_equal(found.boxes, [[0, 0, 32, 32], [48, 32, 96, 64]])
    np.testing.assert_allclose(found.scores, [1.0, 0.5], rtol=1e-6)
    assert found.class_ids.tolist() == [0, 1]


def test_boxes_come_back_in_original_pixels(artifact: Path) -> None:
    # Twice as large and square: scaled by 1/2 to 64 x 64, so the right third of the input is padding.
    (found,) = open_artifact(artifact).predict([np.full((128, 128, 3), 255, np.uint8)])
    np.testing.assert_array_equal(found.boxes, [[0, 0, 64, 64], [96, 64, 128, 128]])
    brightness = (255 * 2 + PAD_VALUE) / 3 / 255
    np.testing.assert_allclose(found.scores, [brightness, brightness / 2], rtol=1e-6)


def test_many_images_are_the_same_as_one_at_a_time(artifact: Path) -> None:
    rng = np.random.default_rng(3)
    images = [rng.integers(0, 256, (*rng.integers(1, 150, 2), 3), dtype=np.uint8) for _ in range(19)]
    detector = open_artifact(artifact, num_threads=1)
    together = detector.predict(images)
    assert len(together) == len(images)
    for one, image in zip(together, images, strict=True):
        (alone,) = detector.predict([image])
        np.testing.assert_array_equal(one.boxes, alone.boxes)
        np.testing.assert_array_equal(one.scores, alone.scores)
        np.testing.assert_array_equal(one.class_ids, alone.class_ids)


def test_no_images_and_a_black_image_give_nothing(artifact: Path) -> None:
    detector = open_artifact(artifact)
    assert detector.predict([]) == []
    assert len(detector.predict([np.zeros_like(WHITE)])[0].scores) == 0


def test_the_graph_itself_can_be_named(artifact: Path) -> None:
    assert open_artifact(artifact / "model.onnx").classes == ("ball", "cube")


@pytest.mark.parametrize("size_hw", [(64, 96), (1, 1), (7, 500), (300, 20), (64, 95)])
def test_the_input_is_what_the_manifest_says(size_hw: tuple[int, int]) -> None:
    image: RgbImage = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    tensor, (letterbox,) = to_input([image], (64, 96))
    assert tensor.shape == (1, 3, 64, 96)
    height, width = letterbox.resized_hw
    assert height == 64 or width == 96
    assert (tensor[0, :, height:] == Preprocessing().pad_value).all()
    assert (tensor[0, :, :, width:] == Preprocessing().pad_value).all()
    if size_hw == (64, 96):
        np.testing.assert_array_equal(tensor[0].transpose(1, 2, 0), image)


BLOCKED = """
import sys
for name in ("torch", "torchvision", "timm", "onnx", "bpy", "cupy"):
    sys.modules[name] = None
import numpy as np
from pathlib import Path
from meshsight.runtime.opening import open_artifact
found = open_artifact(Path(sys.argv[1])).predict([np.full((64, 96, 3), 255, np.uint8)])[0]
print(found.class_ids.tolist(), found.boxes.tolist())
"""


def test_predicting_imports_no_torch(artifact: Path) -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKED, artifact], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0, 1] [[0.0, 0.0, 32.0, 32.0], [48.0, 32.0, 96.0, 64.0]]"
