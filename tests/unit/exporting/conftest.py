"""A small detector that has something to say, and images for it."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import nn

from meshsight.core.images import RgbImage
from meshsight.models.build import build_detector
from meshsight.models.detectors.dense import Spec
from meshsight.training.predictor import TorchDetector

INPUT_HW = (96, 128)
CLASSES = ("ball", "cube", "cone")


@pytest.fixture(scope="package")
def detector() -> TorchDetector:
    """Untrained, but sure of many things: its last weights are wide and its norms have seen an image."""
    torch.manual_seed(0)
    spec = Spec.model_validate({"kind": "dense", "backbone": "tiny", "neck": "fpn", "head": "aligned"})
    network = build_detector(spec, len(CLASSES), is_pretrained=False)
    with torch.no_grad():
        for level in network.head.levels:
            level.class_out.weight.normal_(std=0.5)
            level.class_out.bias.zero_()
            level.box_out.weight.normal_(std=0.2)
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.momentum = None  # the statistics become those of the image
        network.train()(255 * torch.rand(2, 3, *INPUT_HW))
    return TorchDetector(network, CLASSES, INPUT_HW, torch.device("cpu"))


@pytest.fixture(scope="package")
def frames() -> Sequence[RgbImage]:
    """Images of three sizes: smaller than the input, larger, and of another aspect."""
    rng = np.random.default_rng(7)
    sizes = ((60, 80), (240, 320), (200, 90))
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
