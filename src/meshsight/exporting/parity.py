"""Proof that an exported graph says what the trained network says.

Candidates are matched before suppression, by class, box and score: near ties may change places in a sorted list, so
its order proves nothing.

Shapes: k candidates of an image, n of them compared.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from meshsight.core.errors import ArtifactError
from meshsight.core.images import RgbImage
from meshsight.core.rng import stream
from meshsight.exporting.graph import DecodingNetwork
from meshsight.records.artifact import Parity
from meshsight.runtime.graph import Graph, GraphCandidates
from meshsight.runtime.preprocessing import InputTensor, to_input

MAX_BOX_PX = 0.5
MAX_SCORE = 1e-3
NUM_COMPARED = 300
"""The best candidates of each image that are compared; more than any image has detections."""

Differences = Float[np.ndarray, "n 2"]
"""Of compared candidates: the largest difference of a coordinate in pixels, and the difference of the scores."""


def prove_parity(network: DecodingNetwork, graph: Graph, frames: Sequence[RgbImage]) -> Parity:
    """Compares a graph with the network that it was made from, on frames and on one image of noise.

    The first two images go through as one batch, the others alone, so that a graph that works for one batch size only
    is found out.

    Raises:
        ArtifactError: a box or a score lies outside the tolerance.
    """
    noise = stream(0, 0, "export parity").integers(0, 256, (*network.input_hw, 3), dtype=np.uint8)
    tensor, _ = to_input([*frames, noise], network.input_hw)
    rows: list[Differences] = []
    for batch in (tensor[:2], *(tensor[index : index + 1] for index in range(2, len(tensor)))):
        expected, found = run_network(network, batch), graph.run(batch)
        rows += [compare_candidates(expected, found, image) for image in range(len(batch))]
    differences = np.concatenate(rows)
    max_box_px, max_score = (float(column.max(initial=0)) for column in differences.T)
    if max_box_px > MAX_BOX_PX or max_score > MAX_SCORE:
        raise ArtifactError(
            f"the graph differs from the trained network on {len(frames)} frames and noise: boxes by up to "
            f"{max_box_px:.3g} px (allowed {MAX_BOX_PX}), scores by up to {max_score:.3g} (allowed {MAX_SCORE}). "
            "Nothing was exported; please report it with the run's recipe."
        )
    return Parity(num_frames=len(frames), num_candidates=len(differences), max_box_px=max_box_px, max_score=max_score)


def run_network(network: DecodingNetwork, images: InputTensor) -> GraphCandidates:
    """Runs the trained network as if it were a graph."""
    with torch.inference_mode():
        candidates = network(torch.from_numpy(images))
    return GraphCandidates(*(field.numpy() for field in candidates))


def compare_candidates(expected: GraphCandidates, found: GraphCandidates, image: int) -> Differences:
    """Returns how far apart the counterparts of one image's best candidates lie, looking from both sides.

    A candidate that is missing on the other side has infinite differences, unless it scores so little that it may lie
    beyond the other side's cut after the best k: then it is left out.
    """
    a, b = (GraphCandidates(*(field[image : image + 1] for field in side)) for side in (expected, found))
    return np.concatenate([_to_nearest(a, b), _to_nearest(b, a)])


def _to_nearest(a: GraphCandidates, b: GraphCandidates) -> Differences:
    """Returns the differences of the best of `a` to their nearest of one class in `b`, in units of the tolerances."""
    best = np.argsort(-a.scores[0], kind="stable")[:NUM_COMPARED]
    box = np.abs(a.boxes[0, best][:, None] - b.boxes[0][None]).max(axis=-1)
    score = np.abs(a.scores[0, best][:, None] - b.scores[0][None])
    is_other_class = a.class_ids[0, best][:, None] != b.class_ids[0][None]
    box[is_other_class] = score[is_other_class] = np.inf
    nearest = np.maximum(box / MAX_BOX_PX, score / MAX_SCORE).argmin(axis=1)
    rows = np.arange(len(best))
    differences = np.stack([box[rows, nearest], score[rows, nearest]], axis=1)
    is_close = (differences <= (MAX_BOX_PX, MAX_SCORE)).all(axis=1)
    is_at_cut = a.scores[0, best] <= b.scores[0].min() + MAX_SCORE
    return differences[is_close | ~is_at_cut]
