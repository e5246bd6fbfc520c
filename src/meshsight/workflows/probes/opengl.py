"""Draws with OpenGL as the renderer `raster` would."""

import sys

from meshsight.core.errors import RenderError
from meshsight.render.gl.context import create_context, is_software, renderer_name


def probe() -> str:
    """Opens a context and clears a picture.

    Raises:
        RenderError: there is no OpenGL 3.3 here.
    """
    with create_context() as context:
        target = context.simple_framebuffer((4, 4))
        target.clear(1.0, 0.5, 0.0, 1.0)
        pixel = target.read(components=3)[:3]
        if not (pixel[0] == 255 and pixel[2] == 0):
            raise RenderError(f"OpenGL drew {tuple(pixel)} where orange was asked for; its driver is broken")
        name = renderer_name(context)
        return f"{name}, {'draws on the CPU' if is_software(name) else 'draws on a GPU'}"


if __name__ == "__main__":
    try:
        sys.stdout.write(probe() + "\n")
    except RenderError as error:
        sys.exit(str(error))
