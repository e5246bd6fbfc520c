"""Computes with torch as training would."""

import sys

import torch
import torchvision

from meshsight.training.precision import choose_device, has_native_bfloat16


def probe() -> str:
    """Returns versions, the device that `auto` means and whether it has bfloat16, after one suppression on it."""
    device = choose_device("auto")
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9]], device=device)
    kept = torchvision.ops.nms(boxes, torch.tensor([0.5, 0.9], device=device), 0.5)
    if kept.tolist() != [1]:
        raise ValueError(f"torchvision keeps {kept.tolist()} of two boxes that overlap, and not the better one")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    precision = "native bfloat16" if has_native_bfloat16(device) else "no native bfloat16"
    return f"torch {torch.__version__}, torchvision {torchvision.__version__}, {name}, {precision}"


if __name__ == "__main__":
    try:
        sys.stdout.write(probe() + "\n")
    except (ValueError, RuntimeError) as error:
        sys.exit(str(error))
