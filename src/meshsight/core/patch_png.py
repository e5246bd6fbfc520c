"""Small arrays as PNG files, whatever their number of channels."""

from io import BytesIO

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from meshsight.core.images import encode_png


def encode_patch(pixels: UInt8[np.ndarray, "*hwc"]) -> bytes:
    """Returns h, w or h, w, 1 as grey, h, w, 2 as grey with alpha, h, w, 3 as RGB."""
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return encode_png(np.ascontiguousarray(pixels))
    grey = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    stream = BytesIO()
    Image.fromarray(np.ascontiguousarray(grey)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()
