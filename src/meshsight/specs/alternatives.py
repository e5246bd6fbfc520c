"""Fields of a recipe of which exactly one is to be given."""

from meshsight.specs.ranges import AnyDistribution


def check_one_of(**given: AnyDistribution | None) -> None:
    """Refuses none and several of the alternatives, which are named in the message.

    Raises:
        ValueError: not exactly one is given.
    """
    if sum(value is not None for value in given.values()) != 1:
        raise ValueError(f"give either {' or '.join(given)}, and null for the other")
