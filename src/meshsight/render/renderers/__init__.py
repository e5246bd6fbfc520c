"""The kinds of renderer: one file each, found by its name."""
