"""A detector and its decoding as one network, which is what an export format writes down.

Shapes: b images, h and w the input.
"""

import copy

import torch
from jaxtyping import UInt8
from torch import Tensor, nn

from meshsight.models.detector import Candidates, Detector
from meshsight.training.predictor import TorchDetector


class DecodingNetwork(nn.Module):
    """Images as bytes in, candidates out."""

    def __init__(self, network: Detector, input_hw: tuple[int, int]) -> None:
        super().__init__()
        self.network = network
        self.input_hw = input_hw

    def forward(self, images: UInt8[Tensor, "b 3 h w"]) -> Candidates:
        """Maps RGB images in 0..255 to candidates in pixels of the input."""
        return self.network.decode(self.network(images.float()), self.input_hw)


def decoding_network(detector: TorchDetector) -> DecodingNetwork:
    """Returns a copy on the CPU in float32 and evaluation mode, whatever the detector was trained in."""
    network = copy.deepcopy(detector.network).to(device="cpu", dtype=torch.float32)
    return DecodingNetwork(network, detector.input_hw).eval()
