"""From a DetectNet_v2 training specification of NVIDIA's TAO Toolkit to a recipe of ours, and what is lost."""

import math
from collections.abc import Iterable
from typing import NamedTuple

from meshsight.core.errors import SpecError
from meshsight.core.prototext import Message
from meshsight.models.backbones import resnet
from meshsight.models.detectors import dense
from meshsight.models.heads import coverage
from meshsight.models.necks import level
from meshsight.specs.augmentation import AugmentationSpec, ColourJitterSpec
from meshsight.specs.decoding import DecodeSpec
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.schedule import ExponentialSpec, WarmUpSpec
from meshsight.specs.training import CheckpointSpec, TrainSpec, ValidationSpec

STRIDE = 16
DEPTHS = (18, 34, 50, 101)


class Converted(NamedTuple):
    """A recipe, and a line for each field that it does not keep."""

    spec: TrainSpec
    lost: tuple[str, ...]


def convert_tao(found: Message) -> Converted:
    """Maps a specification; what nobody asks of it is lost, and named.

    Raises:
        SpecError: no specification of DetectNet_v2, or a network that is not here.
    """
    model, training = found.message("model_config"), found.message("training_config")
    if not model.fields or not training.fields:
        raise SpecError("no training specification of DetectNet_v2: it has no model_config or no training_config")
    classes = _classes(found.message("dataset_config"))
    preprocessing = found.message("augmentation_config").message("preprocessing")
    size_hw = _size_hw(preprocessing)
    epochs = training.number("num_epochs", 120.0)
    evaluation = found.message("evaluation_config")
    head, score_threshold = _head(found, classes, epochs)
    optimiser, warm_up, schedule = _learning(training)
    spec = TrainSpec(
        detector=dense.Spec(
            backbone=_backbone(model),
            neck=level.Spec(stride=STRIDE),
            head=head,
            decode=DecodeSpec(score_threshold=score_threshold, nms_iou=1.0),
        ),
        classes=classes or None,
        input_hw=size_hw,
        epochs=epochs,
        batch_size=int(training.number("batch_size_per_gpu", 8.0)),
        optimiser=optimiser,
        warm_up=warm_up,
        schedule=schedule,
        clip_norm=None,
        ema_decay=None,
        augmentation=_augmentation(found.message("augmentation_config"), preprocessing, size_hw),
        validation=ValidationSpec(
            every_epochs=evaluation.number("validation_period_during_training", 10.0), metric="ap50"
        ),
        checkpoints=CheckpointSpec(keep_every_epochs=training.number("checkpoint_interval", 10.0)),
        seed=int(found.number("random_seed", 42.0)),
    )
    return Converted(spec, tuple(found.unasked()))


def _classes(data: Message) -> tuple[str, ...]:
    """Returns the classes in order; a mapping of a name to itself is kept, any other is lost and named."""
    names: dict[str, None] = {}
    for mapping in data.messages("target_class_mapping"):
        value = mapping.text("value")
        names[value] = None
        if mapping.fields and dict(mapping.fields).get("key") == value:
            mapping.text("key")
    return tuple(names)


def _size_hw(preprocessing: Message) -> tuple[int, int]:
    sides = [
        int(preprocessing.number(f"output_image_{side}", size)) for side, size in (("height", 544), ("width", 960))
    ]
    if any(side % STRIDE for side in sides):
        raise SpecError(f"preprocessing: expected sides that are multiples of {STRIDE}, found {sides[1]}x{sides[0]}")
    return sides[0], sides[1]


def _backbone(model: Message) -> resnet.Spec:
    if not model.flag("use_batch_norm", default=True):
        raise SpecError("model_config.use_batch_norm: a network without batch normalisation is not here")
    arch, depth = model.text("arch", "resnet"), int(model.number("num_layers", 18.0))
    if arch != "resnet" or depth not in DEPTHS:
        raise SpecError(f"model_config: expected resnet of {DEPTHS} layers, found {arch} of {depth}")
    return resnet.Spec.model_validate(
        {"depth": depth, "output_stride": STRIDE, "norm": "frozen" if model.flag("freeze_bn") else "batch"}
    )


