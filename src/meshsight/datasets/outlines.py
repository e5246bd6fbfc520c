"""Masks to polygons and back: outlines that run along the edges of pixels.

A polygon through pixel centres loses half a pixel on every side; these lose nothing: filling the outlines of a mask
gives the same mask. Parts and holes can be joined into one polygon, for formats that have one polygon an object.
Shapes: h, w the image; n edges or points; x, y in pixels, where pixel j covers [j, j + 1).
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
from jaxtyping import Float, Int
from pycocotools import mask as coco_mask
from scipy.spatial import KDTree

from meshsight.core.masks import Mask, RunLengthMask, decode_mask, tight_box
from meshsight.records.sample import Box, Polygon

Edges = Int[np.ndarray, "_ 3"]
Links = Int[np.ndarray, " _"]


def trace_outlines(mask: Mask) -> tuple[Polygon, ...]:
    """Returns the closed outlines of a mask, with a point at every corner.

    Outer borders run clockwise as seen in the image, those of holes the other way. Pixels that touch at a corner belong
    together. Filled by the even-odd rule, all of them give the mask back exactly.
    """
    tight = tight_box(mask)
    if tight is None:
        return ()
    x1, y1, x2, y2 = (int(side) for side in tight)
    is_set = np.pad(mask[y1:y2, x1:x2].astype(np.int8), 1)
    # Object on the right: upper edges run east, lower ones west, right edges south, left ones north.
    across = _edges(is_set[1:, 1:-1] - is_set[:-1, 1:-1])
    down = _edges((is_set[1:-1, :-1] - is_set[1:-1, 1:]).T)
    corners = np.stack([across[:, [1, 0]], across[:, [2, 0]]], axis=1) + np.array([x1, y1])
    return tuple(corners[loop].reshape(-1, 2).astype(np.float64) for loop in _loops(_links(across, down)))


def join_polygons(polygons: Sequence[Polygon]) -> Polygon:
    """Returns one polygon for several, tied together where they are nearest by bridges without width.

    A bridge is walked there and back, so that it adds nothing under the even-odd rule; holes stay holes.
    """
    points = np.concatenate(polygons)
    owner = np.repeat(np.arange(len(polygons)), [len(part) for part in polygons])
    newest = np.flatnonzero(owner == 0)
    walk: list[int] = newest.tolist()
    away = np.flatnonzero(owner != 0)
    gap, bridge = np.full(len(points), np.inf), np.zeros(len(points), np.int64)
    while away.size:
        distance, index = _nearest(points[newest], points[away])
        is_closer = distance < gap[away]
        gap[away[is_closer]] = distance[is_closer]
        bridge[away[is_closer]] = newest[index[is_closer]]
        there = int(away[gap[away].argmin()])
        newest = np.flatnonzero(owner == owner[there])
        away = away[owner[away] != owner[there]]
        here = int(bridge[there])
        after = walk.index(here) + 1
        walk[after:after] = [*np.roll(newest, newest[0] - there).tolist(), there, here]
    return points[walk]


def merge_polygons(polygons: Sequence[Polygon], size_hw: tuple[int, int]) -> Polygon:
    """Returns one polygon that fills the same pixels as several, also where those overlap."""
    if len(polygons) == 1:
        return polygons[0]
    joined = join_polygons(polygons)
    together = fill_polygons(polygons, size_hw)
    if fill_polygons([joined], size_hw) == together:
        return joined
    return join_polygons(trace_outlines(decode_mask(together)) or polygons[:1])


def fill_polygons(polygons: Sequence[Polygon], size_hw: tuple[int, int]) -> RunLengthMask:
    """Returns the pixels that lie in any of some polygons of three or more points, as COCO's own tools draw them."""
    height, width = size_hw
    flat = cast("Any", [points.ravel().tolist() for points in polygons])
    merged = cast("dict[str, bytes]", coco_mask.merge(coco_mask.frPyObjects(flat, height, width)))
    return RunLengthMask(counts=merged["counts"].decode("ascii"), size_hw=size_hw)


def bounds_of(points: Polygon) -> Box:
    """Returns the upright box around points."""
    (x1, y1), (x2, y2) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x1, y1, x2, y2


def _nearest(to: Polygon, points: Polygon) -> tuple[Float[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Returns how far each point is from the nearest of the others, and which that is."""
    return cast("Any", KDTree(to).query(points))


def _edges(steps: Int[np.ndarray, "lines places"]) -> Edges:
    """Joins unit edges of one direction into long ones: rows of line, start and end; +1 runs upwards in place."""
    padded = np.pad(steps, ((0, 0), (1, 1)))
    line, place = np.nonzero(padded[:, 1:] != padded[:, :-1])
    sign = padded[line, place + 1]
    (begins,) = np.nonzero(sign)
    low, high = place[begins], place[begins + 1]
    is_forward = sign[begins] > 0
    return np.stack([line[begins], np.where(is_forward, low, high), np.where(is_forward, high, low)], axis=1)


def _links(across: Edges, down: Edges) -> Links:
    """Returns for each edge across the next edge across on its border.

    Where two pixels touch at a corner, two edges end and two begin: the border turns left there, so that they are one.
    """
    y, x1, x2 = across.T
    x, y1, y2 = down.T
    is_east, is_south = x2 > x1, y2 > y1
    span = 1 + int(max(across.max(), down.max()))
    then_down = _match((y * span + x2) * 2 + is_east, (y1 * span + x) * 2 + ~is_south)
    then_across = _match((y2 * span + x) * 2 + is_south, (y * span + x1) * 2 + is_east)
    return then_across[then_down]


def _match(ends: Links, starts: Links) -> Links:
    """Returns for each end the start at its place; the last bit of a key tells two at one place apart."""
    matched = np.empty_like(ends)
    matched[np.argsort(ends)] = np.argsort(starts)
    return matched


def _loops(links: Links) -> Iterator[list[int]]:
    following = links.tolist()
    is_new = [True] * len(following)
    for first in range(len(following)):
        loop: list[int] = []
        edge = first
        while is_new[edge]:
            is_new[edge] = False
            loop.append(edge)
            edge = following[edge]
        if loop:
            yield loop
