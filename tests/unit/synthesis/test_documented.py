"""The examples of docs/randomisers.md are recipes, and can be drawn."""

import re
from pathlib import Path

import pytest
import yaml

from meshsight.assets.library import AssetLibrary
from meshsight.specs.base import parse_spec
from meshsight.specs.scene import SceneSpec, imports_of
from meshsight.synthesis.rejection import RejectedScene
from meshsight.synthesis.sampler import SceneSampler

PAGE = Path(__file__).parents[3] / "docs" / "randomisers.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=[text.split(":")[0].split()[0] for text in EXAMPLES])
def test_an_example_can_be_drawn(text):
    spec = parse_spec(
        SceneSpec, {"objects": [{"name": "mug", "mesh": "builtin:mug"}], "count": 1} | yaml.safe_load(text), "page"
    )
    sampler = SceneSampler(spec=spec, assets=AssetLibrary(Path(), imports_of(spec)))
    for attempt in range(60):
        try:
            assert sampler.draw(0, attempt).objects
            return
        except RejectedScene:
            continue
    pytest.fail("no attempt was good enough")


def test_there_are_examples():
    assert len(EXAMPLES) >= 10
