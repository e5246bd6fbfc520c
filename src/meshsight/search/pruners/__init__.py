"""Which trials of a sweep end early: one file each."""
