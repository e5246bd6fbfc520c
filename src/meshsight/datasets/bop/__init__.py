"""What the two BOP formats share; the format itself is described in bop_toolkit's docs/bop_datasets_format.md."""
