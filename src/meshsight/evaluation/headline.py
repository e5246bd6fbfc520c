"""COCO's twelve figures, computed by hotcoco in memory; a test holds them equal to pycocotools."""

from typing import Any

import hotcoco
import numpy as np

from meshsight.evaluation.flatten import FlatDetections, FlatTruth
from meshsight.records.report import HeadlineMetrics


def compute_headline(
    classes: tuple[str, ...], num_images: int, truth: FlatTruth, found: FlatDetections
) -> HeadlineMetrics:
    """Computes COCO's figures; ignored truth is given as crowd regions, and an undefined figure is None."""
    ground_truth = hotcoco.COCO(_coco_truth(classes, num_images, truth))
    evaluation = hotcoco.COCOeval(ground_truth, ground_truth.load_res(_coco_results(found)), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summary_lines()  # computes the figures; summarize() would print them
    values = [None if value < 0 else float(value) for value in evaluation.stats]
    ap, ap50, ap75, ap_small, ap_medium, ap_large, ar_1, ar_10, ar_100, ar_small, ar_medium, ar_large = values
    return HeadlineMetrics(
        ap=ap,
        ap50=ap50,
        ap75=ap75,
        ap_small=ap_small,
        ap_medium=ap_medium,
        ap_large=ap_large,
        ar_1=ar_1,
        ar_10=ar_10,
        ar_100=ar_100,
        ar_small=ar_small,
        ar_medium=ar_medium,
        ar_large=ar_large,
    )


def _coco_truth(classes: tuple[str, ...], num_images: int, truth: FlatTruth) -> dict[str, Any]:
    corners = truth.box.tolist()
    annotations = [
        {
            "id": row + 1,
            "image_id": int(truth.image[row]) + 1,
            "category_id": int(truth.class_id[row]) + 1,
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": float(truth.area[row]),
            "iscrowd": int(truth.is_ignored[row]),
        }
        for row, (x1, y1, x2, y2) in enumerate(corners)
    ]
    return {
        "images": [{"id": i + 1} for i in range(num_images)],
        "annotations": annotations,
        "categories": [{"id": i + 1, "name": name} for i, name in enumerate(classes)],
    }


def _coco_results(found: FlatDetections) -> np.ndarray:
    sides = found.box[:, 2:] - found.box[:, :2]
    columns = (found.image + 1, found.box[:, :2], sides, found.score, found.class_id + 1)
    return np.column_stack(columns).astype(np.float64)
