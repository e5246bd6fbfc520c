"""Data sets from an address: downloaded once, gone on with, checked, unpacked safely; never unasked."""

import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from meshsight.cli.main import program
from meshsight.core.errors import CallError, DataError, StorageError
from meshsight.core.images import encode_png
from meshsight.datasets.fetching.unpacking import unpack
from meshsight.datasets.opening import open_dataset, parse_source
from meshsight.workflows.fetch import fetch
from meshsight.workflows.sources import open_source

from .web_server import Site, served

SIZE = 3_000_000


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MESHSIGHT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "data"


@pytest.fixture
def site() -> Iterator[Site]:
    noise = np.random.default_rng(0).integers(0, 256, SIZE, dtype=np.uint8).tobytes()
    with served(Site(files={"/noise.bin": noise, "/set.zip": coco_zip()})) as one:
        yield one


def coco_zip(folder: str = "") -> bytes:
    """A COCO set of two images; `folder` puts it one folder further in."""
    picture = encode_png(np.zeros((8, 8, 3), np.uint8))
    images = [{"id": i, "file_name": f"{i}.png", "width": 8, "height": 8} for i in range(2)]
    boxes = [{"id": i + 1, "image_id": i, "category_id": 1, "bbox": [1, 1, 4, 4], "area": 16} for i in range(2)]
    coco = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "ball"}]}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{folder}coco.json", json.dumps(coco))
        for image in images:
            archive.writestr(f"{folder}{image['file_name']}", picture)
    return made.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def quick(url: str, **options: str) -> object:
    return fetch(url, progress=False, wait_s=0.01, **options)


def test_a_set_is_fetched_once_and_opened_by_address_and_name(site: Site, cache: Path) -> None:
    url = f"{site.url}/set.zip"
    with pytest.raises(DataError, match=r"not fetched, and nothing is fetched unasked.*meshsight fetch http"):
        open_dataset(url)
    assert site.asked == []
    first, second = fetch(url, progress=False), fetch(f"{url}#train", progress=False)
    assert (first.received, second.received) == (len(site.files["/set.zip"]), 0)
    assert first.sha256 == sha256(site.files["/set.zip"]) and first.source == "fetched:set"
    assert len(site.asked) == 1
    for source in (url, "fetched:set", f"mine={url}", "mine=fetched:set"):
        assert open_source(source).num_samples == 2
    assert open_source(f"mine={url}").name == "mine"
    assert sorted(path.name for path in cache.iterdir()) == ["set", "set.json", "set.lock"]
    with pytest.raises(DataError, match=r"no data set was fetched by that name; there are: set"):
        open_dataset("fetched:other")


def test_a_split_of_a_fetched_set_is_named_as_any_other(site: Site) -> None:
    site.files["/two.zip"] = coco_zip("set/")
    result = fetch(f"{site.url}/two.zip", progress=False)
    assert result.path.name == "set"  # the one folder in the archive
    assert parse_source("fetched:two#train") == (result.path, "train")
    assert parse_source(f"{site.url}/two.zip#val") == (result.path, "val")


def test_a_cut_connection_is_gone_on_with(site: Site, cache: Path) -> None:
    site.cuts = [1_000_000, 500_000]
    result = fetch(f"{site.url}/noise.bin", progress=False, wait_s=0.01)
    assert result.sha256 == sha256(site.files["/noise.bin"]) and result.received == SIZE
    assert [header for _, header in site.asked] == [None, "bytes=1000000-", "bytes=1500000-"]
    assert (cache / "noise.bin" / "noise.bin").read_bytes() == site.files["/noise.bin"]


def test_a_later_call_goes_on_where_the_last_one_gave_up(site: Site, cache: Path) -> None:
    site.cuts = [100_000] * 6
    with pytest.raises(DataError, match=r"breaks again and again.*600,000 bytes are kept. Run it again"):
        quick(f"{site.url}/noise.bin")
    assert (cache / "noise.bin.part").stat().st_size == 600_000
    result = fetch(f"{site.url}/noise.bin", progress=False)
    assert result.received == SIZE - 600_000 and result.sha256 == sha256(site.files["/noise.bin"])


def test_a_file_that_changed_meanwhile_is_fetched_anew(site: Site) -> None:
    site.cuts = [1_000_000] + [0] * 5
    with pytest.raises(DataError):
        quick(f"{site.url}/noise.bin")
    site.files["/noise.bin"], site.tag = site.files["/noise.bin"][::-1], '"two"'
    result = fetch(f"{site.url}/noise.bin", progress=False)
    assert result.sha256 == sha256(site.files["/noise.bin"])


