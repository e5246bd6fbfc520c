"""What every export format keeps: a light file with a Spec and a file name, and a backend that runs it."""

import re

import pytest

from meshsight.exporting.kinds import EXPORTER_KINDS
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
