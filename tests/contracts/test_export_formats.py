"""What every export format keeps: a light file with a Spec and a file name, and a backend that runs it."""

import re

import pytest

from meshsight.core.errors import MissingExtraError
from meshsight.exporting.kinds import EXPORTER_KINDS, PATCH_EXPORTER_KINDS
from meshsight.records.artifact import ArtifactManifest
from meshsight.runtime.kinds import BACKEND_KINDS


@pytest.mark.parametrize("kind", EXPORTER_KINDS.names)
def test_an_export_format(kind: str) -> None:
    module = EXPORTER_KINDS.module(kind)
    assert module.Spec().kind == kind
    assert callable(EXPORTER_KINDS.builder(kind))
    assert kind in BACKEND_KINDS.names
    assert callable(BACKEND_KINDS.builder(kind))
    pattern = ArtifactManifest.model_json_schema()["properties"]["model"]["pattern"]
    assert re.fullmatch(pattern.strip("^$"), module.FILE)


@pytest.mark.parametrize("kind", PATCH_EXPORTER_KINDS.names)
def test_an_export_format_of_patch_networks(kind: str) -> None:
    module = PATCH_EXPORTER_KINDS.module(kind)
    assert module.Spec().kind == kind and module.Spec.__doc__
    try:
        assert callable(PATCH_EXPORTER_KINDS.builder(kind))
    except MissingExtraError as error:
        assert f"meshsight[{getattr(module, 'EXTRA', 'train')}]" in str(error)
