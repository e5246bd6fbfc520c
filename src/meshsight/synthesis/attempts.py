"""Redrawing a frame until it is good enough.

Rules that geometry decides are applied while a scene is drawn; those that need pixels are applied by the caller, who
renders. Both raise `RejectedScene`; the next attempt at the frame then draws from streams of its own.
"""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from meshsight.core.errors import SynthesisError
from meshsight.records.sample import PixelCounts, Sample
from meshsight.records.scene import Scene
from meshsight.specs.scene import RejectionSpec
from meshsight.synthesis.rejection import HIDDEN, RejectedScene
from meshsight.synthesis.sampler import SceneSampler

Finished = TypeVar("Finished")


def draw_until_accepted(sampler: SceneSampler, frame: int, finish: Callable[[Scene], Finished]) -> Finished:
    """Draws a frame and finishes it, anew for as long as it is rejected.

    Args:
        sampler: of the recipe.
        frame: index of the frame.
        finish: renders and annotates a scene, and calls `require_visible` on what comes out.

    Raises:
        SynthesisError: all `tries_per_frame` attempts were rejected; says which rules were broken how often.
    """
    broken: Counter[str] = Counter()
    tries = sampler.spec.rejection.tries_per_frame
    last = ""
    for attempt in range(tries):
        try:
            return finish(sampler.draw(frame, attempt))
        except RejectedScene as rejected:
            broken.update(rejected.rules.most_common(1)[0][:1])
            last = str(rejected)
    reasons = "; ".join(f"{times}x {rule}" for rule, times in broken.most_common())
    raise SynthesisError(f"frame {frame}: all {tries} attempts were rejected: {reasons}. The last: {last}")


def require_visible(sample: Sample, rejection: RejectionSpec) -> None:
    """Applies the rule that every labelled object must be seen well enough.

    Raises:
        RejectedScene: an object's visible share is below `min_visibility`.
    """
    counts: list[tuple[int | None, PixelCounts | None]] = [
        (label.instance_id, label.pixels) for label in sample.objects
    ]
    for instance_id, pixels in [*counts, *sample.hidden]:
        if pixels is not None and pixels.visibility < rejection.min_visibility:
            seen = (
                f"instance {instance_id} is only {pixels.visibility:.0%} visible, wanted {rejection.min_visibility:.0%}"
            )
            raise RejectedScene(seen, Counter([HIDDEN]))
