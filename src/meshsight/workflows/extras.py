"""Which optional extras of the installed package have all that they need."""

from importlib import metadata

from packaging.requirements import Requirement

PACKAGE = "meshsight"
EXTRAS = ("train", "track", "sweep", "cluster")


def missing_packages(extra: str) -> tuple[str, ...]:
    """Returns the packages of an extra that are not installed, in the order in which it names them."""
    return tuple(item.name for item in _requirements(extra) if not _is_installed(item))


def _requirements(extra: str) -> list[Requirement]:
    found: list[Requirement] = []
    for text in metadata.requires(PACKAGE) or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""}):
            found.append(requirement)
    return found


def _is_installed(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False
