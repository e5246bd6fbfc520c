"""`meshsight assets check` as a whole: ten broken models in one call, the copies, the page, and the exit codes."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import trimesh
from click.testing import CliRunner, Result

from meshsight.assets.builtin.catalogue import make_builtin
from meshsight.assets.checks.glb import glb_bytes
from meshsight.cli.main import program
from meshsight.core.images import encode_png
from meshsight.records.mesh import bounds_of
from meshsight.workflows.assets_check import AS_IT_IS, check_assets, check_model
from meshsight.workflows.assets_turntable import NUM_VIEWS, PICTURE_HW, turn_around


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(program, ["assets", "check", *map(str, arguments)])


def write_builtin(folder: Path, name: str) -> Path:
    path = folder / f"{name}.glb"
    path.write_bytes(glb_bytes(make_builtin(name)))
    return path


def pebble() -> trimesh.Trimesh:
    """A lopsided ball that stands on z = 0: without symmetry, which would take longest to look for."""
    solid = trimesh.creation.icosphere(subdivisions=2, radius=0.1)
    solid.vertices *= 1 + 0.4 * solid.vertices[:, :1] / 0.1 + 0.2 * solid.vertices[:, 1:2] / 0.1
    solid.vertices *= [1.0, 1.0, 0.6]
    solid.vertices[:, 0] += 0.5 * solid.vertices[:, 2]
    solid.vertices -= [0, 0, solid.vertices[:, 2].min()]
    return solid


def ten_broken(folder: Path) -> dict[str, Path]:
    """Writes ten models as trimesh writes them, by the code of what is wrong with each."""
    solid = pebble()
    made: dict[str, Path] = {}

    def save(code: str, vertices: np.ndarray, faces: np.ndarray, suffix: str) -> None:
        made[code] = folder / f"{code}{suffix}"
        trimesh.Trimesh(vertices, faces, process=False).export(made[code])

    turned = solid.faces.copy()
    turned[3:9] = turned[3:9, ::-1]
    broken = solid.vertices.copy()
    broken[7] = np.nan
    save("unit_wrong", 1000 * solid.vertices @ [[1, 0, 0], [0, 0, -1], [0, 1, 0]], solid.faces, ".glb")
    save("origin_far", solid.vertices + np.array([5, 0, 0]), solid.faces, ".ply")
    save("inside_out", solid.vertices, solid.faces[:, ::-1], ".stl")
    save("inconsistent_winding", solid.vertices, turned, ".ply")
    save("open_edges", solid.vertices, solid.faces[4:], ".stl")
    save("degenerate_faces", solid.vertices, np.vstack([solid.faces, [[0, 0, 1]]]), ".obj")
    save("duplicate_faces", solid.vertices, np.vstack([solid.faces, solid.faces[:2]]), ".ply")
    save("non_finite_vertices", broken, solid.faces, ".ply")
    for code, line in (("texture_missing", "nowhere.png"), ("texture_misspelt", "PAINT.png")):
        made[code] = _textured(folder, code, line)
    return made


def _textured(folder: Path, name: str, texture: str) -> Path:
    rows = [f"v {x} {y} {z}\nvt {x} {z}" for x, y, z in pebble().vertices]
    faces = ["f " + " ".join(f"{corner + 1}/{corner + 1}" for corner in face) for face in pebble().faces]
    path = folder / f"{name}.obj"
    path.write_text("\n".join([f"mtllib {name}.mtl", *rows, "usemtl paint", *faces]) + "\n")
    path.with_suffix(".mtl").write_text(f"newmtl paint\nmap_Kd {texture}\n")
    pixels = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    (folder / "paint.png").write_bytes(encode_png(pixels))
    return path


def test_ten_broken_models_are_named_in_one_call(tmp_path: Path) -> None:
    made = ten_broken(tmp_path)
    assert len(made) == 10
    done = call(*made.values(), "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["is_good"] is False
    for (code, path), model in zip(made.items(), found["models"], strict=True):
        assert model["model"] == str(path)
        named = {finding["code"]: finding for finding in model["findings"]}
        assert code in named
        assert named[code]["text"]
        assert named[code]["remedy"]
        others = set(made) - {code}
        allowed = {"open_edges"} if code in ("non_finite_vertices",) else set()
        assert set(named) & others <= allowed


def test_the_copies_have_none_of_what_was_mended(tmp_path: Path) -> None:
    made = ten_broken(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    out = tmp_path / "mended"
    done = call(*made.values(), "--fix", out, "--origin", "base", "--unit", "auto", "--json")
    assert done.exit_code == 1  # the missing texture and the broken vertex stay
    mended = {Path(one["ref"]).stem: one for one in json.loads(done.stdout)["mended"]}
    for code in made:
        if code in ("texture_missing", "non_finite_vertices"):
            assert mended[code]["path"] is None
            assert "nothing to mend" not in mended[code]["reason"]
        else:
            left = {finding["code"] for finding in mended[code]["left"]}
            assert left <= {"open_edges"}
            assert mended[code]["done"]
    assert {path.name for path in out.iterdir()} == {f"{code}.glb" for code in made if mended[code]["path"]}
    assert {path: path.read_bytes() for path in before} == before


def test_built_in_objects_as_references_and_as_files_are_good(tmp_path: Path) -> None:
    files = [write_builtin(tmp_path, name) for name in ("mug", "wrench")]
    done = call("builtin:mug", "builtin:duck", *files)
    assert done.exit_code == 0
    assert "error" not in done.stdout


@pytest.mark.parametrize("suffix", [".glb", ".ply", ".stl"])
def test_a_truncated_file_is_one_clear_line(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"cut{suffix}"
    pebble().export(path)
    path.write_bytes(path.read_bytes()[:900])
    done = call(path, "builtin:mug")
    assert done.exit_code == 1
    (line,) = [line for line in done.stdout.splitlines() if "error" in line]
    assert line.startswith(f"  error    unreadable: {path}")
    assert "cut short" in line
    assert "builtin:mug: " in done.stdout


def test_wrong_calls(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    assert call().exit_code == 2
    assert call(tmp_path / "nothing.obj").exit_code == 2
    assert call("builtin:mug", "--max-faces", "3").exit_code == 2
    assert call("builtin:mug", "--fix", tmp_path / "there").exit_code == 2
    assert call("builtin:mug", "--unit", "parsec").exit_code == 2


def test_fewer_faces_on_request(tmp_path: Path) -> None:
    done = call("builtin:mug", "--fix", tmp_path / "out", "--max-faces", "500", "--json")
    (one,) = json.loads(done.stdout)["mended"]
    assert any(line.startswith("reduced 1,272 triangles to ") for line in one["done"])
    (checked,) = check_assets([one["path"]]).models
    assert checked.size is not None
    assert checked.mesh is not None
    assert 250 < checked.size.num_faces <= 500
    np.testing.assert_allclose(bounds_of(checked.mesh).size, bounds_of(make_builtin("mug")).size, rtol=0.05)


def test_copies_of_models_of_one_name_do_not_meet(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "model.stl" for folder in ("bolt", "nut")]
    for path in paths:
        path.parent.mkdir()
        pebble().export(path)
    mended = check_assets([str(path) for path in paths], fix=tmp_path / "out").mended
    assert mended is not None
    assert [one.path.name for one in mended if one.path] == ["bolt_model.glb", "nut_model.glb"]


def test_a_folder_stands_for_every_mesh_in_it(tmp_path: Path) -> None:
    for name in ("a.stl", "b.ply"):
        pebble().export(tmp_path / name)
    assert [Path(model.ref).name for model in check_assets([str(tmp_path)]).models] == ["a.stl", "b.ply"]


def test_symmetry_is_said_with_what_it_means() -> None:
    codes = {finding.code: finding.text for finding in check_model("builtin:cylinder", AS_IT_IS).findings}
    assert "angle about z in a pose label means nothing" in codes["continuous_symmetry"]
    codes = {finding.code: finding.text for finding in check_model("builtin:cube", AS_IT_IS).findings}
    assert "23 turns about x, y, z and 10 more axes" in codes["discrete_symmetry"]
    assert "23 others that are just as right" in codes["discrete_symmetry"]
    codes = {finding.code: finding.text for finding in check_model("builtin:bottle", AS_IT_IS).findings}
    assert "after a turn of 180\N{DEGREE SIGN} about z" in codes["discrete_symmetry"]
    assert "the shape alone has more: any turn about z" in codes["symmetric_but_for_colour"]


def test_the_page_shows_each_model_and_what_mends_it(tmp_path: Path) -> None:
    made = ten_broken(tmp_path)
    page = tmp_path / "report.html"
    done = call(made["unit_wrong"], made["inside_out"], "builtin:cylinder", "--html", page, "--fix", tmp_path / "out")
    assert done.stdout.splitlines()[-1] == f"report: {page}"
    text = page.read_text()
    assert text.count("<img src=") == 3 * NUM_VIEWS
    assert "<code>objects.0.load.unit=mm</code>" in text
    assert f"meshsight assets check {made['inside_out']} --fix mended" in text
    assert re.search(r'<li class="bad"><span class="tone">error</span><b>inside_out:', text)
    assert "http" not in re.sub(r"data:image/[^\"]*", "", text)


def test_the_turntable_turns_around_the_model() -> None:
    """A body of revolution about z looks the same from all sides but for the ground; a mug does not."""
    checked = check_model("builtin:mug", AS_IT_IS)
    assert checked.mesh is not None
    table = turn_around(checked.mesh, checked.symmetries)
    assert len(table.views) == NUM_VIEWS
    assert all(view.shape == (*PICTURE_HW, 3) for view in table.views)
    assert len({view.tobytes() for view in table.views}) == NUM_VIEWS
    assert (table.with_axes != table.views[0]).any()
    assert table.tile_m == 0.01
