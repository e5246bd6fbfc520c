"""The report card is one whole page with every section that the data can fill."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.camera import Camera
from meshsight.core.images import write_image
from meshsight.core.pose import invert_pose, look_at
from meshsight.datasets.inspection.findings import Case, Fault, Finding
from meshsight.datasets.measures.photographs import open_photographs
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample
from meshsight.workflows.comparison import compare_with_real
from meshsight.workflows.inspect_card import card_page, write_card

NUM = 14
LABELLED = ("At a glance", "What the doctor says", "Labelled samples", "Classes", "Boxes", "Pictures")


def make_dataset(folder: Path, is_posed: bool = True) -> Dataset:
    rng = np.random.default_rng(0)
    samples = []
    for frame in range(NUM):
        image = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
        write_image(folder / f"{frame}.png", image)
        eye = 2 * rng.normal(size=3)
        pose = Pose(
            T_cam_object=invert_pose(look_at(eye, np.zeros(3), 0.0)),
            scale=1.0,
            box_low_m=-0.1 * np.ones(3),
            box_high_m=0.1 * np.ones(3),
        )
        label = ObjectLabel(
            class_id=frame % 2,
            box=(5.0, 6.0, 20.0 + frame, 30.0),
            pixels=PixelCounts(full=100, inside=90, visible=40 + frame) if is_posed else None,
            pose=pose if is_posed else None,
        )
        camera = Camera(fx=80.0, fy=80.0, cx=32.0, cy=24.0, size_hw=(48, 64))
        samples.append(
            Sample(
                image=f"{frame}.png", size_hw=(48, 64), objects=(label,), frame=frame, group=str(frame), camera=camera
            )
        )
    return Dataset(
        root=folder,
        classes=("mug", "can"),
        num_samples=NUM,
        samples=lambda: iter(samples),
        name="kitchen",
        fingerprint=None,
    )


def headings(html: str) -> tuple[str, ...]:
    return tuple(re.findall(r"<h2>(.*?)</h2>", html))


def test_a_page_with_everything(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "data")
    fault = Fault(code="box_outside", severity="error", message="boxes <outside>", advice="Use `--fix`.")
    cases = tuple(Case(fault=fault, detail=f"x2 is {i}", image="3.png", object=i) for i in range(2))
    error = Finding(code=fault.code, severity="error", message=fault.message, advice=fault.advice, count=9, cases=cases)
    warning = replace(error, code="few", severity="warning", message="classes are nearly empty", count=1, cases=())
    comparison = compare_with_real({"": dataset}, open_photographs(tmp_path / "data"))
    html = tmp_path / "out" / "card.html"
    write_card(html, parts={"": dataset}, findings=(warning, error), comparison=comparison)
    text = html.read_text()
    assert headings(text) == (
        "At a glance",
        "What the doctor says",
        "Against real photographs",
        "Labelled samples",
        "Classes",
        "Boxes",
        "Visibility",
        "Viewpoints",
        "Pictures",
    )
    assert text.index("boxes &lt;outside&gt; (9)") < text.index("classes are nearly empty (1)")  # errors first
    assert "3.png, object 1: x2 is 1" in text and "and 7 more" in text
    assert text.count("data:image/webp;base64,") == 12
    assert f"{NUM} objects are seen from" in text
    assert "kitchen" in text
    for address in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert address.startswith(("data:", "#"))


def test_what_is_not_known_has_no_section(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path, is_posed=False)
    titles = tuple(section.title for section in card_page({"": dataset}, (), None).sections)
    assert titles == LABELLED


def test_splits_are_told_apart(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    html = tmp_path / "card.html"
    write_card(html, parts={"train": dataset, "val": dataset}, findings=(), comparison=None)
    text = html.read_text()
    assert '<td>train</td><td class="number">14</td>' in text
    assert "objects in val" in text
    assert f">{2 * NUM}<" in text  # both together, at a glance
    assert "Nothing is wrong" in text


def test_photographs_without_labels(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    html = tmp_path / "card.html"
    write_card(html, parts={"": open_photographs(tmp_path)}, findings=(), comparison=None)
    assert headings(html.read_text()) == ("At a glance", "What the doctor says", "Labelled samples", "Pictures")


def test_equal_data_give_equal_pages(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    pages = []
    for name in ("a.html", "b.html"):
        write_card(tmp_path / name, parts={"": dataset}, findings=(), comparison=None)
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]


def test_images_that_cannot_be_read_leave_the_rest(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path)
    for frame in range(0, NUM, 2):
        (tmp_path / f"{frame}.png").write_bytes(b"")
    html = tmp_path / "card.html"
    write_card(html, parts={"": dataset}, findings=(), comparison=None)
    text = html.read_text()
    assert "Measured on 7 of 14 images" in text
    assert 0 < text.count("data:image/webp;base64,") < 12


@pytest.mark.parametrize("count", [2, 41])
def test_many_classes_become_a_table(tmp_path: Path, count: int) -> None:
    dataset = replace(make_dataset(tmp_path), classes=tuple(f"class {i}" for i in range(count)))
    (section,) = [one for one in card_page({"": dataset}, (), None).sections if one.title == "Classes"]
    kinds = [block.kind for block in section.blocks]
    assert kinds == (["gallery", "table"] if count == 2 else ["table"])
