"""Evaluation from folder to page, with a detector that sees coloured squares."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from meshsight.core.errors import ArtifactError, CallError, DataError
from meshsight.core.files import sha256_of_file
from meshsight.core.images import RgbImage, write_image
from meshsight.records.artifact import ArtifactManifest, Fingerprints, InputSignature, Parity, write_manifest
from meshsight.records.dataset import Dataset
from meshsight.records.detections import Detections
from meshsight.records.report import report_from_json
from meshsight.records.sample import Box, ObjectLabel, Sample
from meshsight.specs.decoding import DecodeSpec
from meshsight.specs.evaluation import EvaluationSpec
from meshsight.workflows.class_matching import match_classes
from meshsight.workflows.detecting import detect, spread
from meshsight.workflows.evaluate import Evaluated, evaluate, measure_opened, write_evaluation
from meshsight.workflows.opening import ModelFacts, OpenedDetector, open_detector

COLORS = {"mug": (255, 0, 0), "can": (0, 255, 0), "box": (0, 0, 255)}
SPEC = EvaluationSpec(num_bootstrap=50)
SQUARE: Box = (10.0, 20.0, 40.0, 50.0)


class SquareFinder:
    """Finds the coloured square of each class it knows, exactly."""

    classes = ("mug", "can")

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict(self, images: Sequence[RgbImage]) -> list[Detections]:
        self.batches.append(len(images))
        return [self._find(image) for image in images]

    def _find(self, image: RgbImage) -> Detections:
        boxes = []
        ids = []
        for class_id, name in enumerate(self.classes):
            rows, columns = np.nonzero((image == COLORS[name]).all(axis=2))
            if rows.size:
                boxes.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
                ids.append(class_id)
        return Detections(
            boxes=np.array(boxes, np.float32).reshape(-1, 4),
            scores=np.full(len(ids), 0.9, np.float32),
            class_ids=np.array(ids, np.int64),
        )


def make_dataset(root: Path, name: str, classes: tuple[str, ...], num: int, missing: int = 0) -> Dataset:
    """One square an image, in turn of each class; in the first `missing` images it is labelled but not drawn."""
    samples = []
    for i in range(num):
        class_id = i % len(classes)
        x1, y1, x2, y2 = (int(v) for v in SQUARE)
        image = np.zeros((64, 96, 3), np.uint8)
        if i >= missing:
            image[y1:y2, x1:x2] = COLORS[classes[class_id]]
        write_image(root / name / f"{i}.png", image)
        label = ObjectLabel(class_id=class_id, box=SQUARE)
        samples.append(Sample(image=f"{i}.png", size_hw=(64, 96), objects=(label,), frame=i, group=str(i)))
    return Dataset(
        root=root / name,
        classes=classes,
        num_samples=num,
        samples=lambda: iter(samples),
        name=name,
        fingerprint=None,
    )


def evaluated(datasets: Sequence[Dataset], out: Path) -> Evaluated:
    opened = OpenedDetector(
        detector=SquareFinder(),
        kind="run",
        facts=ModelFacts(model="squares"),
        losses={"total": ([1, 2], [3.0, 2.0])},
        validation={"AP": ([2], [0.5])},
    )
    return write_evaluation("a run", measure_opened(opened, datasets, SPEC), out)


def test_two_data_sets_give_figures_a_gap_and_a_page(tmp_path: Path) -> None:
    synthetic = make_dataset(tmp_path, "synthetic", ("mug", "can"), 20)
    real = make_dataset(tmp_path, "real", ("mug", "can"), 20, missing=10)
    result = evaluated([synthetic, real], tmp_path / "out")
    assert result.ap == pytest.approx(1.0)
    assert [report.headline.ap50 for report in result.reports] == pytest.approx([1.0, 51 / 101])
    (gap,) = result.gaps
    assert (gap.first, gap.other, gap.gap) == ("synthetic", "real", pytest.approx(50 / 101))
    assert gap.interval is not None and 0.2 < gap.interval.low < gap.gap < gap.interval.high < 0.8

    data = json.loads(result.json_path.read_text())
    assert data["ap50"] == result.ap50
    assert data["gaps"][0]["gap"] == gap.gap
    read_back = [report_from_json(report, "evaluation.json") for report in data["reports"]]
    assert tuple(read_back) == result.reports

    page = result.page_path.read_text()
    for title in ("Result on synthetic", "Result on real", "The gap", "Worst mistakes: real", "Training"):
        assert f">{title}<" in page


def test_an_artifact_is_evaluated_without_torch(tmp_path: Path) -> None:
    """The graph answers the square of a mug for every image, whatever it shows."""
    make_artifact(tmp_path / "artifact")
    make_coco(tmp_path / "photos", make_dataset(tmp_path, "pictures", ("mug",), 4))
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path\n"
        "from meshsight.workflows.evaluate import evaluate\n"
        "result = evaluate(Path('artifact'), data=['photos=photos'], out=Path('out'))\n"
        "print(result.ap, result.reports[0].name)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ap, name = done.stdout.split()
    assert float(ap) == pytest.approx(1.0)
    assert name == "photos"


def make_artifact(folder: Path) -> None:
    folder.mkdir()
    constants = {
        "box": np.array([[SQUARE]], np.float32),
        "score": np.array([[0.9]], np.float32),
        "id": np.array([[0]], np.int64),
        "one": np.array([1], np.int64),
        "shape": np.array([1, 4], np.int64),
    }
    nodes = [
        helper.make_node("Shape", ["images"], ["b"], start=0, end=1),
        helper.make_node("Concat", ["b", "one"], ["b1"], axis=0),
        helper.make_node("Concat", ["b", "shape"], ["b14"], axis=0),
        helper.make_node("Expand", ["box", "b14"], ["boxes"]),
        helper.make_node("Expand", ["score", "b1"], ["scores"]),
        helper.make_node("Expand", ["id", "b1"], ["class_ids"]),
    ]
    outputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["b", 1, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["b", 1]),
        helper.make_tensor_value_info("class_ids", TensorProto.INT64, ["b", 1]),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["b", 3, 64, 96])
    initialisers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "constant", [images], outputs, initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    manifest = ArtifactManifest(
        kind="onnx",
        model_sha256=sha256_of_file(folder / "model.onnx"),
        classes=("mug",),
        input=InputSignature(size_hw=(64, 96)),
        decode=DecodeSpec(score_threshold=0.05),
        parity=Parity(num_frames=1, num_candidates=1, max_box_px=0, max_score=0),
        fingerprints=Fingerprints(recipe="0" * 16, weights="0" * 64),
        made_with={"onnx": onnx.__version__},
    )
    write_manifest(folder, manifest)


def make_coco(folder: Path, dataset: Dataset) -> None:
    """Writes a foreign data set by hand."""
    folder.mkdir()
    (folder / "images").symlink_to(dataset.root)
    samples = list(dataset.samples())
    x1, y1, x2, y2 = SQUARE
    coco = {
        "images": [{"id": i, "file_name": s.image, "height": 64, "width": 96} for i, s in enumerate(samples)],
        "categories": [{"id": 1, "name": "mug"}],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1, "bbox": [x1, y1, x2 - x1, y2 - y1], "area": 900, "iscrowd": 0}
            for i in range(len(samples))
        ],
    }
    (folder / "annotations.json").write_text(json.dumps(coco))


def test_images_are_seen_in_batches_and_results_keep_their_order(tmp_path: Path) -> None:
    finder = SquareFinder()
    done = detect(finder, make_dataset(tmp_path, "data", ("can", "mug"), 7), batch_size=3)
    assert finder.batches == [3, 3, 1]
    assert [sample.frame for sample in done.samples] == list(range(7))
    for sample, found in zip(done.samples, done.detections, strict=True):
        assert found.class_ids.tolist() == [sample.objects[0].class_id]  # renumbered to the detector's ids
        assert SquareFinder.classes[sample.objects[0].class_id] == ("can", "mug")[sample.frame % 2]


def test_classes_of_one_side_are_left_out_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    dataset = make_dataset(tmp_path, "data", ("mug", "box"), 6)
    green = np.zeros((64, 96, 3), np.uint8)
    green[20:50, 10:40] = COLORS["can"]
    write_image(dataset.root / "1.png", green)  # a can, which the data set does not label
    done = detect(SquareFinder(), dataset)
    assert (done.match.shared, done.match.unknown, done.match.unlabelled) == (("mug",), ("box",), ("can",))
    assert [len(sample.objects) for sample in done.samples] == [1, 0, 1, 0, 1, 0]
    assert [len(found.scores) for found in done.detections] == [1, 0, 1, 0, 1, 0]
    assert "left out, for the detector does not know them: box" in caplog.text
    assert "not measured, for the data set does not have them: can" in caplog.text


def test_class_mismatches_list_both_sides() -> None:
    with pytest.raises(DataError, match=r"photos: class 'Mugs'; did you mean 'mug'\? .*: mug, can\. .*: Mugs, can\."):
        match_classes(("mug", "can"), ("Mugs", "can"), "photos")
    with pytest.raises(DataError, match=r"photos: no class in common; did you mean 'mug'\? .*: mug, can\. .*: muq\."):
        match_classes(("mug", "can"), ("muq",), "photos")
    assert match_classes(("mug_a", "mug_b"), ("mug_a", "mug_c"), "photos").unknown == ("mug_c",)


def test_two_data_sets_of_one_name_must_be_told_apart(tmp_path: Path) -> None:
    data = make_dataset(tmp_path, "data", ("mug", "can"), 2)
    with pytest.raises(CallError, match="two data sets are called 'data'"):
        evaluate(tmp_path, data=[data, data], out=tmp_path / "out")
    with pytest.raises(CallError, match="nothing to evaluate on"):
        evaluate(tmp_path, data=[], out=tmp_path / "out")
    with pytest.raises(ArtifactError, match="neither a run nor an exported artifact"):
        evaluate(tmp_path, data=[data, replace(data, name="other")], out=tmp_path / "out")


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"nothing: no such file or folder\. Give a run folder"):
        open_detector(tmp_path / "nothing")
    make_artifact(tmp_path / "artifact")
    with pytest.raises(CallError, match="--device cuda: an exported artifact runs on the cpu"):
        open_detector(tmp_path / "artifact", "cuda")
    assert open_detector(tmp_path / "artifact").classes == ("mug",)


def test_a_data_set_without_objects_still_gives_a_page(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path, "data", ("mug", "can"), 2)
    empty = replace(dataset, samples=lambda: (replace(s, objects=()) for s in dataset.samples()))
    result = evaluated([empty], tmp_path / "out")
    assert (result.ap, result.gaps) == (None, ())
    assert json.loads(result.json_path.read_text())["ap"] is None
    assert result.page_path.exists()


def test_spread() -> None:
    assert spread(list(range(10)), 4) == [0, 2, 5, 7]
    assert spread([1, 2], 5) == [1, 2]
    assert spread([], 5) == spread([1], 0) == []
