"""The CV-Bench trainer's `tood_r50_fpn`: TOOD on ResNet-50 with FPN, fine-tuned for five epochs."""

from meshsight.presets._cv_bench import five_epochs, print_recipe, slow_sgd
from meshsight.presets.tood import tood_detector
from meshsight.specs.training import TrainSpec


def training() -> TrainSpec:
    """Returns the recipe."""
    return five_epochs(tood_detector(), 16, slow_sgd())


def recipe() -> str:
    """Returns the recipe as commented YAML."""
    return print_recipe(training(), __doc__ or "")
