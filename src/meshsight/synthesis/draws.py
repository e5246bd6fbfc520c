"""The draws of one frame: one random stream for each aspect, and a note of who drew what."""

import re
from dataclasses import dataclass, field

import numpy as np

from meshsight.core.rng import stream
from meshsight.specs.ranges import AnyDistribution
from meshsight.synthesis.sampling import describe, sample


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWorld:
    """The world of a frame: what is drawn once for all frames in it, whatever the attempt.

    Attributes:
        index: of the world.
        moment: which of its frames this is, from 0.
        aspects: what is shared; poses of objects are only as `placement`.
    """

    index: int
    moment: int
    aspects: frozenset[str]

    def shares(self, aspect: str) -> bool:
        """Tells whether an aspect's stream belongs to the world."""
        is_pose = ".T_world_object" in aspect or ".start[" in aspect
        name = "placement" if is_pose else re.split(r"[.\[]", aspect, maxsplit=1)[0]
        return name in self.aspects


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Random streams of one attempt at one frame.

    Attributes:
        seed, frame, attempt: together with an aspect's name they are the key of its stream.
        world: which frames share what.
        origins: path in the scene -> the randomiser that drew the value; grows as values are drawn.
    """

    seed: int
    frame: int
    attempt: int
    world: SharedWorld | None = None
    origins: dict[str, str] = field(default_factory=dict)

    @property
    def moment(self) -> int:
        """Which frame of its world this is, from 0."""
        return 0 if self.world is None else self.world.moment

    def shares(self, aspect: str) -> bool:
        """Tells whether an aspect is drawn once for all frames of a world."""
        return self.world is not None and self.world.shares(aspect)

    def stream(self, aspect: str) -> np.random.Generator:
        """Returns the stream of one aspect; streams of other aspects never move it."""
        if self.world is not None and self.world.shares(aspect):
            return stream(self.seed, self.world.index, f"world.{aspect}")
        name = aspect if self.attempt == 0 else f"{aspect}@{self.attempt}"
        return stream(self.seed, self.frame, name)

    def number(self, path: str, randomiser: str, distribution: AnyDistribution, rng: np.random.Generator) -> float:
        """Draws a number and notes where it came from.

        Args:
            path: of the value in the Scene, such as `objects[0].scale`.
            randomiser: path of the distribution in the recipe.
            distribution: what to draw from.
            rng: stream of the aspect.
        """
        self.origins[path] = f"{randomiser} {describe(distribution)}"
        return sample(distribution, rng)

    def note(self, path: str, origin: str) -> None:
        """Notes where a value came from that several draws made together."""
        self.origins[path] = origin
