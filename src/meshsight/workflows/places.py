"""Where work runs, as the command line names it."""

from meshsight.execution.launching import parse_place

__all__ = ["parse_place"]
