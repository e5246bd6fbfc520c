import pytest

from meshsight.core.errors import AssetError, SpecError
from meshsight.specs.scene import classes_of, imports_of, with_bundle
from meshsight.synthesis.folders import expand_folders


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_folders_become_their_files_in_order(tmp_path, make_spec):
    touch(tmp_path, "mugs/b.glb", "mugs/a.obj", "mugs/notes.txt", "mugs/old/c.stl", "junk/x.ply", "photos/2.jpg")
    touch(tmp_path, "photos/1.png", "skies/day.hdr", "skies/day.jpg", "cloth/red.png")
    files = {"kind": "files", "files": ["cloth", "more.png"]}
    spec = make_spec(
        objects=[
            {"name": "mug", "mesh": "mugs", "weight": 6, "load": {"unit": "cm"}},
            {"name": "cube", "mesh": "cube"},
        ],
        distractors={"meshes": ["junk", "builtin:cube"], "materials": {"textures": files}},
        environment={"source": {"kind": "files", "files": ["skies"]}},
        backgrounds=[{"kind": "plain"}, {"kind": "files", "files": ["photos"]}],
        placement={"kind": "ground", "surface": {"textures": files}},
    )
    expanded = expand_folders(spec, tmp_path)
    assert [entry.mesh for entry in expanded.objects] == ["mugs/a.obj", "mugs/b.glb", "mugs/old/c.stl", "cube"]
    assert [entry.weight for entry in expanded.objects] == [2, 2, 2, 1]
    assert {entry.load.unit for entry in expanded.objects[:3]} == {"cm"}
    assert classes_of(expanded) == classes_of(spec)
    assert expanded.distractors.meshes == ("junk/x.ply", "builtin:cube")
    plain = expanded.model_dump()
    assert plain["environment"]["source"]["files"] == ("skies/day.hdr",)
    assert plain["backgrounds"][1]["files"] == ("photos/1.png", "photos/2.jpg")
    assert plain["placement"]["surface"]["textures"]["files"] == ("cloth/red.png", "more.png")
    assert plain["distractors"]["materials"]["textures"]["files"] == ("cloth/red.png", "more.png")
    assert expand_folders(expanded, tmp_path) == expanded


def test_folders_in_occluders_objects_and_bundles_become_their_files(tmp_path, make_spec):
    touch(tmp_path, "junk/x.ply", "skies/day.hdr", "cloth/red.png")
    cloth = {"kind": "files", "files": ["cloth"]}
    spec = make_spec(
        objects=[{"name": "cube", "mesh": "cube", "materials": {"textures": cloth, "glow_textures": cloth}}],
        occluders={"meshes": ["junk"]},
        room={"walls": {"textures": cloth}},
        bundles=[
            {
                "name": "day",
                "settings": {
                    "environment.source": {"kind": "files", "files": ["skies"]},
                    "distractors.meshes": ["junk"],
                    "room.floor.textures": cloth,
                },
            }
        ],
    )
    expanded = expand_folders(spec, tmp_path)
    assert expanded.occluders.meshes == ("junk/x.ply",)
    assert expanded.objects[0].materials.textures.files == ("cloth/red.png",)
    assert expanded.objects[0].materials.glow_textures.files == ("cloth/red.png",)
    assert expanded.room.walls.textures.files == ("cloth/red.png",)
    assert with_bundle(expanded, 0).environment.source.files == ("skies/day.hdr",)
    assert with_bundle(expanded, 0).distractors.meshes == ("junk/x.ply",)
    assert with_bundle(expanded, 0).room.floor.textures.files == ("cloth/red.png",)
    assert set(imports_of(expanded)) >= {"junk/x.ply", "cube"}
    assert expand_folders(expanded, tmp_path) == expanded


def test_a_recipe_without_folders_stays_as_it_is(tmp_path, make_spec):
    assert expand_folders(make_spec(), tmp_path) == make_spec()


def test_an_empty_folder_is_an_error(tmp_path, make_spec):
    (tmp_path / "mugs").mkdir()
    with pytest.raises(AssetError, match="mugs: no mesh files in it or below"):
        expand_folders(make_spec(objects=[{"name": "mug", "mesh": "mugs"}]), tmp_path)


def test_a_mesh_named_beside_its_folder_is_an_error(tmp_path, make_spec):
    touch(tmp_path, "mugs/a.obj")
    twice = [{"name": "mug", "mesh": "mugs"}, {"name": "mug", "mesh": "mugs/a.obj"}]
    with pytest.raises(
        SpecError, match=r"recipe with the folders of .*entries 0 and 1 are the same mesh 'mugs/a\.obj'"
    ):
        expand_folders(make_spec(objects=twice), tmp_path)
