"""One battery over every kind of detector, and over pairs of parts that make sense together."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from meshsight.models.batch import PADDING, Targets
from meshsight.models.build import build_detector
from meshsight.models.detector import Candidates, Detector
from meshsight.models.detectors import dense, query
from meshsight.models.kinds import BACKBONE_KINDS, DETECTOR_KINDS, HEAD_KINDS, NECK_KINDS, QUERY_KINDS
from meshsight.models.set_prediction.detector import QueryDetector
from meshsight.models.set_prediction.outputs import QueryOutputs
from meshsight.models.weights import load_weights, save_weights
from meshsight.specs.base import parse_spec

from .battery import DECODE, DETECTORS, NUM_CLASSES, SIZE_HW, SOME, make_images, make_targets, total_loss

Build = Callable[[], Detector]


@pytest.fixture(params=sorted(DETECTORS))
def build(request: pytest.FixtureRequest) -> Build:
    """A function that builds one of the detectors, always with the same weights."""

    def make() -> Detector:
        torch.manual_seed(0)
        return build_detector(DETECTORS[request.param], NUM_CLASSES)

    return make


def gradients(detector: Detector, images: Tensor, targets: Targets) -> dict[str, Tensor]:
    detector.zero_grad()
    total_loss(detector, images, targets).backward()
    return {name: p.grad for name, p in detector.named_parameters() if p.grad is not None}


def test_every_kind_is_in_the_battery() -> None:
    specs = list(DETECTORS.values())
    assert {spec.kind for spec in specs} == set(DETECTOR_KINDS.names)
    dense_specs = [spec for spec in specs if isinstance(spec, dense.Spec)]
    assert {spec.backbone.kind for spec in dense_specs} == set(BACKBONE_KINDS.names)
    assert {spec.neck.kind for spec in dense_specs} == set(NECK_KINDS.names)
    assert {spec.head.kind for spec in dense_specs} == set(HEAD_KINDS.names)
    query_specs = [spec for spec in specs if isinstance(spec, query.Spec)]
    assert {spec.architecture.kind for spec in query_specs} == set(QUERY_KINDS.names)


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_spec_survives_json(name: str) -> None:
    spec = DETECTORS[name]
    assert parse_spec(type(spec), spec.model_dump(mode="json"), "here") == spec


@pytest.mark.parametrize("size_hw", [(64, 128), (96, 64)])
def test_raw_outputs_are_finite_and_named(build: Build, size_hw: tuple[int, int]) -> None:
    detector = build()
    assert size_hw[0] % detector.stride == size_hw[1] % detector.stride == 0
    raw = detector.train()(make_images(2, size_hw))
    assert type(raw) is type(detector.eval()(make_images(2, size_hw)))
    for name in raw._fields:
        part = getattr(raw, name)
        assert part.shape[0] == 2 and part.dtype == torch.float32 and bool(part.isfinite().all()), name


@pytest.mark.parametrize("size_hw", [(64, 128), (96, 64)])
def test_candidates_keep_their_promises(build: Build, size_hw: tuple[int, int]) -> None:
    detector = build().eval()
    detector.decode_spec = DECODE.evolve(score_threshold=0.0)
    with torch.no_grad():
        boxes, scores, class_ids = detector.decode(detector(make_images(2, size_hw)), size_hw)
    assert boxes.shape == (*scores.shape, 4) and class_ids.shape == scores.shape
    assert bool((boxes >= 0).all())
    assert bool((boxes <= torch.tensor([size_hw[1], size_hw[0]] * 2)).all())
    assert bool((scores > 0).any()) and bool((scores <= 1).all())
    assert bool((boxes[scores > 0][:, 2:] > boxes[scores > 0][:, :2]).all())
    assert bool((class_ids >= 0).all()) and bool((class_ids < NUM_CLASSES).all())


def test_candidates_score_above_the_threshold_or_zero(build: Build) -> None:
    detector = build().eval()
    raw = detector(make_images(1))
    detector.decode_spec = DECODE.evolve(score_threshold=0.0)
    middle = detector.decode(raw, SIZE_HW).scores.median().item()
    detector.decode_spec = DECODE.evolve(score_threshold=middle)
    scores = detector.decode(raw, SIZE_HW).scores
    assert bool((scores == 0).any()) and bool((scores > middle).any())
    assert bool(((scores == 0) | (scores > middle)).all())


STEPS = {"yolox": 80, "yolox-depthwise": 80, "detr": 200, "rt-detr-v2": 60, "d-fine": 60, "rf-detr": 60}
"""Steps to fall in; the others have 25. What YOLOX learns from changes with its boxes, and it starts slowly, as do
queries that are all alike."""


def test_loss_falls_on_one_image(build: Build, request: pytest.FixtureRequest) -> None:
    detector = build().train()
    optimiser = torch.optim.AdamW(detector.parameters(), lr=2e-3)
    images, targets = make_images(2), SOME
    first = total_loss(detector, images, targets).item()
    for _ in range(STEPS.get(request.node.callspec.params["build"], 25)):
        optimiser.zero_grad()
        loss = total_loss(detector, images, targets)
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.6 * first


def test_a_step_is_the_same_each_time(build: Build) -> None:
    one, two = (gradients(build().train(), make_images(2), SOME) for _ in range(2))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_every_parameter_learns(build: Build) -> None:
    detector = build().train()
    grads = gradients(detector, make_images(2), SOME)
    idle = {name for name, p in detector.named_parameters() if p.requires_grad} - grads.keys()
    # Levels that own no object still learn background, so only unused levels of a backbone may be idle.
    assert all(name.startswith("backbone.") for name in idle), idle


def test_images_of_a_batch_do_not_meet_in_evaluation(build: Build) -> None:
    detector = build().eval()
    images = make_images(3)
    with torch.no_grad():
        together = detector(images)
        apart = [detector(image[None]) for image in images]
    for name in together._fields:
        torch.testing.assert_close(
            getattr(together, name), torch.cat([getattr(raw, name) for raw in apart]), rtol=1e-4, atol=1e-5
        )


def test_padding_changes_nothing(build: Build) -> None:
    detector = build().eval()
    images = make_images(2)
    padded = Targets(
        *(
            torch.cat([part, part.new_full((2, 3, *part.shape[2:]), fill)], dim=1)
            for part, fill in zip(SOME, (0, PADDING, False), strict=True)
        )
    )
    torch.testing.assert_close(
        total_loss(detector, images, padded), total_loss(detector, images, SOME), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize(
    "targets",
    [
        pytest.param(make_targets([], []), id="no columns"),
        pytest.param(make_targets([(0, [4, 6, 40, 50])], []), id="one image empty"),
        pytest.param(make_targets([(0, [4, 6, 5, 7])], [(1, [127, 63, 128, 64])]), id="one-pixel boxes"),
        pytest.param(make_targets([(0, [0, 0, 128, 64])], [(1, [0, 0, 128, 64])]), id="whole images"),
        pytest.param(make_targets([(0, [4, 6, 40, 50]), (1, [4, 6, 40, 50])], []), id="the same box twice"),
    ],
)
def test_unusual_targets_give_finite_losses_and_gradients(build: Build, targets: Targets) -> None:
    detector = build().train()
    grads = gradients(detector, make_images(2), targets)
    assert all(bool(grad.isfinite().all()) for grad in grads.values())


WITH_BACKGROUND = ("class", "objectness", "negative_bag", "proposal_class", "softmax_class", "edge_distillation")
"""The loss terms that every place of an image adds to; all others come from objects alone."""
IS_MEAN = {"proposal_class", "softmax_class"}
"""Detectors with one of these terms average over all that counts, so that less background makes other terms larger."""


def of_objects(losses: dict[str, Tensor]) -> Tensor:
    return torch.stack([term for name, term in losses.items() if name not in WITH_BACKGROUND]).sum()


def of_background(losses: dict[str, Tensor]) -> Tensor:
    return torch.stack([term for name, term in losses.items() if name in WITH_BACKGROUND]).sum()


def test_one_pixel_objects_are_learnt(build: Build) -> None:
    detector = build().eval()
    raw = detector(make_images(1))
    with_object = detector.loss(raw, make_targets([(0, [20, 20, 21, 21])]), SIZE_HW)
    assert of_objects(with_object).item() > 0


def test_no_objects_teach_background(build: Build) -> None:
    detector = build().train()
    grads = gradients(detector, make_images(2), make_targets([], []))
    assert sum(grad.abs().sum().item() for grad in grads.values()) > 0
    losses = detector.loss(detector(make_images(2)), make_targets([], []), SIZE_HW)
    assert of_objects(losses).item() == 0


def apart(raw: NamedTuple) -> NamedTuple:
    """Moves the boxes of fresh queries, which all lie in the middle of the image, to places side by side."""
    if not isinstance(raw, QueryOutputs):
        return raw
    places = torch.linspace(0.1, 0.9, raw.boxes.shape[1])
    boxes = torch.full_like(raw.boxes, 0.1)
    boxes[..., 0], boxes[..., 1] = places[:, None], 0.5
    return raw._replace(boxes=boxes, first_boxes=boxes[:, : raw.first_boxes.shape[1], 0])


def test_ignored_regions_teach_nothing(build: Build) -> None:
    """An ignored region that covers everything near takes every gradient away inside it, whatever its class."""
    detector = build().eval()
    raw = detector(make_images(1))
    raw = type(raw)(*(part.detach().requires_grad_() for part in apart(raw)))
    region = [0.0, 0.0, 64.0, 64.0]
    losses = detector.loss(raw, make_targets([(0, region)], ignored=(0,)), SIZE_HW)
    assert of_objects(losses).item() == 0
    of_background(losses).backward()
    grads = [part.grad for part in raw if part.grad is not None and part.shape[1] == raw[0].shape[1]]
    silent = torch.stack([grad.abs().flatten(2).sum(dim=2)[0] for grad in grads]).sum(dim=0) == 0
    assert bool(silent.any()) and not bool(silent.all())
    everywhere = detector.loss(raw, make_targets([]), SIZE_HW)
    if not IS_MEAN & losses.keys():
        assert of_background(losses).item() < of_background(everywhere).item()
    other = detector.loss(raw, make_targets([(2, region)], ignored=(0,)), SIZE_HW)
    assert of_background(other).item() == of_background(losses).item()


def test_an_object_beside_an_ignored_region_is_learnt(build: Build) -> None:
    detector = build().eval()
    raw = detector(make_images(1))
    alone = detector.loss(raw, make_targets([(0, [4, 6, 40, 50])]), SIZE_HW)
    beside = detector.loss(raw, make_targets([(0, [4, 6, 40, 50]), (1, [0, 0, 128, 64])], ignored=(1,)), SIZE_HW)
    if IS_MEAN & alone.keys():
        assert of_objects(beside).item() > 0
        return
    torch.testing.assert_close(of_objects(beside), of_objects(alone))
    assert of_background(beside).item() < of_background(alone).item()


def test_weights_survive_a_file(build: Build, tmp_path: Path) -> None:
    detector = build().train()
    total_loss(detector, make_images(2), SOME).backward()
    torch.optim.SGD(detector.parameters(), lr=1e-3).step()
    save_weights(tmp_path / "w.safetensors", detector, ("bolt", "nut", "washer"))
    other = build()
    assert load_weights(tmp_path / "w.safetensors", other) == ("bolt", "nut", "washer")
    with torch.no_grad():
        assert all(
            torch.equal(a, b)
            for a, b in zip(detector.eval()(make_images(1)), other.eval()(make_images(1)), strict=True)
        )


class Graph(torch.nn.Module):
    """What an exporter exports: images in, candidates out."""

    def __init__(self, detector: Detector):
        super().__init__()
        self.detector = detector

    def forward(self, images: Tensor) -> Candidates:
        return self.detector.decode(self.detector(images), SIZE_HW)


EXPORTED = (
    "coverage",
    "tiny-fpn-aligned",
    "tiny-fpn-retina",
    "tiny-fpn-tood",
    "two-stage",
    "yolov3",
    "yolox",
    "detr",
    "rt-detr-v2",
    "d-fine",
    "rf-detr",
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", EXPORTED)
def test_exported_graph_equals_torch(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    detector = build_detector(DETECTORS[name], NUM_CLASSES)
    for part in detector.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None  # take the statistics of the next batch, so that cells differ
    if isinstance(detector, QueryDetector):
        with torch.no_grad():  # fresh queries differ too little to be told apart
            for part in detector.network.parameters():
                part.add_(torch.randn_like(part) * 0.3)
    detector.train()(make_images(4))
    detector.eval()
    detector.decode_spec = DECODE.evolve(score_threshold=0.0)
    graph = Graph(detector).eval()
    path = tmp_path / "detector.onnx"
    torch.onnx.export(
        graph, (make_images(2),), path, dynamo=True, verbose=False, dynamic_shapes=({0: torch.export.Dim.DYNAMIC},)
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    images = make_images(3)
    with torch.no_grad():
        expected = Candidates(*(part.numpy() for part in graph(images)))
    found = Candidates(*session.run(None, {session.get_inputs()[0].name: images.numpy()}))
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-4)
    for image in range(len(images)):
        # Nearly equal scores may swap places, and the last ones with those just cut off.
        ours, theirs = (np.column_stack([c.class_ids[image] * 1e3, c.boxes[image]]) for c in (found, expected))
        away = np.abs(ours[None] - theirs[:, None]).max(axis=2).min(axis=1)
        is_certain = expected.scores[image] > expected.scores[image].min() * 1.001
        assert is_certain.sum() >= 10
        assert away[is_certain].max() <= 1e-4 * max(SIZE_HW)
