"""The formats a detector can be exported to; the runtime has a backend of the same name for each."""

from meshsight.core.kinds import Kinds

EXPORTER_KINDS = Kinds("meshsight.exporting.formats", "export format", extra="train")
"""Each builds with `build(spec, detector, path)`, which writes the graph of a TorchDetector."""

PATCH_EXPORTER_KINDS = Kinds("meshsight.exporting.patches.formats", "patch export format", extra="train")
"""Of patch networks. Each builds with `build(spec, model, patches, out)`, which writes files and says what they say."""
