"""Whole detectors; one kind a file."""
