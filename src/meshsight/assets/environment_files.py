"""Environment maps from files: Radiance .hdr, OpenEXR .exr where OpenCV can read it, and .npy arrays."""

import os
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32

from meshsight.core.errors import AssetError

ENVIRONMENT_SUFFIXES = (".hdr", ".exr", ".npy")


def read_environment(path: Path) -> Float32[np.ndarray, "h w 3"]:
    """Reads an equirectangular map of linear radiance, twice as wide as high, at its own scale.

    Row 0 is up; column 0 looks along +x and columns turn towards +y.

    Raises:
        AssetError: another format, an unreadable file, or values that are no radiance.
    """
    suffix = path.suffix.lower()
    if suffix not in ENVIRONMENT_SUFFIXES:
        raise AssetError(f"{path}: '{suffix}' is no environment map; supported: {', '.join(ENVIRONMENT_SUFFIXES)}")
    pixels = _read_npy(path) if suffix == ".npy" else _read_hdr(path)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.shape[1] != 2 * pixels.shape[0]:
        raise AssetError(f"{path}: expected an equirectangular map, an array (h, 2h, 3), found {pixels.shape}")
    if not np.isfinite(pixels).all() or pixels.min() < 0:
        raise AssetError(f"{path}: holds negative, infinite or NaN radiance; export it anew")
    return np.ascontiguousarray(pixels, dtype=np.float32)


def _read_npy(path: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
    except (OSError, ValueError, EOFError) as error:
        raise AssetError(f"{path}: cannot be read as an array of numbers ({error})") from error


def _read_hdr(path: Path) -> np.ndarray:
    if path.suffix.lower() == ".exr":
        os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "1")  # OpenCV looks when it first meets such a file
    try:
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error as error:
        raise AssetError(
            f"{path}: this OpenCV reads no OpenEXR; save the map as .hdr or .npy, or set OPENCV_IO_ENABLE_OPENEXR=1"
        ) from error
    if pixels is None:
        raise AssetError(f"{path}: cannot be decoded; the file is truncated or no environment map")
    return cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_BGR2RGB)
