"""The backends that can run an artifact; each has the name of the export format that it runs."""

from meshsight.core.kinds import Kinds

BACKEND_KINDS = Kinds("meshsight.runtime.backends", "runtime backend")
