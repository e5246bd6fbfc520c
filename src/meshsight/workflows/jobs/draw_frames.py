"""The job of `generate`: frames of a recipe, drawn and written into a data set folder."""

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
            report.begin(f"frame {index}")
            frames.append(self._draw(index))
            report.advance()
        self._state.write_part(part.first, frames)
        return {"drawer": self._maker.drawer}

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
