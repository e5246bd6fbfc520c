"""Names for images in formats that keep them all in one folder."""

from pathlib import PurePosixPath


class FlatNames:
    """Gives each image a name of its own without folders: its stem, or more of its path where the stem is taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def stem(self, image: str) -> str:
        """Returns a stem that no earlier image has, whatever the case of its letters."""
        parts = PurePosixPath(image).with_suffix("").parts
        candidates = ["_".join(parts[-count:]) for count in range(1, len(parts) + 1)]
        number = 2
        while candidates[0].casefold() in self._taken:
            candidates = candidates[1:] or [f"{'_'.join(parts)}_{number}"]
            number += 1
        self._taken.add(candidates[0].casefold())
        return candidates[0]
