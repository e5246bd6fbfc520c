"""The job of `generate`: frames of a recipe, drawn and written into a data set folder."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field

from meshsight.core.files import dump_json, sha256_of, write_bytes
from meshsight.datasets.folder import FrameLines
from meshsight.datasets.run_state import RunState
from meshsight.datasets.sample_json import sample_to_json
from meshsight.execution.messages import JsonObject
from meshsight.execution.worker import Reporter
from meshsight.records.scene_json import scene_to_json
from meshsight.specs.base import Spec as BaseSpec
from meshsight.specs.base import VariantSpec
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.frames import FrameMaker


class Spec(VariantSpec):
    """Which recipe, and into which folder."""

    kind: Literal["draw_frames"] = "draw_frames"
    scene: SceneSpec
    root: str
    """Folder that the recipe's paths are relative to."""
    out: str
    """Data set folder."""


class PartSpec(BaseSpec):
    """A task: frames from `first` up to but not including `stop`."""

    first: int = Field(ge=0)
    stop: int = Field(ge=1)
    leave_out: tuple[int, ...] = ()
    """Frames that cannot be drawn."""


class FrameDrawer:
    """Draws parts; the recipe's meshes and the renderer stay loaded."""

    def __init__(self, spec: Spec) -> None:
        self._out = Path(spec.out)
        self._state = RunState(self._out)
        self._maker = FrameMaker(spec.scene, Path(spec.root))

    def run(self, task: JsonObject, report: Reporter) -> JsonObject:
        """Draws one part: each image is written at once, the lines when all images are there."""
        part = PartSpec.model_validate(task)
        frames: list[FrameLines] = []
        for index in range(part.first, part.stop):
            if index not in part.leave_out:
                self._maker.watch(partial(report.begin, f"frame {index}", index))
                report.begin(f"frame {index}", index)
                frames.append(self._draw(index))
                report.advance()
        self._state.write_part(part.first, frames)
        return {"drawer": self._maker.drawer, "bytes": self._bytes(frames)}

    def _bytes(self, frames: Sequence[FrameLines]) -> int:
        """Room on the disk that frames take in the finished folder; `coco.json` repeats about what the labels say."""
        images = sum((self._out / frame.image).stat().st_size for frame in frames)
        return images + sum(2 * len(frame.label) + len(frame.scene or "") for frame in frames)

    def _draw(self, index: int) -> FrameLines:
        made = self._maker.make(index)
        data = self._maker.encode(made)
        write_bytes(self._out / made.sample.image, data)
        return FrameLines(
            image=made.sample.image,
            image_sha256=sha256_of(data),
            label=sample_to_json(made.sample),
            scene=dump_json(scene_to_json(made.scene)),
        )


def build(spec: Spec) -> FrameDrawer:
    """Opens the renderer."""
    return FrameDrawer(spec)
