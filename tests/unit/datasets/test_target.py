"""Images come into a folder unchanged, under names that stay within it."""

import os
import tarfile
from pathlib import Path

import pytest

from meshsight.core.errors import DataError, StorageError
from meshsight.datasets.target import ImageMode, Target

DATA = b"\x89PNG not really \x00\xff"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "from" / "a b.png"
    path.parent.mkdir()
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_the_bytes_are_the_same(source: Path, tmp_path: Path, mode: ImageMode) -> None:
    target = Target(tmp_path / "to", mode)
    for _ in range(2):
        target.place_image(source, "images/ß/a b.png")
    placed = tmp_path / "to" / "images" / "ß" / "a b.png"
    assert placed.read_bytes() == DATA
    assert placed.is_symlink() == (mode == "symlink")
    assert placed.samefile(source) == (mode != "copy")


def test_none_writes_no_image_but_still_checks_names(source: Path, tmp_path: Path) -> None:
    target = Target(tmp_path / "to", "none")
    target.place_image(source, "a.png")
    assert not (tmp_path / "to").exists()
    with pytest.raises(DataError, match=r"would both become 'a\.png'"):
        target.place_image(tmp_path / "other.png", "a.png")


def test_a_link_across_file_systems_is_a_copy(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    Target(tmp_path / "to", "hardlink").place_image(source, "a.png")
    assert (tmp_path / "to" / "a.png").read_bytes() == DATA


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_a_member_of_an_archive_is_copied(source: Path, tmp_path: Path, mode: ImageMode) -> None:
    with tarfile.open(tmp_path / "s.tar", "w") as archive:
        archive.add(source, "x/1.png")
    Target(tmp_path / "to", mode).place_image(tmp_path / "s.tar" / "x" / "1.png", "1.png")
    assert (tmp_path / "to" / "1.png").read_bytes() == DATA
    with pytest.raises(DataError, match=r"2\.png: no such image file"):
        Target(tmp_path / "to", mode).place_image(tmp_path / "s.tar" / "x" / "2.png", "2.png")


@pytest.mark.parametrize("name", ["../a.png", "x/../../a.png", "/a.png"])
def test_a_name_that_leads_out_is_refused(source: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="leads out of the data set's folder"):
        Target(tmp_path / "to").place_image(source, name)
    assert not (tmp_path / "a.png").exists()


def test_two_images_with_one_name_are_refused(source: Path, tmp_path: Path) -> None:
    target = Target(tmp_path / "to")
    target.place_image(source, "a.png")
    other = source.with_name("other.png")
    other.write_bytes(b"other")
    with pytest.raises(DataError, match="rename one of them"):
        target.place_image(other, "a.png")


def test_a_full_disk_is_one_line(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(StorageError, match=r"a\.png: cannot be written: No space left on device"):
        Target(tmp_path / "to").place_image(source, "a.png")
