"""Networks that teams have published, as specs.

NaoTH's are those of BerlinUnited/NaoTH-Deeplearning, `ball-detection`, in Keras. Two deviations of the networks built
from these specs: batch statistics move by torch's momentum of 0.1 instead of 0.01, as short trainings need, and the
values are flattened channel by channel instead of pixel by pixel, which no training can tell.
"""

from meshsight.models.patch.families import circle, classifier
from meshsight.models.patch.spec import BlockSpec

NAOTH_FILTERS = ((4, 4, 4, 4), (4, 4, 8, 8), (8, 8, 16, 16), (8, 16, 32, 64))
NAOTH_DENSE = (16, 32, 64, 128)


def naoth_classifier(filters: tuple[int, ...] = (4, 4, 8, 8), dense: int = 64) -> classifier.Spec:
    """Returns a net of NaoTH's sweep over `NAOTH_FILTERS` and `NAOTH_DENSE`."""
    return classifier.Spec(filters=filters, dense=(dense,))


def naoth_circle(filters: tuple[int, ...] = (4, 4, 8, 8), dense: int = 64) -> circle.Spec:
    """Returns NaoTH's regressor: the same trunk, three linear outputs."""
    return circle.Spec(filters=filters, dense=(dense,))


def naoth_go24() -> classifier.Spec:
    """Returns NaoTH's classifier of the German Open 2024: 36,402 parameters, strides instead of pooling."""
    return classifier.Spec(
        blocks=(
            BlockSpec(filters=16, kernel=5, has_norm=False),
            BlockSpec(filters=16, kernel=5, stride=2, is_padded=False, has_norm=False),
            BlockSpec(filters=16, is_padded=False, has_norm=False),
            BlockSpec(filters=16, is_padded=False, has_norm=False),
        ),
        dense=(256, 32),
        dropout=0.1,
        slope=0.0,
    )


def naoth_tiny(version: int = 1) -> classifier.Spec:
    """Returns a tiny classifier of NaoTH for patches of a segmentation: of 1,285, 629 or 1,357 parameters.

    Args:
        version: 1; 2, which stops at the first pooling; or 3, which is 1 with the position channel.
    """
    assert version in (1, 2, 3), version
    filters_and_pool = ((8, 1), (4, 2), (8, 2), (8, 2))[: 2 if version == 2 else 4]
    blocks = tuple(BlockSpec(filters=filters, pool=pool, has_norm=False) for filters, pool in filters_and_pool)
    return classifier.Spec(blocks=blocks, dense=(), penalty=None, output="sigmoid", has_position=version == 3)
