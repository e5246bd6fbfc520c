"""Networks that look at one patch of 16x16 pixels: NaoTH's published sizes, and their like, ready to train.

NaoTH train with batches of 128, Adam at 0.0001, for up to 2000 epochs; here the rate is higher and falls, which takes
fewer epochs. The variants `hard` are what did best on the validation scenes of `benchmarks/ball_patches.py`: tens of
thousands of patches, small batches, a high rate, nothing that holds so small a network back (it never learns by heart),
and mistakes of both kinds cost alike.
"""

from collections.abc import Callable
from functools import partial
from itertools import product

from meshsight.models.patch.families import circle, classifier, early_exit, joint
from meshsight.models.patch.published import (
    NAOTH_DENSE,
    NAOTH_FILTERS,
    naoth_circle,
    naoth_classifier,
    naoth_go24,
    naoth_tiny,
)
from meshsight.models.patch.spec import CircleLossSpec, ClassLossSpec, PatchSpec
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.patch_training import PatchTrainSpec, PatchValidationSpec
from meshsight.specs.schedule import WarmUpSpec

USUAL = ((4, 4, 8, 8), 64)
PARAMETERS = dict(
    zip(
        product(NAOTH_FILTERS, NAOTH_DENSE),
        (582, 694, 918, 1366, 1022, 1198, 1550, 2254, 3370, 3674, 4282, 5498, 15698, 16770, 18914, 23202),
        strict=True,
    )
)
"""Of NaoTH's sixteen classifiers, by filters and dense width, counted as Keras does."""


def joint_net(filters: tuple[int, ...] = (4, 4, 8, 8), dense: int = 64) -> joint.Spec:
    """Returns NaoTH's trunk with both outputs: class and circle from one look."""
    return joint.Spec(filters=filters, dense=(dense,), class_loss=ClassLossSpec(false_negative_cost=1.0))


def early_exit_net() -> early_exit.Spec:
    """Returns Nao Devils' idea on NaoTH's trunk, on 32x32 patches: what is clearly no ball is given up early."""
    costs = ClassLossSpec(false_positive_cost=10.0, false_negative_cost=1.0, focal_gamma=2.0)
    return early_exit.Spec(input_hw=(32, 32), filters=(8, 8, 16, 16, 16), class_loss=costs)


def patch_training(net: PatchSpec) -> PatchTrainSpec:
    """Returns the recipe that trains a network."""
    return PatchTrainSpec(net=net, epochs=60, optimiser=AdamWSpec(learning_rate=3e-3, weight_decay=0.0))


def hard_training(net: classifier.Spec | circle.Spec) -> PatchTrainSpec:
    """Returns the recipe for many hard patches."""
    free = net.evolve(dropout=0.0, penalty=None)
    if isinstance(net, classifier.Spec):
        free = free.evolve(class_loss=ClassLossSpec(false_negative_cost=1.0))
    else:
        free = free.evolve(circle_loss=CircleLossSpec(kind="huber", huber_delta=0.1))
    return PatchTrainSpec(
        net=free,
        epochs=8 if isinstance(net, classifier.Spec) else 20,
        batch_size=64,
        optimiser=AdamWSpec(
            learning_rate=1.5e-2 if isinstance(net, classifier.Spec) else 2e-2, weight_decay=0.0, beta2=0.99
        ),
        warm_up=WarmUpSpec(steps=100),
        validation=PatchValidationSpec(precision=0.97),
    )


def _variants() -> dict[str, Variant]:
    found: dict[str, Variant] = {}
    sizes = sorted(PARAMETERS, key=lambda size: size != USUAL)  # the usual one first
    for filters, dense in sizes:
        count, size = PARAMETERS[filters, dense], f"filters {' '.join(map(str, filters))}, dense {dense}"
        makers = (
            ("", naoth_classifier, f"NaoTH's classifier of {count:,} parameters: {size}"),
            ("_circle", naoth_circle, f"NaoTH's regressor of radius and centre on the same trunk: {size}"),
            ("_joint", joint_net, f"class and circle from the same trunk: {size}"),
        )
        for ending, make, about in makers:
            found[f"{count}{ending}"] = Variant(make=partial(_recipe, partial(make, filters, dense)), about=about)
    others = {
        "go24": (naoth_go24, "NaoTH's classifier of the German Open 2024, 36,402 parameters"),
        "tiny1": (partial(naoth_tiny, 1), "NaoTH's tiny classifier for patches of a segmentation, 1,285 parameters"),
        "tiny2": (partial(naoth_tiny, 2), "the same, which stops at the first pooling, 629 parameters"),
        "tiny3": (partial(naoth_tiny, 3), "the first with the position channel, 1,357 parameters"),
        "early_exit": (early_exit_net, "after Nao Devils: 32x32, gives up early on what is clearly no ball"),
    }
    for name, (make, about) in others.items():
        found[name] = Variant(make=partial(_recipe, make), about=about)
    hard = {
        "1550_hard": (naoth_classifier, "NaoTH's classifier of 1,550 parameters, for many hard patches"),
        "1550_circle_hard": (naoth_circle, "its twin that finds radius and centre, for many hard patches"),
    }
    for name, (make, about) in hard.items():
        found[name] = Variant(make=partial(_hard_recipe, make), about=about)
    return found


def _recipe(make: Callable[[], PatchSpec]) -> PatchTrainSpec:
    return patch_training(make())


def _hard_recipe(make: Callable[[], classifier.Spec | circle.Spec]) -> PatchTrainSpec:
    return hard_training(make())


VARIANTS = _variants()


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML.

    Raises:
        CallError: there is no such variant.
    """
    return print_variant("patch", VARIANTS, variant, __doc__ or "")
