"""Places to run workers: one file each."""
