"""Every image has a name of its own, whatever the folders and the case of the letters."""

from hypothesis import given
from hypothesis import strategies as st

from meshsight.datasets.image_names import FlatNames, path_within

PATHS = st.lists(st.sampled_from(["a", "A", "b", "a_b", "ä"]), min_size=1, max_size=3).map(
    lambda p: "/".join(p) + ".png"
)


@given(st.lists(PATHS, unique=True, max_size=30))
def test_flat_names_never_meet(images: list[str]) -> None:
    names = FlatNames()
    stems = [names.stem(image) for image in images]
    assert len({stem.casefold() for stem in stems}) == len(images)
    assert not any("/" in stem for stem in stems)


def test_a_stem_grows_only_where_it_must() -> None:
    names = FlatNames()
    assert [names.stem(image) for image in ("x/1.png", "y/1.png", "2.jpg", "2.png")] == ["1", "y_1", "2", "2_2"]


def test_an_image_keeps_its_folders_within_the_new_one() -> None:
    assert path_within("images", "a/b c/1.png") == "images/a/b c/1.png"
    assert path_within("images", "images/a/1.png") == "images/a/1.png"
    assert path_within("images", "shard-000001.tar/7.jpg") == "images/shard-000001/7.jpg"
    assert path_within("images", "train/set.TAR/x/7.jpg") == "images/train/set/x/7.jpg"
