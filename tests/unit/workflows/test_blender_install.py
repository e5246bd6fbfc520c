"""`blender install` against an index and a file server of this machine: what breaks is one line, and goes on."""

import hashlib
import os
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from meshsight.core.errors import ExecutionError, StorageError
from meshsight.execution.blender.places import COMPLETE, find_blender, installed_folder
from meshsight.workflows import blender_install
from meshsight.workflows.blender_install import install_blender
from meshsight.workflows.blender_wheel import fetch_wheel, find_wheel

from ..datasets.web_server import Site, served

VERSION = "5.0.1"
NAME = f"bpy-{VERSION}-py3-none-any.whl"
CUT = 1 << 19


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An index with a small bpy that only knows its version, and nothing else of this machine's settings of pip."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    with served(Site()) as site:
        site.files = {f"/files/{NAME}": wheel(tmp_path / NAME)}
        list_file(site, hashlib.sha256(site.files[f"/files/{NAME}"]).hexdigest())
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", f"{site.url}/simple")
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
        monkeypatch.setenv("MESHSIGHT_CACHE", str(tmp_path / "cache"))
        monkeypatch.delenv("MESHSIGHT_BLENDER", raising=False)
        yield site


def wheel(path: Path) -> bytes:
    about = f"bpy-{VERSION}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bpy/__init__.py", f"class app:\n    version_string = {VERSION!r}\n")
        archive.writestr("bpy/ballast", os.urandom(2 * CUT))
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: bpy\nVersion: {VERSION}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path.read_bytes()


def list_file(site: Site, sha256: str) -> None:
    line = f'<!DOCTYPE html><html><body><a href="/files/{NAME}#sha256={sha256}">{NAME}</a></body></html>'
    site.files["/simple/bpy/"] = line.encode()


def asked(site: Site) -> list[str | None]:
    return [part for path, part in site.asked if path.endswith(".whl")]


@pytest.mark.slow
def test_it_goes_on_where_it_was_broken_off(site, caplog):
    """The connection breaks again and again, so the first run gives up; the second fetches the rest alone."""
    site.cuts = [len(site.files["/simple/bpy/"]), CUT, *[0] * 5]
    with pytest.raises(
        ExecutionError, match=r"breaks again and again .*524,288 bytes are kept. Run it again"
    ) as caught:
        install_blender(VERSION, progress=False, wait_s=0.0)
    assert "\n" not in str(caught.value)
    assert not (installed_folder(VERSION) / COMPLETE).exists()
    site.asked.clear()
    done = install_blender(VERSION, progress=False, wait_s=0.0)
    assert (done.version, done.was_there) == (VERSION, False)
    assert asked(site) == [f"bytes={CUT}-"]
    assert find_blender(None) == done.python
    assert [path.name for path in installed_folder(VERSION).parent.iterdir()] == [installed_folder(VERSION).name]
    site.asked.clear()
    assert install_blender(VERSION, progress=False).was_there
    assert not site.asked


def test_a_short_break_is_made_good_at_once(site, tmp_path):
    found = find_wheel(Path(sys.executable), VERSION)
    assert found is not None
    site.cuts = [CUT, 100]
    path = fetch_wheel(found, tmp_path / "here", progress=False, wait_s=0.0)
    assert path.read_bytes() == site.files[f"/files/{NAME}"]
    assert asked(site) == [None, f"bytes={CUT}-", f"bytes={CUT + 100}-"]
    assert [entry.name for entry in path.parent.iterdir()] == [NAME]


def test_a_wrong_checksum_keeps_nothing(site, tmp_path):
    list_file(site, "0" * 64)
    found = find_wheel(Path(sys.executable), VERSION)
    assert found is not None and found.sha256 == "0" * 64
    with pytest.raises(ExecutionError, match=r"its checksum is .*, not 0000.* as the index says; nothing was kept"):
        fetch_wheel(found, tmp_path / "here", progress=False, wait_s=0.0)
    assert not list((tmp_path / "here").iterdir())


def test_without_a_network_pips_own_words_are_the_message(site, monkeypatch, tmp_path):
    """pip finds no index, so it is left to say so itself."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert find_wheel(Path(sys.executable), VERSION) is None
    folder = installed_folder(VERSION)
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)  # pip ends before it would install anything
    with pytest.raises(ExecutionError, match=rf"cannot install bpy {VERSION}: ERROR.*Run it again to go on") as caught:
        install_blender(VERSION, progress=False)
    assert "\n" not in str(caught.value)


def test_a_version_that_is_not_there_is_said(site):
    assert find_wheel(Path(sys.executable), "5.0.2") is None


def test_a_full_disk_is_said_before_anything_is_fetched(site, monkeypatch):
    monkeypatch.setattr(blender_install.shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 30))
    with pytest.raises(StorageError, match="1024 MB free, installing takes 1800 MB"):
        install_blender(VERSION, progress=False)
    assert not site.asked and not installed_folder(VERSION).exists()


def test_a_disk_that_fills_up_keeps_what_arrived(site, tmp_path, monkeypatch):
    found = find_wheel(Path(sys.executable), VERSION)
    assert found is not None
    usual = Path.open

    def full(self: Path, *arguments, **settings):
        if self.name.endswith(".part"):
            raise OSError(28, "No space left on device")
        return usual(self, *arguments, **settings)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        with pytest.raises(StorageError, match=r"No space left on device. What arrived is kept"):
            fetch_wheel(found, tmp_path / "here", progress=False, wait_s=0.0)
    assert fetch_wheel(found, tmp_path / "here", progress=False).exists()
