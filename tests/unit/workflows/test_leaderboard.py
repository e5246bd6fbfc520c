"""Detectors side by side: sorted, with paired intervals that tell a difference from noise, in every form."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from meshsight.cli.main import program
from meshsight.core.errors import CallError, DataError
from meshsight.core.images import write_image
from meshsight.evaluation.evaluate import match_detections
from meshsight.evaluation.paired import measure_difference
from meshsight.records.artifact import read_manifest, write_manifest
from meshsight.records.dataset import Dataset
from meshsight.records.detections import Detections
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.specs.evaluation import EvaluationSpec
from meshsight.workflows.leaderboard import BoardOptions, leaderboard
from meshsight.workflows.leaderboard_files import COLUMNS, explain, to_csv, to_markdown, write_board

BALL, CUBE = (0.0, 0.0, 32.0, 32.0), (48.0, 32.0, 96.0, 64.0)
QUICK = BoardOptions(has_latency=False, spec=EvaluationSpec(num_bootstrap=100))

Variant = Callable[..., Path]


@pytest.fixture
def photos(tmp_path: Path) -> Dataset:
    """White images with a ball and a cube where the artifact looks for them."""
    samples: list[Sample] = []
    for i in range(12):
        write_image(tmp_path / "photos" / f"{i}.png", np.full((64, 96, 3), 255, np.uint8))
        objects = (ObjectLabel(class_id=0, box=BALL), ObjectLabel(class_id=1, box=CUBE))
        samples.append(Sample(image=f"{i}.png", size_hw=(64, 96), objects=objects, frame=i, group=str(i)))
    return Dataset(
        root=tmp_path / "photos",
        classes=("ball", "cube"),
        num_samples=len(samples),
        samples=lambda: iter(samples),
        name="photos",
        fingerprint=None,
    )


@pytest.fixture
def variant(artifact: Path) -> Variant:
    """Copies of the artifact with another manifest."""

    def make(name: str, **changes: object) -> Path:
        folder = artifact.parent / name
        shutil.copytree(artifact, folder)
        write_manifest(folder, read_manifest(folder).evolve(**changes))
        return folder

    return make


def test_the_best_comes_first_and_a_real_difference_is_told(artifact: Path, variant: Variant, photos: Dataset) -> None:
    shy = variant("shy", decode={"score_threshold": 0.6})  # the cube's score is 0.5
    same = variant("same")
    board = leaderboard([shy, artifact, same], photos, QUICK)
    assert [entry.name for entry in board.entries] == ["artifact", "same", "shy"]
    best, equal, worse = board.entries
    assert best.ap50 == equal.ap50 == pytest.approx(1.0)
    assert worse.ap50 == pytest.approx(0.5)
    assert (best.is_tied, equal.is_tied, worse.is_tied) == (True, True, False)
    assert worse.behind is not None
    assert worse.behind.ap50 == pytest.approx(0.5)
    assert worse.behind.ap50_interval is not None
    assert worse.behind.ap50_interval.low == pytest.approx(0.5)  # every image says the same
    assert "Inside the noise of the best: same." in explain(board)


def test_order_of_classes_does_not_matter_but_classes_do(artifact: Path, variant: Variant, photos: Dataset) -> None:
    swapped = variant("swapped", classes=("cube", "ball"))
    board = leaderboard([artifact, swapped], photos, QUICK)
    assert [entry.ap50 for entry in board.entries] == [pytest.approx(1.0), pytest.approx(0.0)]
    other = variant("other", classes=("ball", "cone"))
    with pytest.raises(DataError, match=r"know different classes \(cone, cube\)"):
        leaderboard([artifact, other], photos, QUICK)


def test_pairing_is_sharper_than_two_intervals() -> None:
    """Two detectors that fail on the same hard images, one of them on one more."""
    rng = np.random.default_rng(0)
    samples, ours, theirs = [], [], []
    for i in range(60):
        label = ObjectLabel(class_id=0, box=BALL)
        samples.append(Sample(image=f"{i}.png", size_hw=(64, 96), objects=(label,), frame=i, group=str(i)))
        is_found = rng.random() < 0.5
        found = Detections(
            boxes=np.array([BALL], np.float32), scores=np.array([0.9], np.float32), class_ids=np.array([0], np.int64)
        )
        none = replace(found, boxes=found.boxes[:0], scores=found.scores[:0], class_ids=found.class_ids[:0])
        ours.append(found if is_found else none)
        theirs.append(found if is_found and i % 10 else none)
    spec = EvaluationSpec(num_bootstrap=300)
    matches = [match_detections(samples, found, ("ball",), spec) for found in (ours, theirs)]
    paired = measure_difference(*matches, spec, "photos").ap50_interval
    first, second = (
        measure_difference(m, match_detections(samples, [none] * 60, ("ball",), spec), spec, "photos") for m in matches
    )
    assert paired is not None and first.ap50_interval is not None and second.ap50_interval is not None
    assert paired.high - paired.low < 0.6 * (first.ap50_interval.high - first.ap50_interval.low)


def test_every_form_holds_every_entry(artifact: Path, variant: Variant, photos: Dataset, tmp_path: Path) -> None:
    board = leaderboard([artifact, variant("shy", decode={"score_threshold": 0.6})], photos, QUICK)
    rows = list(csv.DictReader(to_csv(board).splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert [row["name"] for row in rows] == ["artifact", "shy"]
    assert float(rows[1]["AP50"]) == pytest.approx(0.5)
    assert to_markdown(board).splitlines()[3].startswith("| 2 | shy |")
    write_board(board, tmp_path / "board.html")
    page = (tmp_path / "board.html").read_text()
    assert "shy" in page and "<svg" in page
    with pytest.raises(CallError, match=r"ends in \.html, \.csv, \.md"):
        write_board(board, tmp_path / "board.pdf")


def test_the_command_measures_latency(artifact: Path, variant: Variant, tmp_path: Path) -> None:
    variant("same")
    targets = [str(artifact), str(artifact.parent / "same")]
    result = CliRunner().invoke(program, ["leaderboard", *targets, "--json", "--out", str(tmp_path / "board.csv")])
    assert result.exit_code == 0, result.output
    board = json.loads(result.stdout)
    assert [entry["latency_ms"] > 0 for entry in board["entries"]] == [True, True]
    assert board["entries"][0]["ap"] is None  # an artifact says nothing of its own validation
    assert (tmp_path / "board.csv").exists()


def test_a_target_named_twice_is_a_mistake(artifact: Path) -> None:
    with pytest.raises(CallError, match="named twice"):
        leaderboard([artifact, artifact.parent / "." / "artifact"], None, QUICK)
