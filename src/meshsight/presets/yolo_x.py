"""The CV-Bench trainer's `yolo_x`: YOLOX-s, fine-tuned for five epochs with mosaic and mixup."""

from meshsight.presets._cv_bench import five_epochs, print_recipe, slow_sgd
from meshsight.presets.yolox import yolox_detector
from meshsight.specs.mixing import MixupSpec, MosaicSpec
from meshsight.specs.training import TrainSpec


def training() -> TrainSpec:
    """Returns the recipe."""
    spec = five_epochs(yolox_detector(0.33, 0.5), 4, slow_sgd())
    mixed = spec.augmentation.evolve(
        scale=(0.1, 2.0), scale_sampling="uniform", mosaic=MosaicSpec(), mixup=MixupSpec(), min_side_px=1.0
    )
    return spec.evolve(input_hw=(640, 640), augmentation=mixed)


def recipe() -> str:
    """Returns the recipe as commented YAML."""
    return print_recipe(training(), __doc__ or "")
