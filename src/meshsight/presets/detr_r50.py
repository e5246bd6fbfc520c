"""The CV-Bench trainer's `detr_r50`: DETR on ResNet-50, five epochs from ImageNet weights (it loaded none of COCO)."""

from meshsight.presets._cv_bench import five_epochs, print_recipe
from meshsight.presets.detr import OPTIMISER, detr_detector
from meshsight.specs.training import TrainSpec


def training() -> TrainSpec:
    """Returns the recipe."""
    return five_epochs(detr_detector(), 4, OPTIMISER.evolve(base_batch_size=None)).evolve(clip_norm=0.1)


def recipe() -> str:
    """Returns the recipe as commented YAML."""
    return print_recipe(training(), __doc__ or "")
