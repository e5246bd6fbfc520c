"""Steps 1 to 3 of the walk for one frame: draw its scene, render it, annotate it; again when the result is rejected."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from meshsight.assets.library import AssetLibrary
from meshsight.core.errors import SynthesisError
from meshsight.core.images import encode_jpeg, encode_png
from meshsight.datasets.annotate import annotate
from meshsight.datasets.folder import image_name
from meshsight.records.frame import Frame
from meshsight.records.mesh import Bounds, bounds_of
from meshsight.records.sample import Sample
from meshsight.records.scene import Scene
from meshsight.render.base import Renderer, open_renderer
from meshsight.specs.scene import RejectionSpec, SceneSpec, symmetries_of
from meshsight.synthesis.recompose import Recomposer
from meshsight.synthesis.rejection import HIDDEN, RejectedScene
from meshsight.synthesis.sampler import SceneSampler
from meshsight.workflows.recipe_files import complete_recipe, open_library


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledFrame:
    """One finished frame with everything that led to it."""

    scene: Scene
    frame: Frame
    sample: Sample


class FrameMaker:
    """Makes the frames of one recipe in this process; keep one, and close it at the end."""

    def __init__(self, spec: SceneSpec, root: Path) -> None:
        """Loads nothing twice: `root` is the folder of the recipe, which its relative paths start from.

        Raises:
            RenderError: the renderer cannot start on this machine.
            AssetError: a folder that the recipe names holds no file.
        """
        self.spec = complete_recipe(spec, root)
        self._assets = open_library(self.spec, root)
        self._renderer = open_renderer(self.spec.renderer, self._assets)
        self._sampler = _sampler_of(self.spec, self._assets, self._renderer)
        self._bounds: dict[str, Bounds] = {}
        self._symmetries = symmetries_of(self.spec)

    @property
    def drawer(self) -> str:
        """What draws, such as the name that OpenGL gives its renderer."""
        return f"{self.spec.renderer.kind}: {self._renderer.description}"

    def make(self, index: int) -> LabelledFrame:
        """Makes frame `index`; equal recipes give equal frames in any process.

        Raises:
            SynthesisError: no attempt satisfies the recipe's rejection rules.
            AssetError: a mesh or picture is missing or unusable.
        """
        rules: Counter[str] = Counter()
        for attempt in range(self.spec.rejection.tries_per_frame):
            try:
                made = self._attempt(index, attempt)
            except RejectedScene as rejected:
                rules += rejected.rules
                continue
            if _is_seen(made.sample, self.spec.rejection):
                return made
            rules[HIDDEN] += 1
        reasons = "; ".join(f"{times}x {rule}" for rule, times in rules.most_common())
        tries = self.spec.rejection.tries_per_frame
        raise SynthesisError(f"frame {index}: {tries} attempts broke the recipe's rules: {reasons}")

    def encode(self, made: LabelledFrame) -> bytes:
        """Returns the bytes of a frame's image file."""
        image = self.spec.image
        return encode_jpeg(made.frame.rgb, image.quality) if image.format == "jpg" else encode_png(made.frame.rgb)

    def watch(self, on_progress: Callable[[], None]) -> None:
        """Has a function called now and then while a frame takes long."""
        self._renderer.on_progress = on_progress

    def close(self) -> None:
        """Frees the renderer."""
        self._renderer.close()

    def __enter__(self) -> "FrameMaker":
        """Returns itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Frees the renderer."""
        self.close()

    def _attempt(self, index: int, attempt: int) -> LabelledFrame:
        scene = self._sampler.draw(index, attempt)
        frame = self._renderer.render(scene)
        bounds = self._bounds_of(thing.mesh for thing in scene.objects if thing.class_id is not None)
        name = image_name(index, f".{self.spec.image.format}")
        sample = annotate(frame, scene, bounds, name, self._symmetries)
        return LabelledFrame(scene=scene, frame=frame, sample=sample)

    def _bounds_of(self, refs: Iterable[str]) -> dict[str, Bounds]:
        for ref in refs:
            if ref not in self._bounds:
                self._bounds[ref] = bounds_of(self._assets.mesh(ref))
        return self._bounds


def _sampler_of(spec: SceneSpec, assets: AssetLibrary, renderer: Renderer) -> SceneSampler | Recomposer:
    """Returns what draws a recipe's scenes: for a renderer of sprites, most of them from others."""
    sampler = SceneSampler(spec=spec, assets=assets)
    recomposition = renderer.recomposition
    return sampler if recomposition is None else Recomposer(spec=recomposition, sampler=sampler)


def _is_seen(sample: Sample, rules: RejectionSpec) -> bool:
    """Tells whether enough of every labelled object is visible; 0 asks for nothing."""
    counts = [label.pixels for label in sample.objects if label.pixels] + [count for _, count in sample.hidden]
    return all(count.visibility >= rules.min_visibility and count.visible >= rules.min_pixels for count in counts)
