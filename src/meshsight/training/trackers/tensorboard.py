"""Metrics to TensorBoard's event files; no TensorFlow and no TensorBoard is needed to write them."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Event files that `tensorboard --logdir` shows; a resumed run adds one."""

    kind: Literal["tensorboard"] = "tensorboard"
    uri: Path | None = None
    """Folder of the event files; none: `tensorboard` in the run's own folder."""
    every_steps: int = Field(default=10, ge=1)
    """Steps between the training metrics written; each is the mean over these steps."""
