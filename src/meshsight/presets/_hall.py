"""What stands in a warehouse and in an office, by the names of the built-in objects."""


def builtin(*names: str) -> tuple[str, ...]:
    """Returns references of built-in objects."""
    return tuple(f"builtin:{name}" for name in names)


def family(name: str, *variants: int) -> tuple[str, ...]:
    """Returns references of some objects of a family."""
    return builtin(*(f"{name}/{variant}" for variant in variants))


WAREHOUSE = (
    *family("shelf", 0, 1),
    *family("load", 0, 3),
    *family("pallet", 0, 1, 2, 3),
    *family("cardboard", 0, 1, 2, 3, 4, 5),
    *family("crate", 0, 1, 2, 3, 4, 5),
    *family("drum", 0, 1, 2),
    *family("traffic_cone", 0, 1),
    *family("waste_bin", 1),
    *family("cart", 0),
    *family("bollard", 1),
    *family("ladder", 1),
    *family("sign", 0),
    *family("extinguisher", 0),
)
"""31 things, as many as the source lists for its warehouse."""

OFFICE = (
    *family("table", 0, 1, 2, 3),
    *family("chair", 0, 1, 2, 3),
    *family("cabinet", 0, 1, 2, 3),
    *family("bed", 0, 1),
    *family("screen", 0, 1, 2),
    *family("cart", 0, 1, 2),
    *family("waste_bin", 0, 2, 3),
    *family("shelf", 2),
    *family("ladder", 0, 1),
    *family("crate", 1, 3),
    *family("cardboard", 3),
    *builtin("plant", "lamp", "bottle", "carton", "box_parcel"),
)
"""34 things, as many as the source lists beside them, mostly of offices and hospitals."""

CROWD = (
    *family("rack", 0, 1, 2, 3, 4, 5),
    *family("shelf", 0, 1, 2),
    *family("load", 0, 1, 2, 3, 4, 5, 6, 7),
    *family("load", 0, 1, 2, 3, 4, 5, 6, 7),
    *family("pallet", 0, 1, 2, 3, 4, 5),
    *family("cardboard", 0, 2, 4, 5),
    *family("crate", 2, 3, 4, 5),
    *family("cage", 0, 1),
    *family("forklift", 0, 1, 2),
    *family("cart", 0, 1, 2),
    *family("bollard", 0, 1),
    *family("barrier", 0, 1),
    *family("drum", 0, 1, 3),
    *family("ladder", 0, 1),
    *family("waste_bin", 0, 2),
    *family("traffic_cone", 1),
    *family("table", 0),
    *family("chair", 0, 2),
    *family("cabinet", 1),
)
"""What stands around pallet trucks in working halls; loads twice as often as the rest."""
