"""Families of patch networks; one kind a file."""
