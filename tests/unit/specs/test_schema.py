import json
from pathlib import Path

import pytest

from meshsight.specs.schema import RECIPES, make_schema

SCHEMAS = Path(__file__).parents[3] / "docs" / "schema"


@pytest.mark.parametrize("name", RECIPES)
def test_the_committed_schema_is_current(name):
    committed = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    remedy = f"write_schemas(Path('{SCHEMAS.parent.name}/{SCHEMAS.name}')) of meshsight.specs.schema"
    assert committed == make_schema(name), f"docs/schema/{name}.json is out of date: {remedy}"
