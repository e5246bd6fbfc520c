"""Step 2 of the walk: what every renderer is, and the one way to get one.

A renderer draws what the scene's geometry, materials and lights look like (`draw`); the sensor is applied here, so
that every renderer has the same one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import ClassVar, Literal, TypeAlias, final

from meshsight.core.errors import RenderError
from meshsight.records.frame import Frame
from meshsight.records.scene import AssetSource, Scene
from meshsight.render.features import Feature, features_of
from meshsight.render.sensor import apply_sensor
from meshsight.specs.base import VariantSpec
from meshsight.specs.recomposition import RecompositionSpec
from meshsight.specs.scene import RENDERER_KINDS


def _do_nothing() -> None:
    return


Basic: TypeAlias = Literal["shadows", "sampled outlines"]

# Renderers may carry ids through float32 targets, which hold integers exactly up to here.
MAX_INSTANCE_ID = 2**24


class Renderer(ABC):
    """Draws scenes; holds what is expensive to load, so keep one and close it at the end.

    Attributes:
        draws: what it can draw of what a scene may ask for; a scene that asks for more is refused.
        lacks: what it leaves out of what all others draw. "sampled outlines": an object's pixels are those that it
            covers by half or more, instead of those whose centres it covers.
    """

    draws: ClassVar[frozenset[Feature]] = frozenset()
    lacks: ClassVar[frozenset[Basic]] = frozenset()

    @property
    def recomposition(self) -> RecompositionSpec | None:
        """Which frames of a recipe are to be put together from others, for a renderer of sprites; None for none."""
        return None

    on_progress: Callable[[], None] = staticmethod(_do_nothing)
    """Called now and then while a long frame is drawn, by renderers that take long; set it from outside."""

    @property
    @abstractmethod
    def description(self) -> str:
        """What draws, such as the name that OpenGL gives its renderer."""

    @abstractmethod
    def draw(self, scene: Scene) -> Frame:
        """Draws a checked scene, exposed and encoded to sRGB, but without blur, noise and compression."""

    @abstractmethod
    def close(self) -> None:
        """Frees everything; the renderer cannot be used afterwards."""

    @final
    def render(self, scene: Scene) -> Frame:
        """Draws a scene; equal scenes give equal bytes.

        Raises:
            RenderError: the scene asks for what cannot be drawn.
            AssetError: a mesh, picture or environment is missing.
        """
        _check(scene)
        self._check_features(scene)
        frame = self.draw(scene)
        return replace(frame, rgb=apply_sensor(frame.rgb, scene.sensor))

    @final
    def _check_features(self, scene: Scene) -> None:
        if missing := sorted(features_of(scene) - self.draws):
            raise RenderError(
                f"frame {scene.frame}: {self.description.split(' (')[0]} cannot draw {', '.join(missing)}; "
                "leave that out of the recipe, or choose another renderer with --set renderer.kind=..."
            )

    @final
    def __enter__(self) -> "Renderer":
        return self

    @final
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_renderer(spec: VariantSpec, assets: AssetSource) -> Renderer:
    """Builds the renderer that a spec names.

    Raises:
        RenderError: it cannot start on this machine.
    """
    return RENDERER_KINDS.builder(spec.kind)(spec, assets)


def _check(scene: Scene) -> None:
    ids = [thing.instance_id for thing in scene.objects]
    if len(set(ids)) != len(ids):
        raise RenderError(f"frame {scene.frame}: instance ids must be unique, found {sorted(ids)}")
    for index, thing in enumerate(scene.objects):
        where = f"frame {scene.frame}: objects[{index}]"
        if not 1 <= thing.instance_id < MAX_INSTANCE_ID:
            raise RenderError(f"{where}.instance_id: expected 1 to {MAX_INSTANCE_ID - 1}, found {thing.instance_id}")
        if not thing.scale > 0:
            raise RenderError(f"{where}.scale: expected a positive factor, found {thing.scale}")
    if not 0 < scene.near_m < scene.far_m:
        raise RenderError(f"frame {scene.frame}: expected 0 < near_m < far_m, found {scene.near_m} and {scene.far_m}")
