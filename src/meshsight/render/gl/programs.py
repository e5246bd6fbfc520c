"""Shader programs from the .glsl files beside this one, each compiled once a context."""

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources

import moderngl
import numpy as np
from jaxtyping import Float

_VERSION = "#version 330 core\n"
_INCLUDE = "#include "


@lru_cache
def shader_source(name: str) -> str:
    """Returns the text of `shaders/NAME.glsl`, its `#include NAME` lines replaced by those files."""
    text = (resources.files("meshsight.render.gl.shaders") / f"{name}.glsl").read_text("utf-8")
    lines = [
        shader_source(line.removeprefix(_INCLUDE)) if line.startswith(_INCLUDE) else line for line in text.splitlines()
    ]
    return "\n".join(lines) + "\n"


class Programs:
    """The programs of one context, by the names of their shaders and the macros defined in them."""

    def __init__(self, context: moderngl.Context, sizes: tuple[str, ...]) -> None:
        """Takes the macros that all programs share: how many lights the frame's block holds."""
        self._context = context
        self._sizes = sizes
        self._programs: dict[tuple[str, ...], moderngl.Program] = {}

    def get(self, vertex: str, fragment: str, *defines: str) -> moderngl.Program:
        """Returns a program, compiled when it is first asked for."""
        key = (vertex, fragment, *defines)
        if key not in self._programs:
            head = _VERSION + "".join(f"#define {name}\n" for name in (*self._sizes, *defines))
            self._programs[key] = self._context.program(
                vertex_shader=head + shader_source(vertex), fragment_shader=head + shader_source(fragment)
            )
        return self._programs[key]

    def release(self) -> None:
        """Frees them all."""
        for program in self._programs.values():
            program.release()
        self._programs.clear()


def set_uniform(
    program: moderngl.Program, name: str, value: Float[np.ndarray, "..."] | Sequence[float | int] | float | int
) -> None:
    """Sets a float uniform; matrices are given row by row. A uniform that the compiler removed is left alone."""
    member = program.get(name, None)
    if isinstance(member, moderngl.Uniform):
        member.write(np.asarray(value, dtype=np.float32).T.tobytes())


def bind_sampler(program: moderngl.Program, name: str, unit: int) -> None:
    """Points a sampler at a texture unit, if the program uses it."""
    member = program.get(name, None)
    if isinstance(member, moderngl.Uniform):
        member.value = unit


def bind_block(program: moderngl.Program, name: str, binding: int) -> None:
    """Points a uniform block at a buffer binding, if the program uses it."""
    member = program.get(name, None)
    if isinstance(member, moderngl.UniformBlock):
        member.binding = binding
