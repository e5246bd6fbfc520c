"""Packs the windows of all objects into one atlas, so that one transfer reads them all."""

from collections.abc import Sequence

_MIN_WIDTH = 1024


def pack_windows(sizes_wh: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Places rectangles on shelves, the highest first.

    Returns:
        The left top corner (x, y) of each rectangle in the order given, and the atlas's width and height, at least 1.
    """
    atlas_width = max([_MIN_WIDTH, *(width for width, _ in sizes_wh)])
    places = [(0, 0)] * len(sizes_wh)
    x = y = shelf_height = 0
    for index in sorted(range(len(sizes_wh)), key=lambda i: (-sizes_wh[i][1], i)):
        width, height = sizes_wh[index]
        if x + width > atlas_width:
            x, y, shelf_height = 0, y + shelf_height, 0
        places[index] = (x, y)
        x += width
        shelf_height = max(shelf_height, height)
    return places, (atlas_width, max(y + shelf_height, 1))
