"""Reports as files: what is written is read."""

import json
from pathlib import Path

import pytest

from meshsight.core.errors import DataError
from meshsight.evaluation.evaluate import evaluate_detections
from meshsight.records.report import report_from_json, report_to_json, write_report
from meshsight.specs.evaluation import EvaluationSpec

from .fakes import random_data


def test_write_equals_read(tmp_path: Path) -> None:
    report = evaluate_detections(*random_data(2, num_images=15), ("a", "b", "c"), EvaluationSpec(num_bootstrap=50))
    assert report.worst_errors and report.slices and report.operating_point
    write_report(tmp_path / "report.json", report)
    data = json.loads((tmp_path / "report.json").read_text())
    assert report_from_json(data, "report.json") == report
    assert data["headline"]["ap50"] == report.headline.ap50


def test_a_foreign_file_is_refused() -> None:
    with pytest.raises(DataError, match="expected an evaluation of version 2, found None"):
        report_from_json([], "x.json")
    report = evaluate_detections(*random_data(2), ("a", "b", "c"), EvaluationSpec(num_bootstrap=0))
    data = report_to_json(report)
    with pytest.raises(DataError, match="version 2, found 7"):
        report_from_json({**data, "version": 7}, "x.json")
    with pytest.raises(DataError, match=r"x\.json: num_images: "):
        report_from_json({**data, "num_images": "many"}, "x.json")