def _head(found: Message, classes: tuple[str, ...], epochs: float) -> tuple[coverage.Spec, float]:
    """Returns the head, and the score from which on it detects. Settings of a class are those of the first one."""
    objectives = found.message("model_config").message("objective_set")
    box, _ = objectives.message("bbox"), objectives.message("cov")
    clustering = found.message("postprocessing_config").message("target_class_config")
    clustering.text("key")
    clustering = clustering.message("value").message("clustering_config")
    rasterizer = found.message("bbox_rasterizer_config")
    ellipse = rasterizer.message("target_class_config")
    ellipse.text("key")
    ellipse = ellipse.message("value")
    _keep_if(ellipse, {"cov_center_x": 0.5, "cov_center_y": 0.5})
    costs = found.message("cost_function_config")
    _keep_if(costs, {"max_objective_weight": 0.9999, "min_objective_weight": 0.0001})
    weights, first, wanted = _cost_weights(costs.messages("target_classes"), classes)
    confidence = clustering.number("dbscan_confidence_threshold", 0.9)
    spec = coverage.Spec(
        box_scale=box.number("scale", 35.0),
        box_offset=box.number("offset", 0.5),
        coverage_radius=(ellipse.number("cov_radius_x", 1.0), ellipse.number("cov_radius_y", 1.0)),
        min_radius=ellipse.number("bbox_min_radius", 1.0),
        dead_zone=rasterizer.number("deadzone_radius", 0.4),
        foreground_weight=weights[0],
        class_weights=weights[1],
        first_weights=first,
        target_weights=wanted,
        num_updates=round(epochs) if costs.flag("enable_autoweighting", default=True) else 0,
        coverage_threshold=clustering.number("coverage_threshold", 0.005),
        eps=clustering.number("dbscan_eps", 0.15),
        min_coverage=max(int(clustering.number("dbscan_min_samples", 0.05)), 1),
        min_height_px=clustering.number("minimum_bounding_box_height", 20.0),
    )
    if clustering.text("clustering_algorithm", "DBSCAN") != "DBSCAN":
        raise SpecError("clustering_config.clustering_algorithm: meshsight clusters by DBSCAN; found another")
    return spec, confidence / (1 + confidence)


Pair = tuple[float, float]


def _cost_weights(
    targets: Iterable[Message], classes: tuple[str, ...]
) -> tuple[tuple[float, tuple[float, ...] | None], Pair, Pair]:
    """Returns foreground and class weights, and first and wanted weights of coverage and box, of the first class."""
    by_class: dict[str, float] = {}
    foreground, first, wanted = 0.05, {"cov": 1.0, "bbox": 10.0}, {"cov": 1.0, "bbox": 10.0}
    for index, target in enumerate(targets):
        by_class[target.text("name")] = target.number("class_weight", 1.0)
        if index:  # the first class's are taken for all; only what differs is lost
            _keep_if(target, {"coverage_foreground_weight": foreground})
            continue
        foreground = target.number("coverage_foreground_weight", 0.05)
        for objective in target.messages("objectives"):
            name = objective.text("name")
            first[name] = objective.number("initial_weight", first.get(name, 1.0))
            wanted[name] = objective.number("weight_target", wanted.get(name, 1.0))
    weights = tuple(by_class.get(name, 1.0) for name in classes)
    return (
        (foreground, weights if len(set(weights)) > 1 else None),
        (first["cov"], first["bbox"]),
        (wanted["cov"], wanted["bbox"]),
    )


def _learning(training: Message) -> tuple[AdamWSpec, WarmUpSpec, ExponentialSpec]:
    """Returns Adam, the exponential rise at the start and the exponential fall at the end."""
    rate = training.message("learning_rate").message("soft_start_annealing_schedule")
    low, high = rate.number("min_learning_rate", 5e-6), rate.number("max_learning_rate", 5e-4)
    adam = training.message("optimizer").message("adam")
    _keep_if(adam, {"epsilon": 1e-8})
    beta1, beta2 = adam.number("beta1", 0.9), adam.number("beta2", 0.999)
    return (
        AdamWSpec(learning_rate=high, weight_decay=0.0, beta1=beta1, beta2=beta2),
        WarmUpSpec(share=rate.number("soft_start", 0.1), start_factor=low / high, curve="exponential"),
        ExponentialSpec(begins=rate.number("annealing", 0.7), final_factor=low / high),
    )


def _augmentation(found: Message, preprocessing: Message, size_hw: tuple[int, int]) -> AugmentationSpec:
    place, colour = found.message("spatial_augmentation"), found.message("color_augmentation")
    smallest = preprocessing.number("min_bbox_width", 1.0)
    _keep_if(preprocessing, {"output_image_channel": 3.0, "min_bbox_height": smallest})
    _keep_if(colour, {"color_shift_stddev": 0.0, "contrast_center": 0.5})
    shift = max(place.number("translate_max_x", 0.0) / size_hw[1], place.number("translate_max_y", 0.0) / size_hw[0])
    return AugmentationSpec(
        hflip=place.number("hflip_probability", 0.5),
        vflip=place.number("vflip_probability", 0.0),
        scale=(place.number("zoom_min", 1.0), place.number("zoom_max", 1.0)),
        scale_sampling="uniform",
        translate=shift,
        rotate_deg=place.number("rotate_rad_max", 0.0) * 57.29577951308232,
        colour=ColourJitterSpec(
            brightness=0.0,
            contrast=colour.number("contrast_scale_max", 0.0),
            saturation=colour.number("saturation_shift_max", 0.0),
            hue_deg=colour.number("hue_rotation_max", 0.0),
            channel_gain=0.0,
        ),
        min_remaining=0.0,
        min_side_px=smallest,
    )


def _keep_if(message: Message, expected: dict[str, float]) -> None:
    """Counts fields as kept whose value is the one that we have without a setting."""
    for name, value in message.fields:
        if name in expected and isinstance(value, float) and math.isclose(value, expected[name], rel_tol=1e-6):
            message.number(name, expected[name])
