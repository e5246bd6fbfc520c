"""Objects drawn alone, by rays: which pixels of the canvas of three images each of them covers."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int32

from meshsight.records.frame import Silhouette
from meshsight.records.scene import Scene
from meshsight.render.rays.body import PlacedBody
from meshsight.render.rays.tracing import Tracer, pixel_rays
from meshsight.render.silhouette import make_silhouette


def trace_silhouettes(
    scene: Scene, placed: Sequence[PlacedBody], instance_ids: Int32[np.ndarray, "h w"]
) -> tuple[Silhouette, ...]:
    """Traces every labelled object alone over its window."""
    found: list[Silhouette] = []
    for item in placed:
        if item.thing.class_id is None:
            continue
        window = item.window
        rays = pixel_rays(scene.camera, window)
        hits = Tracer([item]).first_hits(rays, scene.near_m, scene.far_m)
        alone = (hits.body >= 0).reshape(window.height, window.width)
        found.append(make_silhouette(item.thing.instance_id, window, alone, instance_ids))
    return tuple(found)
