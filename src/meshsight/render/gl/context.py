"""An OpenGL 3.3 context without a window, and what it says about itself."""

import logging
import sys
from pathlib import Path
from typing import Any

import moderngl

from meshsight.core.errors import RenderError

logger = logging.getLogger(__name__)

_SOFTWARE_NAMES = ("llvmpipe", "softpipe", "swrast", "software")
_NVIDIA_DEVICE = Path("/dev/nvidia0")
_INSTALL = "apt-get install libegl1 libgl1-mesa-dri"
_announced: set[str] = set()


def create_context() -> moderngl.Context:
    """Makes a context: EGL on Linux, the native kind elsewhere; logs the GL renderer's name once a process.

    Raises:
        RenderError: there is no OpenGL 3.3 on this machine.
    """
    is_linux = sys.platform.startswith("linux")
    # Without a named backend moderngl takes the platform's own, which on Linux needs a display.
    backend: dict[str, Any] = {"backend": "egl"} if is_linux else {}
    try:
        context = moderngl.create_context(require=330, standalone=True, **backend)
    except Exception as error:
        # glcontext raises bare Exception for a missing library, device or version alike.
        remedy = f"install it with `{_INSTALL}`" if is_linux else "install a graphics driver"
        raise RenderError(
            f"renderer 'raster': no OpenGL 3.3 on this machine ({error}); {remedy}, or use the renderer 'raycast'"
        ) from error
    _announce(renderer_name(context))
    return context


def renderer_name(context: moderngl.Context) -> str:
    """Returns what OpenGL calls its renderer, such as "llvmpipe (LLVM 15.0.6, 256 bits)"."""
    return str(context.info["GL_RENDERER"])


def check_size(context: moderngl.Context, size_hw: tuple[int, int]) -> None:
    """Refuses images whose canvas of three times their size this OpenGL cannot hold.

    Raises:
        RenderError: the image is too large.
    """
    names = ("GL_MAX_TEXTURE_SIZE", "GL_MAX_RENDERBUFFER_SIZE")
    limit = min(*context.info["GL_MAX_VIEWPORT_DIMS"], *(int(context.info[name]) for name in names))
    if 3 * max(size_hw) > limit:
        height, width = size_hw
        raise RenderError(
            f"renderer 'raster': this OpenGL ({renderer_name(context)}) draws images of up to {limit // 3} pixels "
            f"a side (a third of its limit), found {height} x {width}"
        )


def is_software(name: str) -> bool:
    """Tells whether a GL renderer of this name draws on the CPU."""
    return any(word in name.lower() for word in _SOFTWARE_NAMES)


def _announce(name: str) -> None:
    if name in _announced:
        return
    _announced.add(name)
    logger.info("OpenGL renderer: %s", name)
    if is_software(name) and _NVIDIA_DEVICE.exists():
        logger.warning(
            "an NVIDIA GPU seems to be there (%s), but OpenGL draws on the CPU (%s): install the driver's EGL library",
            _NVIDIA_DEVICE,
            name,
        )
