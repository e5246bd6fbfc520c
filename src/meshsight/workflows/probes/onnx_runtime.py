"""Loads ONNX Runtime, which runs exported detectors."""

import sys

import onnxruntime


def probe() -> str:
    """Returns its version and what it can run on."""
    return f"{onnxruntime.__version__} ({', '.join(onnxruntime.get_available_providers())})"


if __name__ == "__main__":
    sys.stdout.write(probe() + "\n")
