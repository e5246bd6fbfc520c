"""Cutting triangles and vertices out of parts."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from meshsight.assets.raw_part import RawPart


def keep_faces(parts: Sequence[RawPart], is_kept: Bool[np.ndarray, " f"]) -> list[RawPart]:
    """Returns parts with some of their triangles, all parts counted through; empty parts are left out."""
    ends = np.cumsum([len(part.faces) for part in parts])[:-1]
    kept = (replace(part, faces=part.faces[own]) for part, own in zip(parts, np.split(is_kept, ends), strict=True))
    return [part for part in kept if len(part.faces) > 0]


def used_only(part: RawPart) -> RawPart:
    """Leaves out vertices that no triangle uses, which may be no numbers."""
    used, faces = np.unique(part.faces, return_inverse=True)
    return replace(
        part,
        vertices=part.vertices[used],
        faces=faces.reshape(-1, 3),
        normals=None if part.normals is None else part.normals[used],
        uv=None if part.uv is None else part.uv[used],
        vertex_colors=None if part.vertex_colors is None else part.vertex_colors[used],
    )