@pytest.mark.parametrize(("has_ranges", "tag"), [(False, '"one"'), (True, ""), (True, 'W/"weak"')])
def test_a_server_that_cannot_go_on_is_asked_for_all(site: Site, has_ranges: bool, tag: str) -> None:
    site.has_ranges, site.tag, site.cuts = has_ranges, tag, [1_000_000]
    result = fetch(f"{site.url}/noise.bin", progress=False, wait_s=0.01)
    assert result.sha256 == sha256(site.files["/noise.bin"])


def test_a_server_that_stumbles_is_asked_again(site: Site) -> None:
    site.errors = [503, 500]
    assert fetch(f"{site.url}/set.zip", progress=False, wait_s=0.01).received


def test_a_wrong_checksum_keeps_nothing(site: Site, cache: Path) -> None:
    with pytest.raises(DataError, match=r"its checksum is [0-9a-f]{64}, not 0{64} as asked for; nothing was kept"):
        quick(f"{site.url}/set.zip", sha256="0" * 64)
    assert [path.name for path in cache.iterdir()] == ["set.lock"]
    right = sha256(site.files["/set.zip"])
    assert fetch(f"{site.url}/set.zip", progress=False, sha256=right.upper()).sha256 == right
    with pytest.raises(DataError, match="the file that was fetched as 'set' has the checksum"):
        quick(f"{site.url}/set.zip", sha256="0" * 64)


def test_the_checksum_of_the_first_use_holds_when_the_set_is_fetched_again(site: Site, cache: Path) -> None:
    quick(f"{site.url}/set.zip")
    shutil.rmtree(cache / "set")
    with pytest.raises(DataError, match=r"not fetched, and nothing is fetched unasked"):
        open_dataset("fetched:set")
    old, site.files["/set.zip"] = site.files["/set.zip"], coco_zip("other/")
    with pytest.raises(DataError, match="as recorded when it was first fetched; nothing was kept"):
        quick(f"{site.url}/set.zip")
    site.files["/set.zip"] = old
    assert fetch(f"{site.url}/set.zip", progress=False).received


def test_what_is_not_there_is_said_in_one_line(site: Site) -> None:
    with pytest.raises(DataError, match=r"/none.zip: the server says 404 Not Found. Check the address"):
        quick(f"{site.url}/none.zip")
    assert len(site.asked) == 1
    with pytest.raises(DataError, match=r"cannot reach 127\.0\.0\.1"):
        quick("http://127.0.0.1:9/x.zip")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "expected http"),
        ("ftp://a.org/x.zip", "expected http"),
        ("x.zip", "expected http"),
        ("https://me:secret@a.org/x.zip", "leave them out"),
    ],
)
def test_only_plain_web_addresses_are_fetched(url: str, words: str) -> None:
    with pytest.raises(CallError, match=words) as caught:
        quick(url)
    assert "secret" not in str(caught.value)


def test_a_name_is_one_sets_alone(site: Site) -> None:
    quick(f"{site.url}/set.zip")
    site.files["/other/set.zip"] = coco_zip("a/")
    with pytest.raises(CallError, match=r"set: is the name of http.*--name NAME"):
        quick(f"{site.url}/other/set.zip")
    assert fetch(f"{site.url}/other/set.zip", name="second", progress=False).source == "fetched:second"
    with pytest.raises(CallError, match="expected letters, digits"):
        quick(f"{site.url}/set.zip", name="../up")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_and_nothing_is_half_there(site: Site, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / "noise.bin.part").symlink_to("/dev/full")  # every write there fails as on a full disk
    with pytest.raises(StorageError, match=r"No space left on device. What arrived is kept"):
        quick(f"{site.url}/noise.bin")
    (cache / "noise.bin.part").unlink()
    assert not (cache / "noise.bin").exists()
    assert fetch(f"{site.url}/noise.bin", progress=False).sha256 == sha256(site.files["/noise.bin"])


