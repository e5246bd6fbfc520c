"""The examples run: a format of one's own, in-process and as an installed package."""

import csv
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from meshsight.datasets.format import WHOLE
from meshsight.datasets.opening import open_dataset
from meshsight.workflows.format_specs import format_spec, writer_of
from meshsight.workflows.writing import write_dataset

from ..contracts.labelled import CLASSES, labelled_folder

CUSTOM = Path(__file__).parents[2] / "examples" / "custom_format"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    drawn = labelled_folder(tmp_path / "drawn", seed=1)
    write_dataset({WHOLE: drawn}, tmp_path / "own", writer_of(format_spec("meshsight")))
    return tmp_path / "own"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with the example as pip would install it: its module, and its entry points."""
    project = tomllib.loads((CUSTOM / "pyproject.toml").read_text())
    site = tmp_path / "site"
    info = site / "meshsight_boxes_csv-0.1.0.dist-info"
    info.mkdir(parents=True)
    for module in project["tool"]["setuptools"]["py-modules"]:
        (site / f"{module}.py").symlink_to(CUSTOM / f"{module}.py")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: meshsight-boxes-csv\nVersion: 0.1.0\n")
    lines = [
        line
        for group, points in project["project"]["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return site


def run(path: Path, *arguments: str | Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(path), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def boxes_of(folder: Path) -> list[tuple[str, list[float]]]:
    rows = csv.reader((folder / "boxes.csv").read_text(encoding="utf-8").splitlines())
    assert next(rows) == ["image", "class", "x1", "y1", "x2", "y2"]
    return [(row[1], [float(side) for side in row[2:]]) for row in rows if row[1]]


def expected(own: Path) -> list[tuple[str, list[float]]]:
    objects = [label for sample in open_dataset(own).samples() for label in sample.objects if not label.is_ignored]
    return [(CLASSES[label.class_id], list(label.box)) for label in objects]


def assert_same(found: list[tuple[str, list[float]]], wanted: list[tuple[str, list[float]]], within: float) -> None:
    assert [name for name, _ in found] == [name for name, _ in wanted]
    assert np.allclose([box for _, box in found], [box for _, box in wanted], rtol=0, atol=within)


def test_a_format_in_one_file_is_written_without_installing_it(own: Path, tmp_path: Path) -> None:
    told = run(CUSTOM, CUSTOM / "write_a_data_set.py", own, tmp_path / "out")
    assert "4 images" in told and "'masks'" in told
    assert_same(boxes_of(tmp_path / "out"), expected(own), 0.005)


def test_an_installed_format_is_listed_written_recognised_and_read(own: Path, site: Path, tmp_path: Path) -> None:
    cli = ("-m", "meshsight.cli")
    listed = json.loads(run(site, *cli, "list", "formats", "--json"))["kinds"]
    (entry,) = [one for one in listed if one["kind"] == "boxes_csv"]
    assert entry["can"] == ["read", "write"] and entry["summary"].startswith("Boxes as CSV")
    to = ("--to", "boxes_csv", "--set", "decimals=1")
    told = json.loads(run(site, *cli, "convert", own, tmp_path / "out", *to, "--json"))
    assert told["written"]["dropped"]["masks"] == len(expected(own))
    assert_same(boxes_of(tmp_path / "out"), expected(own), 0.05)
    back = json.loads(run(site, *cli, "convert", tmp_path / "out", tmp_path / "back", "--to", "meshsight", "--json"))
    assert back["source_kind"] == "boxes_csv"
    again = open_dataset(tmp_path / "back")
    assert again.classes == CLASSES
    assert_same([(CLASSES[o.class_id], list(o.box)) for s in again.samples() for o in s.objects], expected(own), 0.05)
    assert len({sample.image for sample in again.samples()}) == 4  # the empty image too
