"""A detector together with how images are looked at: thresholds, views, members of an ensemble, tiles."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from meshsight.core.errors import CallError
from meshsight.records.detections import ObjectDetector
from meshsight.runtime.fusion import Fusion
from meshsight.runtime.tiling import TiledDetector
from meshsight.runtime.views import Adjustable, MultiViewDetector, View, class_ids_of
from meshsight.specs.base import parse_spec
from meshsight.specs.inference import FUSION_KINDS, DecodeChanges, InferenceSpec, PseudoLabelSpec
from meshsight.specs.recipe import apply_overrides
from meshsight.workflows.opening import OpenedDetector, open_detector, open_with_history

ONE_LOOK = InferenceSpec()


def open_looking(target: Path, spec: InferenceSpec = ONE_LOOK, device: str = "auto") -> OpenedDetector:
    """Opens a run or an artifact that looks at images as a spec says.

    Raises:
        ArtifactError: there is no run and no artifact, or it is damaged.
        CallError: another scale is asked of an artifact, or the members of an ensemble know other classes.
    """
    opened = open_with_history(target, device)
    members = [(target, opened.detector, 1.0)]
    members += [(Path(one.path), open_detector(Path(one.path), device), one.weight) for one in spec.members]
    classes = opened.detector.classes
    views: list[View] = []
    for path, detector, weight in members:
        class_ids = class_ids_of(detector, classes, str(path))
        for scale, flip in product(spec.scales, spec.flips):
            adjusted = _adjusted(detector, spec.decode, scale, path)
            views.append(View(detector=adjusted, flip=flip, weight=weight, class_ids=class_ids))
    return replace(opened, detector=_joined(views, classes, spec))


def read_inference(
    *,
    is_mirrored: bool = False,
    tile_px: int | None = None,
    members: Sequence[str] = (),
    overrides: Sequence[str] = (),
) -> InferenceSpec:
    """Returns the spec that a user means by a few words.

    Args:
        is_mirrored: look at the mirrored image, too.
        tile_px: side of the tiles of large images; None for none.
        members: more detectors to join.
        overrides: `path.to.field=value`.

    Raises:
        SpecError: a value does not fit.
    """
    data: dict[str, object] = {"members": [{"path": path} for path in members]}
    if is_mirrored:
        data["flips"] = ["none", "horizontal"]
    if tile_px is not None:
        data["tiling"] = {"size_px": tile_px}
    return parse_spec(InferenceSpec, apply_overrides(data, overrides), "how images are looked at")


def read_thresholds(words: Sequence[str], overrides: Sequence[str] = ()) -> PseudoLabelSpec:
    """Returns the spec that a user means by `0.6` (for all classes) and `mug=0.7` (for one).

    Raises:
        CallError: a word is neither.
        SpecError: a threshold is no share.
    """
    data: dict[str, object] = {}
    by_class: dict[str, float] = {}
    for word in words:
        name, _, value = word.rpartition("=")
        try:
            number = float(value)
        except ValueError as error:
            raise CallError(f"--threshold {word}: expected a number in 0..1, or CLASS=NUMBER") from error
        if name:
            by_class[name] = number
        else:
            data["threshold"] = number
    return parse_spec(PseudoLabelSpec, apply_overrides({**data, "by_class": by_class}, overrides), "--threshold")


def _joined(views: list[View], classes: tuple[str, ...], spec: InferenceSpec) -> ObjectDetector:
    detector = views[0].detector
    if len(views) > 1 or views[0].flip != "none":
        fusion: Fusion = FUSION_KINDS.builder(spec.fusion.kind)(spec.fusion)
        detector = MultiViewDetector(views, classes, fusion, spec.max_detections)
    return detector if spec.tiling is None else TiledDetector(detector, spec.tiling, spec.max_detections)


def _adjusted(detector: ObjectDetector, changes: DecodeChanges, scale: float, path: Path) -> ObjectDetector:
    is_changed = changes != DecodeChanges()
    if not is_changed and scale == 1.0:
        return detector
    if not isinstance(detector, Adjustable):
        raise CallError(f"{path}: this kind of detector has no thresholds or input size that can be changed")
    changed = detector.with_decode(changes.applied_to(detector.decode_spec)) if is_changed else detector
    return changed.with_scale(scale) if scale != 1.0 else changed
