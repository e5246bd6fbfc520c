"""Names for images in the folder that a format keeps them in."""

from pathlib import PurePosixPath

from meshsight.core.container import is_container_name


def path_within(folder: str, image: str) -> str:
    """Returns the path of an image that moves into a folder and keeps its own folders.

    Args:
        folder: where it goes, such as "images"; an image that lies in a folder of that name stays where it is.
        image: its path in the data set that it comes from; a container on the way becomes a folder.
    """
    *parents, name = PurePosixPath(image).parts
    places = [PurePosixPath(part).stem if is_container_name(part) else part for part in parents]
    return "/".join([*([] if places[:1] == [folder] else [folder]), *places, name])


class FlatNames:
    """Gives each image a name of its own without folders: its stem, or more of its path where the stem is taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def stem(self, image: str) -> str:
        """Returns a stem that no earlier image has, whatever the case of its letters."""
        name = image.rpartition("/")[2]
        if "." in name and (stem := name.rpartition(".")[0]) and (folded := stem.casefold()) not in self._taken:
            self._taken.add(folded)
            return stem
        parts = PurePosixPath(image).with_suffix("").parts
        candidates = ["_".join(parts[-count:]) for count in range(1, len(parts) + 1)]
        number = 2
        while candidates[0].casefold() in self._taken:
            candidates = candidates[1:] or [f"{'_'.join(parts)}_{number}"]
            number += 1
        self._taken.add(candidates[0].casefold())
        return candidates[0]
