"""Framebuffers that are made once and kept while frames have the same size."""

import moderngl

_STEP = 256


class SizedTarget:
    """A framebuffer of one colour format that is remade only when another size is needed."""

    def __init__(
        self, context: moderngl.Context, *, components: int, dtype: str, has_depth: bool, samples: int = 0
    ) -> None:
        self._context = context
        self._components = components
        self._dtype = dtype
        self._has_depth = has_depth
        self._samples = samples
        self._framebuffer: moderngl.Framebuffer | None = None

    def at_least(self, size_wh: tuple[int, int], *, exactly: bool) -> moderngl.Framebuffer:
        """Returns a framebuffer of this size, or with `exactly` false one that may be larger."""
        held = self._framebuffer
        if held is not None and _fits(held.size, size_wh, exactly):
            return held
        self.release()
        if not exactly:
            size_wh = (_round_up(size_wh[0]), _round_up(size_wh[1]))
        self._framebuffer = self._make(size_wh)
        return self._framebuffer

    def _make(self, size_wh: tuple[int, int]) -> moderngl.Framebuffer:
        color = self._context.renderbuffer(size_wh, self._components, samples=self._samples, dtype=self._dtype)
        depth = self._context.depth_renderbuffer(size_wh, samples=self._samples) if self._has_depth else None
        return self._context.framebuffer([color], depth)

    def release(self) -> None:
        """Frees framebuffer and attachments."""
        if self._framebuffer is None:
            return
        for attachment in (*self._framebuffer.color_attachments, self._framebuffer.depth_attachment):
            if attachment is not None:
                attachment.release()
        self._framebuffer.release()
        self._framebuffer = None


def _fits(held: tuple[int, int], wanted: tuple[int, int], exactly: bool) -> bool:
    return held == wanted if exactly else held[0] >= wanted[0] and held[1] >= wanted[1]


def _round_up(length: int) -> int:
    return -(-length // _STEP) * _STEP