def test_a_download_larger_than_the_disk_is_not_begun(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs

    def tiny(path: str | Path) -> os.statvfs_result:
        found = list(real(path))
        found[4] = 1  # f_bavail
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", tiny)
    with pytest.raises(StorageError, match="0 MB free, 2 MB to fetch"):
        quick(f"{site.url}/noise.bin")


def test_two_processes_at_once_fetch_it_once(site: Site, cache: Path) -> None:
    site.holds = True
    command = [sys.executable, "-m", "meshsight.cli", "fetch", f"{site.url}/set.zip", "--json", "-q"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert site.begun.wait(30)
    site.go.set()
    said = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(answer["received"] for answer in said) == [0, len(site.files["/set.zip"])]
    assert len(site.asked) == 1 and open_dataset("fetched:set").num_samples == 2


def test_a_killed_download_is_gone_on_with(site: Site, cache: Path) -> None:
    site.holds = True  # all but the last byte arrives
    command = [sys.executable, "-m", "meshsight.cli", "fetch", f"{site.url}/noise.bin", "-q"]
    process = subprocess.Popen(command)
    part = cache / "noise.bin.part"
    for _ in range(600):
        if part.exists() and part.stat().st_size > SIZE // 2:
            break
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()
    kept = part.stat().st_size
    site.go.set()
    site.holds = False
    result = fetch(f"{site.url}/noise.bin", progress=False)
    assert 0 < result.received == SIZE - kept < SIZE // 2
    assert result.sha256 == sha256(site.files["/noise.bin"])


def test_the_verb_says_the_size_first(site: Site) -> None:
    done = CliRunner().invoke(program, ["fetch", f"{site.url}/noise.bin", "--name", "n"])
    assert done.exit_code == 0, done.output
    assert done.stderr.splitlines()[0].endswith("/noise.bin: 3.0 MB")
    assert done.stdout.startswith("fetched:n: 3.0 MB fetched, sha256 ")
    wrong = CliRunner().invoke(program, ["fetch", f"{site.url}/gone.bin"])
    assert wrong.exit_code == 1 and "404" in wrong.stderr


# --- archives of strangers


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info, b""


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tars_are_unpacked_and_links_within_become_copies(tmp_path: Path, mode: str) -> None:
    members = [
        (tarfile.TarInfo("a/x.txt"), b"hello"),
        link("a/y.txt", "x.txt"),
        link("b.txt", "a/x.txt", tarfile.LNKTYPE),
    ]
    unpack(tar_of(tmp_path / "t", *members, mode=mode), "t", tmp_path / "out")
    for name in ("a/x.txt", "a/y.txt", "b.txt"):
        assert (tmp_path / "out" / name).read_bytes() == b"hello" and not (tmp_path / "out" / name).is_symlink()


def named_zip(path: Path, name: str, mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename, info.external_attr = name, mode << 16
        archive.writestr(info, b"/etc/passwd")
    return path


@pytest.mark.parametrize("name", ["../up", "a/../../up", "/abs", "C:\\up", "..\\up", "\\\\host\\x"])
def test_entries_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    for archive in (named_zip(tmp_path / "a.zip", name), tar_of(tmp_path / "a.tar.gz", (tarfile.TarInfo(name), b"x"))):
        with pytest.raises(DataError, match=r"would land outside its folder; nothing was kept"):
            unpack(archive, "a", tmp_path / "out" / "inner")
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_links_out_and_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'x' is a link"):
        unpack(named_zip(tmp_path / "l.zip", "x", stat.S_IFLNK | 0o777), "l", tmp_path / "out")
    for index, member in enumerate(
        [link("x", "/etc/passwd"), link("x", "../up"), link("x", "x"), link("x", "/etc/passwd", tarfile.LNKTYPE)]
    ):
        with pytest.raises(DataError, match="'x' is a link out of the archive"):
            unpack(tar_of(tmp_path / f"{index}.tar", member), "t", tmp_path / "out")
    device = link("x", "", tarfile.CHRTYPE)
    with pytest.raises(DataError, match="'x' is a device or pipe"):
        unpack(tar_of(tmp_path / "d.tar", device), "t", tmp_path / "out")
    through = [link("a", "/tmp"), (tarfile.TarInfo("a/owned"), b"x")]
    with pytest.raises(DataError, match="'a' is a link out"):
        unpack(tar_of(tmp_path / "t.tar", *through), "t", tmp_path / "out")


def test_a_bad_archive_leaves_nothing_behind(site: Site, cache: Path) -> None:
    site.files["/bad.zip"] = site.files["/set.zip"][:-200] + bytes(100) + site.files["/set.zip"][-100:]
    site.files["/evil.tar"] = tar_of(cache.parent.parent / "evil.tar", (tarfile.TarInfo("../up"), b"x")).read_bytes()
    for name in ("bad.zip", "evil.tar"):
        with pytest.raises(DataError, match=f"/{name}: "):
            quick(f"{site.url}/{name}")
    assert sorted(path.name for path in cache.iterdir()) == ["bad.lock", "evil.lock"]


def test_an_archive_larger_than_the_disk_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = named_zip(tmp_path / "a.zip", "x")
    monkeypatch.setattr("meshsight.datasets.fetching.unpacking.shutil.disk_usage", lambda _: _Usage(free=5))
    with pytest.raises(StorageError, match=r"0 MB free, a\.zip unpacks to 0 MB"):
        unpack(archive, "a", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


class _Usage:
    def __init__(self, free: int) -> None:
        self.free = free
